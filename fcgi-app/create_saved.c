/*
 * Every task that saves is one entry; an entry is compared with those before
 * it, then with the catalogue. The scheduler looks again when it publishes.
 */
#include "fcgi-app/create_saved.h"
#include "lib/base/mem.h"
#include "lib/store/catalogue.h"
#include "lib/table/table.h"

#include <stdlib.h>
#include <string.h>

struct saved {
	const struct dsl_component *component;
	const struct conf_party *party;
	cJSON *parameters; /* what the names are borrowed from */
	const char *name_space;
	const char *name;
	bool may_replace;
};

struct saved_list {
	struct saved *v;
	size_t n;
};

static void
list_release(struct saved_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		cJSON_Delete(list->v[i].parameters);
	free(list->v);
}

static enum err
add(const struct conf *conf, const struct dsl *dsl, size_t component,
    const struct conf_party *party, struct saved_list *list, struct buf *err)
{
	const struct dsl_component *c = &dsl->components[component];
	cJSON *out = NULL;
	const cJSON *own;
	enum err rc;

	if (!c->module->saves_table ||
	    !conf_needs_run(conf, dsl, component, party))
		return ERR_OK;
	rc = conf_parameters(conf, dsl, component, party, NULL, &out, err);
	if (rc || !out)
		return rc;
	own = json_get(out, c->module->param_class);
	list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = (struct saved){
	    .component = c,
	    .party = party,
	    .parameters = out,
	    .name_space = json_str(own, "save_out_table_namespace", ""),
	    .name = json_str(own, "save_out_table_name", ""),
	    .may_replace = json_int(own, "drop", 0) == TABLE_DROP_REPLACE,
	};
	return ERR_OK;
}

static void
begin_fault(const struct saved *s, struct buf *err)
{
	buf_addf(err, "%scomponent '%s' of %s %s: the table %s of %s ",
	    err->len ? "; " : "", s->component->name, s->party->role,
	    s->party->party_id, s->name, s->name_space);
}

static void
check_names(const struct saved_list *list, size_t i, struct buf *err)
{
	const struct saved *s = &list->v[i], *o;

	for (size_t k = 0; k < i; k++) {
		o = &list->v[k];
		if (strcmp(s->name_space, o->name_space) ||
		    strcmp(s->name, o->name))
			continue;
		begin_fault(s, err);
		buf_addf(err,
		    "would take the place of what '%s' of %s %s saves; give "
		    "each a name of its own",
		    o->component->name, o->party->role, o->party->party_id);
		return;
	}
}

static enum err
check_free(struct app *app, const struct saved *s, struct buf *err)
{
	struct catalogue_table t = {0};
	struct buf why = BUF_INIT;
	enum err rc = catalogue_find(app->db, s->name_space, s->name, &t, &why);

	if (rc == ERR_NOTFOUND) {
		rc = ERR_OK;
	} else if (rc) {
		buf_add(err, why.ptr, why.len);
	} else if (t.rows > 0 && !s->may_replace) {
		begin_fault(s, err);
		buf_addf(err,
		    "exists already and has %lld rows; set drop to 1 to "
		    "replace it, or choose another name",
		    (long long)t.rows);
	}
	catalogue_release(&t);
	buf_release(&why);
	return rc;
}

enum err
create_saved_check(struct app *app, const struct conf *conf,
    const struct dsl *dsl, struct buf *err)
{
	struct saved_list list = {0};
	size_t before = err->len;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < dsl->n_components; i++)
		for (size_t j = 0; !rc && j < conf->n_parties; j++)
			rc = add(conf, dsl, i, &conf->parties[j], &list, err);
	for (size_t i = 0; !rc && i < list.n; i++) {
		check_names(&list, i, err);
		rc = check_free(app, &list.v[i], err);
	}
	list_release(&list);
	return rc ? rc : err->len > before ? ERR_INVALID : ERR_OK;
}
