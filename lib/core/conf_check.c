/* Looks at a whole configuration, and tells all that is wrong at once. */
#include "lib/base/mem.h"
#include "lib/core/conf.h"

#include <stdlib.h>
#include <string.h>

struct check {
	const struct conf *conf;
	const struct dsl *dsl;
	cJSON *warnings;
	struct buf faults;
};

static void
add_fault(struct check *k, const char *fault)
{
	if (strstr(k->faults.ptr, fault))
		return;
	buf_addf(&k->faults, "%s%s", k->faults.len ? "; " : "", fault);
}

/* ---- a component, over its parties ---- */

/* What conf_parameters() says of a party: neither where it does not run. */
struct party_check {
	const struct conf_party *party;
	cJSON *params;
	struct buf fault;
	bool is_told;
};

/*
 * Parties share most parameters, so the same fault comes up again. One that
 * is not everybody's names whose it is.
 */
static void
tell_fault(struct check *k, struct party_check *all, size_t from)
{
	struct buf whose = BUF_INIT, fault = BUF_INIT;
	bool is_common = true;

	for (size_t p = 0; p < k->conf->n_parties; p++) {
		const struct conf_party *party = all[p].party;

		if (!all[p].params && !all[p].fault.len)
			continue;
		if (strcmp(all[p].fault.ptr, all[from].fault.ptr) != 0) {
			is_common = false;
			continue;
		}
		all[p].is_told = true;
		buf_addf(&whose, "%s%s %s", whose.len ? ", " : "", party->role,
		    party->party_id);
	}
	buf_adds(&fault, all[from].fault.ptr);
	if (!is_common)
		buf_addf(&fault, " (%s)", whose.ptr);
	add_fault(k, fault.ptr);
	buf_release(&fault);
	buf_release(&whose);
}

/* Beside the roles that run it: how many parties of each there are. */
static void
check_pair(struct check *k, const struct dsl_component *c)
{
	struct buf fault = BUF_INIT, ids = BUF_INIT;
	size_t n_guests = 0, n_hosts = 0;

	for (size_t p = 0; p < k->conf->n_parties; p++) {
		const struct conf_party *party = &k->conf->parties[p];

		n_guests += !strcmp(party->role, "guest");
		if (strcmp(party->role, "host") != 0)
			continue;
		buf_addf(&ids, "%s%s", n_hosts++ ? ", " : "", party->party_id);
	}
	if (n_guests != 1 || n_hosts != 1) {
		buf_addf(&fault,
		    "component '%s': %s needs one guest and one host, but "
		    "role has %zu guests and %zu hosts%s%s%s",
		    c->name, c->module->name, n_guests, n_hosts,
		    n_hosts ? " (" : "", ids.ptr, n_hosts ? ")" : "");
		add_fault(k, fault.ptr);
	}
	buf_release(&ids);
	buf_release(&fault);
}

static void
check_hosts(struct check *k, const struct dsl_component *c, const cJSON *params)
{
	struct buf complaint = BUF_INIT, fault = BUF_INIT;
	size_t n = 0;

	for (size_t p = 0; p < k->conf->n_parties; p++)
		n += !strcmp(k->conf->parties[p].role, "host");
	if (c->module->check_hosts)
		c->module->check_hosts(
		    json_get(params, c->module->param_class), n, &complaint);
	if (complaint.len) {
		buf_addf(&fault, "component '%s': %s", c->name, complaint.ptr);
		add_fault(k, fault.ptr);
	}
	buf_release(&complaint);
	buf_release(&fault);
}

static void
check_same(struct check *k, const struct dsl_component *c,
    const struct party_check *one, const struct party_check *other)
{
	const struct party_check *both[2] = {one, other};
	struct buf names[2] = {BUF_INIT, BUF_INIT}, fault = BUF_INIT;
	const cJSON *params[2];

	for (size_t i = 0; i < 2; i++) {
		buf_addf(&names[i], "%s %s", both[i]->party->role,
		    both[i]->party->party_id);
		params[i] = json_get(both[i]->params, c->module->param_class);
	}
	if (spec_check_same(c->module, c->name, params,
		(const char *const[2]){names[0].ptr, names[1].ptr}, &fault))
		add_fault(k, fault.ptr);
	for (size_t i = 0; i < 2; i++)
		buf_release(&names[i]);
	buf_release(&fault);
}

/* What legal parameters of several parties are together. */
static void
check_together(struct check *k, const struct dsl_component *c,
    const struct party_check *all)
{
	const struct party_check *first = NULL;

	for (size_t p = 0; p < k->conf->n_parties; p++) {
		if (!all[p].params)
			continue;
		check_hosts(k, c, all[p].params);
		if (first)
			check_same(k, c, first, &all[p]);
		else
			first = &all[p];
	}
}

/* What a training was checked and warned of, its predictions need not be. */
static void
check_component(struct check *k, size_t component)
{
	const struct dsl_component *c = &k->dsl->components[component];
	size_t n = k->conf->n_parties;
	bool is_training = !k->conf->train;
	struct party_check *all = xcalloc(n + 1, sizeof(*all));

	if (is_training && c->module->is_pair)
		check_pair(k, c);
	for (size_t p = 0; p < n; p++) {
		all[p].party = &k->conf->parties[p];
		buf_init(&all[p].fault);
		conf_parameters(k->conf, k->dsl, component, all[p].party,
		    is_training ? k->warnings : NULL, &all[p].params,
		    &all[p].fault);
	}
	for (size_t p = 0; p < n; p++)
		if (all[p].fault.len && !all[p].is_told)
			tell_fault(k, all, p);
	if (is_training)
		check_together(k, c, all);
	for (size_t p = 0; p < n; p++) {
		buf_release(&all[p].fault);
		cJSON_Delete(all[p].params);
	}
	free(all);
}

/* ---- tables, and parameters of nothing ---- */

static bool
is_table(const cJSON *v)
{
	return json_str(v, "name", NULL) && json_str(v, "namespace", NULL) &&
	       strlen(json_str(v, "name", "")) <= ID_NAME_MAX &&
	       strlen(json_str(v, "namespace", "")) <= ID_NAME_MAX;
}

static bool
is_table_list(const cJSON *list)
{
	const cJSON *it;

	if (!cJSON_IsArray(list))
		return false;
	cJSON_ArrayForEach(it, list)
	{
		if (!cJSON_IsNull(it) && !is_table(it))
			return false;
	}
	return true;
}

static bool
is_object_or_absent(const cJSON *v)
{
	return !v || cJSON_IsNull(v) || cJSON_IsObject(v);
}

static void
check_tables(struct check *k, const cJSON *role)
{
	const cJSON *args = json_get(role, "args");
	const cJSON *tables = json_get(args, "data"), *it;
	struct buf fault = BUF_INIT;

	if (!is_object_or_absent(args) || !is_object_or_absent(tables)) {
		buf_addf(&fault,
		    "role_parameters.%.64s.args must be an object with an "
		    "object "
		    "'data'",
		    role->string);
		add_fault(k, fault.ptr);
	}
	cJSON_ArrayForEach(it, tables)
	{
		if (is_table_list(it))
			continue;
		buf_reset(&fault);
		buf_addf(&fault,
		    "role_parameters.%.64s.args.data.%.64s must be a list of "
		    "{\"name\", \"namespace\"}, one per party, each a text of "
		    "at most %d bytes",
		    role->string, it->string, ID_NAME_MAX);
		add_fault(k, fault.ptr);
	}
	buf_release(&fault);
}

/*
 * Parameters for a component that is not there are named as a whole; so are
 * all of a predict job, whose parameters are the training's.
 */
static void
warn_unknown(struct check *k, const cJSON *components, const char *where)
{
	struct buf text = BUF_INIT;
	const cJSON *it;

	if (!k->warnings)
		return;
	cJSON_ArrayForEach(it, components)
	{
		if (!strcmp(it->string, "args") ||
		    (!k->conf->train && dsl_find(k->dsl, it->string) >= 0))
			continue;
		buf_reset(&text);
		buf_addf(&text, "%s.%s", where, it->string);
		cJSON_AddItemToArray(k->warnings, cJSON_CreateString(text.ptr));
	}
	buf_release(&text);
}

static void
check_roles(struct check *k)
{
	const cJSON *role;
	struct buf where = BUF_INIT;

	cJSON_ArrayForEach(role, json_get(k->conf->root, "role_parameters"))
	{
		if (!cJSON_IsObject(role)) {
			buf_reset(&where);
			buf_addf(&where,
			    "role_parameters.%.64s must be an object",
			    role->string);
			add_fault(k, where.ptr);
			continue;
		}
		check_tables(k, role);
		buf_reset(&where);
		buf_addf(&where, "role_parameters.%s", role->string);
		warn_unknown(k, role, where.ptr);
	}
	buf_release(&where);
}

enum err
conf_check(
    const struct conf *c, const struct dsl *d, cJSON *warnings, struct buf *err)
{
	struct check k = {.conf = c, .dsl = d, .warnings = warnings};
	struct buf why = BUF_INIT;
	enum err rc = ERR_OK;

	buf_init(&k.faults);
	check_roles(&k);
	warn_unknown(&k, json_get(c->root, "algorithm_parameters"),
	    "algorithm_parameters");
	for (size_t i = 0; i < d->n_components; i++)
		check_component(&k, i);
	if (conf_run_check(&c->run, d, &why))
		add_fault(&k, why.ptr);
	if (k.faults.len)
		rc = err_set(err, ERR_INVALID, "%s", k.faults.ptr);
	buf_release(&k.faults);
	buf_release(&why);
	return rc;
}

static const struct {
	const char *key;
	const char *why;
} unused[] = {
    {"backend", "this server runs components itself, on neither eggroll nor "
		"Spark"},
    {"spark_submit_config", "this server does not use Spark"},
    {"processors_per_node", "a task is one process"},
    {"align_task_input_data_partition",
	"a table is one file, its partitions are a number that is shown"},
    {"save_as_task_input_data",
	"published tables never change, so tasks read them as they are"},
    {"assistant_role", "a job waits for all its tasks"},
};

void
conf_warn_unused(const struct conf *c, cJSON *warnings)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(unused); i++) {
		if (!json_get(c->job_parameters, unused[i].key))
			continue;
		buf_reset(&text);
		buf_addf(&text, "job_parameters.%s has no effect: %s",
		    unused[i].key, unused[i].why);
		cJSON_AddItemToArray(warnings, cJSON_CreateString(text.ptr));
	}
	buf_release(&text);
}
