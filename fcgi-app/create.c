/*
 * Order: parse and check (no side effects), then one transaction, then the
 * files and the doorbell. The files are for people: FATE shows their paths,
 * while the scheduler reads the database. Written after the insert, they can
 * never be another job's that has the same id.
 */
#include "fcgi-app/create.h"
#include "fcgi-app/create_predict.h"
#include "fcgi-app/create_saved.h"
#include "fcgi-app/permission.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/core/quota_demand.h"
#include "lib/store/catalogue.h"
#include "lib/store/job_submit.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ID_TRIES 20

/* A job on its way in. */
struct draft {
	struct app *app;
	const char *kind;
	const char *upload_session; /* whose file it takes, or NULL */
	struct conf conf;
	struct dsl dsl;
	cJSON *warnings;
	char id[ID_JOB_MAX + 1];
	struct buf model_id;
	struct buf dir;
};

void
create_ring(const struct cfg *cfg)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd;

	if ((size_t)snprintf(at.sun_path, sizeof(at.sun_path), "%s/doorbell",
		cfg->site.runtime_dir) >= sizeof(at.sun_path))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (sendto(fd, "look", 4, 0, (struct sockaddr *)&at, sizeof(at)) < 0 &&
	    errno != EAGAIN && errno != ENOENT && errno != ECONNREFUSED)
		log_warn("doorbell %s: %s", at.sun_path, strerror(errno));
	close(fd);
}

/* Adds one sentence about a table that is not there. */
static enum err
check_table(struct draft *d, const struct dsl_component *c,
    const struct conf_party *p, const char *key, struct buf *err)
{
	const char *name, *name_space;
	struct catalogue_table table;
	struct buf why = BUF_INIT;
	enum err rc;

	if (conf_args_table(&d->conf, p, key, &name, &name_space))
		return ERR_OK;
	rc = catalogue_find(d->app->db, name_space, name, &table, &why);
	if (!rc)
		catalogue_release(&table);
	else if (rc == ERR_NOTFOUND)
		buf_addf(err, "%sinput %s of %s, %s %s: %s",
		    err->len ? "; " : "", key, c->name, p->role, p->party_id,
		    why.ptr);
	else
		buf_add(err, why.ptr, why.len);
	buf_release(&why);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* A party may go without the table of an input, but not all of them. */
static void
check_any_table(struct draft *d, const struct dsl_component *c, const char *key,
    struct buf *err)
{
	const char *name, *name_space;

	for (size_t i = 0; i < d->conf.n_parties; i++)
		if (!conf_args_table(
			&d->conf, &d->conf.parties[i], key, &name, &name_space))
			return;
	buf_addf(err,
	    "%sinput %s of %s: no party has a table for it in "
	    "role_parameters.<role>.args.data.%s",
	    err->len ? "; " : "", key, c->name, key);
}

static enum err
check_component_tables(struct draft *d, size_t component, struct buf *err)
{
	const struct dsl_component *c = &d->dsl.components[component];
	enum err rc = ERR_OK;

	for (size_t i = 0; i < c->n_inputs && !rc; i++) {
		if (c->inputs[i].source != DSL_ARGS)
			continue;
		check_any_table(d, c, c->inputs[i].alias, err);
		for (size_t j = 0; j < d->conf.n_parties && !rc; j++) {
			const struct conf_party *p = &d->conf.parties[j];

			if (c->module->roles & spec_role_bit(p->role))
				rc = check_table(
				    d, c, p, c->inputs[i].alias, err);
		}
	}
	return rc;
}

/* Every table that an input names must be there; all faults at once. */
static enum err
check_tables(struct draft *d, struct buf *err)
{
	size_t before = err->len;
	enum err rc = ERR_OK;

	for (size_t i = 0; i < d->dsl.n_components && !rc; i++)
		rc = check_component_tables(d, i, err);
	return rc ? rc : err->len > before ? ERR_INVALID : ERR_OK;
}

/* A component that no limit of this site ever lets run. */
static enum err
check_limits(const struct draft *d, struct buf *err)
{
	struct quota quota;
	enum err rc = quota_init(&quota, d->app->cfg, err);

	if (rc)
		return rc;
	rc = quota_demand_check(&quota, &d->conf, &d->dsl, err);
	quota_release(&quota);
	return rc;
}

/*
 * Upload and Download name files of the server: only the endpoints that
 * check those may make such a job. A pipeline may have been imported, so a
 * prediction is looked at like a training.
 */
static enum err
check_modules(const struct draft *d, struct buf *err)
{
	bool is_own = strcmp(d->kind, "train") && strcmp(d->kind, "predict");

	for (size_t i = 0; i < d->dsl.n_components; i++) {
		const struct dsl_component *c = &d->dsl.components[i];

		if ((c->module->roles & SPEC_LOCAL) && !is_own)
			return err_set(err, ERR_DENIED,
			    "component %s: module %s cannot be submitted, use "
			    "its own endpoint (data/upload, model/store, "
			    "model/restore)",
			    c->name, c->module->name);
	}
	return ERR_OK;
}

static enum err
check_privileges(const struct draft *d, struct buf *err)
{
	const struct privilege_party initiator = {
	    d->conf.initiator_party_id, d->conf.initiator_role};
	struct privilege_list have;
	enum err rc;

	if (!d->app->cfg->api.authentication)
		return ERR_OK;
	rc = privilege_read(d->app->db, &initiator, &have, err);
	if (!rc)
		rc = permission_check(&d->conf, &d->dsl, &have, err);
	privilege_list_release(&have);
	return rc;
}

/* What a training cannot derive its predictions from is no training. */
static enum err
check_inference(const struct draft *d, struct buf *err)
{
	cJSON *inference = NULL;
	enum err rc = ERR_OK;

	if (!strcmp(d->kind, "train"))
		rc = dsl_inference(
		    &d->dsl, d->conf.initiator_role, &inference, err);
	cJSON_Delete(inference);
	return rc;
}

/* The DSL comes with the request, or by a model's pipeline. */
static enum err
parse_dsl(struct draft *d, const struct create *c, struct buf *err)
{
	bool is_predict = d->conf.is_predict;
	enum err rc;

	d->kind = is_predict ? "predict" : c->kind;
	rc = is_predict ? create_predict(d->app, &d->conf, &d->dsl, err)
			: dsl_parse(c->dsl, DSL_TRAIN, &d->dsl, err);
	if (!rc)
		rc = check_modules(d, err);
	return rc ? rc : check_inference(d, err);
}

static enum err
parse(struct draft *d, const struct create *c, struct buf *err)
{
	enum err rc = conf_parse(c->conf, &d->conf, err);

	if (!rc)
		rc = parse_dsl(d, c, err);
	if (!rc)
		rc = conf_check(&d->conf, &d->dsl, d->warnings, err);
	if (!rc)
		rc = check_privileges(d, err);
	if (!rc)
		conf_warn_unused(&d->conf, d->warnings);
	if (!rc)
		rc = check_limits(d, err);
	if (!rc)
		rc = check_tables(d, err);
	if (!rc)
		rc = create_saved_check(d->app, &d->conf, &d->dsl, err);
	return rc;
}

static void
set_text(cJSON *obj, const char *key, const char *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(obj, key);
	json_add_str(obj, key, value);
}

void
create_dir(const struct cfg *cfg, const char *job_id, struct buf *out)
{
	path_set(out, "%s/jobs/%.8s/%s", cfg->site.work_dir, job_id, job_id);
}

/*
 * A new id, and what of the configuration follows from it. A predict job's
 * model is the one it was given.
 */
static void
take_id(struct draft *d)
{
	cJSON *parameters =
	    cJSON_GetObjectItemCaseSensitive(d->conf.root, "job_parameters");

	ids_new_job(d->id);
	if (!d->conf.is_predict) {
		set_text(parameters, "model_id", d->model_id.ptr);
		set_text(parameters, "model_version", d->id);
	}
	create_dir(d->app->cfg, d->id, &d->dir);
}

/* What the row's columns borrow. */
struct texts {
	struct buf roles;
	struct buf dsl;
	struct buf conf;
	struct buf train;
	struct buf demand;
	struct buf answer;
};

static void
texts_init(struct texts *t)
{
	buf_init(&t->roles);
	buf_init(&t->dsl);
	buf_init(&t->conf);
	buf_init(&t->train);
	buf_init(&t->demand);
	buf_init(&t->answer);
}

static void
texts_release(struct texts *t)
{
	buf_release(&t->roles);
	buf_release(&t->dsl);
	buf_release(&t->conf);
	buf_release(&t->train);
	buf_release(&t->demand);
	buf_release(&t->answer);
}

static void
put_documents(const struct draft *d, struct texts *t, struct job_submit *s)
{
	json_print(d->conf.roles, JSON_STORE, &t->roles);
	json_print(d->dsl.root, JSON_STORE, &t->dsl);
	json_print(d->conf.root, JSON_STORE, &t->conf);
	if (d->conf.train)
		json_print(d->conf.train->root, JSON_STORE, &t->train);
	else
		buf_adds(&t->train, "{}");
	s->roles = t->roles.ptr;
	s->dsl = t->dsl.ptr;
	s->conf = t->conf.ptr;
	s->train_conf = t->train.ptr;
}

static void
put_demand(const struct draft *d, struct texts *t, struct job_submit *s)
{
	struct quota_use ask = {0};

	quota_demand_job(&d->conf, &d->dsl, &ask);
	quota_list_print(&ask.by, &t->demand);
	s->max_width = ask.site[QUOTA_TASKS];
	s->demand = t->demand.ptr;
	quota_use_release(&ask);
}

static struct job_submit_party *
parties_of(const struct conf *c)
{
	struct job_submit_party *v = xcalloc(c->n_parties, sizeof(*v));

	for (size_t i = 0; i < c->n_parties; i++)
		v[i] = (struct job_submit_party){c->parties[i].role,
		    c->parties[i].party_id, c->parties[i].is_initiator};
	return v;
}

static enum err
insert(struct draft *d, const struct token *token, const cJSON *data,
    struct buf *err)
{
	struct texts t;
	struct job_submit_party *parties = parties_of(&d->conf);
	struct job_submit s = {
	    .job_id = d->id,
	    .kind = d->kind,
	    .upload_session = d->upload_session,
	    .initiator_role = d->conf.initiator_role,
	    .initiator_party_id = d->conf.initiator_party_id,
	    .work_mode = d->conf.work_mode,
	    .n_components = (int64_t)d->dsl.n_components,
	    .timeout_ms = d->conf.timeout_ms
			      ? d->conf.timeout_ms
			      : d->app->cfg->scheduler.job_timeout_ms,
	    .priority = d->conf.run.priority,
	    .task_cores = d->conf.run.task_cores,
	    .task_memory = d->conf.run.task_memory,
	    .auto_retries = d->conf.run.auto_retries,
	    .run_ip = d->app->cfg->site.address,
	    .now = clock_wall_ms(),
	    .parties = parties,
	    .n_parties = d->conf.n_parties,
	};
	enum err rc;

	texts_init(&t);
	put_documents(d, &t, &s);
	put_demand(d, &t, &s);
	if (token && token->value) {
		json_print(data, JSON_STORE, &t.answer);
		s.token = token->value;
		s.digest = token->digest;
		s.answer = t.answer.ptr;
	}
	rc = job_submit(d->app->db, &s, err);
	free(parties);
	texts_release(&t);
	return rc;
}

static void
write_json(const struct draft *d, const char *name, const cJSON *value)
{
	struct buf path = BUF_INIT, text = BUF_INIT, err = BUF_INIT;
	cJSON *shown = cJSON_Duplicate(value, true);

	spec_hide(shown);
	json_print(shown, JSON_PRETTY, &text);
	cJSON_Delete(shown);
	path_set(&path, "%s/%s", d->dir.ptr, name);
	if (path_mkdirs(d->dir.ptr, &err) ||
	    path_write_file(path.ptr, text.ptr, text.len, PATH_ONCE, &err))
		log_warn("job=%s %s", d->id, err.ptr);
	buf_release(&path);
	buf_release(&text);
	buf_release(&err);
}

static void add_textf(cJSON *obj, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
add_textf(cJSON *obj, const char *key, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	json_add_str(obj, key, text.ptr);
	buf_release(&text);
}

cJSON *
create_describe(const struct cfg *cfg, const char *job_id, const char *role,
    const char *party_id)
{
	cJSON *data = cJSON_CreateObject();
	struct buf dir = BUF_INIT;

	create_dir(cfg, job_id, &dir);
	add_textf(data, "board_url",
	    "%s/index.html#/dashboard?job_id=%s&role=%s&party_id=%s",
	    cfg->site.board_url, job_id, role, party_id);
	add_textf(data, "job_dsl_path", "%s/job_dsl.json", dir.ptr);
	add_textf(
	    data, "job_runtime_conf_path", "%s/job_runtime_conf.json", dir.ptr);
	json_add_str(data, "logs_directory", dir.ptr);
	buf_release(&dir);
	return data;
}

static cJSON *
describe(struct draft *d, const struct create *c)
{
	cJSON *data = create_describe(d->app->cfg, d->id,
		  d->conf.initiator_role, d->conf.initiator_party_id),
	      *model;

	if (c->has_model_info) {
		model = cJSON_CreateObject();
		json_add(data, "model_info", model);
		json_add_str(model, "model_id",
		    json_str(d->conf.job_parameters, "model_id", ""));
		json_add_str(model, "model_version",
		    json_str(d->conf.job_parameters, "model_version", ""));
	}
	if (d->warnings->child)
		json_add(data, "warnings", cJSON_Duplicate(d->warnings, 1));
	return data;
}

/*
 * Inserts the job under an id that is free. Whoever came first with the same
 * token is the one whose answer it is.
 */
static enum err
store(
    struct draft *d, const struct create *c, struct reply *rp, struct buf *err)
{
	enum err rc = ERR_CONFLICT;

	for (int i = 0; i < ID_TRIES && rc == ERR_CONFLICT; i++) {
		cJSON *data;

		buf_reset(err);
		take_id(d);
		data = describe(d, c);
		rc = insert(d, c->token, data, err);
		if (!rc) {
			rp->job_id = xstrdup(d->id);
			return reply_ok(rp, data);
		}
		cJSON_Delete(data);
		if (rc == ERR_CONFLICT && c->token) {
			buf_reset(err);
			rc = token_answer(d->app, c->token, rp, err);
			if (rc || c->token->is_repeat)
				return rc;
			rc = ERR_CONFLICT;
		}
	}
	return rc;
}

static void
write_files(const struct draft *d)
{
	write_json(d, "job_dsl.json", d->dsl.root);
	write_json(d, "job_runtime_conf.json", d->conf.root);
	if (d->conf.train)
		write_json(d, "train_runtime_conf.json", d->conf.train->root);
}

static enum err
make(struct draft *d, const struct create *c, struct reply *rp, struct buf *err)
{
	enum err rc = parse(d, c, err);

	if (!rc) {
		ids_model(d->conf.roles, &d->model_id);
		rc = store(d, c, rp, err);
	}
	if (rc || (c->token && c->token->is_repeat))
		return rc;
	write_files(d);
	create_ring(d->app->cfg);
	log_info("job=%s kind=%s submitted", d->id, d->kind);
	return ERR_OK;
}

/*
 * An earlier request with the same token may still have been on its way as
 * this one asked for it, and have changed by now what this one looks at.
 */
static enum err
make_or_repeat(
    struct draft *d, const struct create *c, struct reply *rp, struct buf *err)
{
	struct buf why = BUF_INIT;
	enum err rc = make(d, c, rp, &why), again = ERR_OK;
	bool is_asked = token_may_excuse(c->token, rc) && !c->token->is_repeat;

	if (is_asked)
		again = token_answer(d->app, c->token, rp, err);
	if (is_asked && (again || c->token->is_repeat))
		rc = again;
	else if (rc)
		err_set(err, rc, "%s", why.ptr);
	buf_release(&why);
	return rc;
}

enum err
create_job(
    struct app *app, const struct create *c, struct reply *rp, struct buf *err)
{
	struct draft d = {.app = app,
	    .upload_session = c->upload_session,
	    .warnings = cJSON_CreateArray()};
	enum err rc = ERR_OK;

	buf_init(&d.model_id);
	buf_init(&d.dir);
	if (c->token)
		rc = token_answer(app, c->token, rp, err);
	if (!rc && !(c->token && c->token->is_repeat))
		rc = make_or_repeat(&d, c, rp, err);
	cJSON_Delete(d.warnings);
	conf_release(&d.conf);
	dsl_release(&d.dsl);
	buf_release(&d.model_id);
	buf_release(&d.dir);
	return rc;
}
