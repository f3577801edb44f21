/*
 * FATE-Flow asks for these at each party when it creates a job and when it
 * runs a component. Here one site runs all parties, so all is known, and
 * said, at submit.
 */
#include "fcgi-app/permission.h"
#include "lib/base/mem.h"

#include <ctype.h>

static const char *const roles[] = {"guest", "host", "arbiter"};
static const char *const commands[] = {"create_job", "job_check",
    "save_pipeline", "clean", "run_task", "query_task_input_args"};
/* What a submit does at another party. */
static const char *const commands_of_a_job[] = {"create_job", "run_task"};

static void
component_word(const struct spec_module *m, struct buf *out)
{
	buf_reset(out);
	for (const char *p = m->name; *p; p++)
		buf_addc(out, (char)tolower((unsigned char)*p));
}

/* Every word of the kind. */
static void
add_all(enum privilege_kind kind, struct privilege_list *out)
{
	const char *const *words = kind == PRIVILEGE_ROLE ? roles : commands;
	size_t n =
	    kind == PRIVILEGE_ROLE ? ARRAY_LEN(roles) : ARRAY_LEN(commands);
	const struct spec_module *const *modules;
	struct buf word = BUF_INIT;

	for (size_t i = 0; kind != PRIVILEGE_COMPONENT && i < n; i++)
		privilege_list_add(out, kind, words[i]);
	if (kind != PRIVILEGE_COMPONENT)
		return;
	modules = spec_all(&n);
	for (size_t i = 0; i < n; i++) {
		if (modules[i]->roles & SPEC_LOCAL)
			continue;
		component_word(modules[i], &word);
		privilege_list_add(out, kind, word.ptr);
	}
	buf_release(&word);
}

static enum err
add_word(enum privilege_kind kind, const char *word,
    const struct privilege_list *known, struct privilege_list *out,
    struct buf *err)
{
	if (!strcmp(word, "all"))
		add_all(kind, out);
	else if (privilege_list_has(known, kind, word))
		privilege_list_add(out, kind, word);
	else
		return err_set(err, ERR_INVALID,
		    "%.64s does not exist in the permission %s", word,
		    privilege_kind_name(kind));
	return ERR_OK;
}

enum err
permission_parse(enum privilege_kind kind, const char *text,
    struct privilege_list *out, struct buf *err)
{
	struct privilege_list known = {{NULL}, {0}};
	struct buf word = BUF_INIT;
	enum err rc = ERR_OK;

	add_all(kind, &known);
	while (!rc && *text) {
		size_t len = strcspn(text, ",");

		buf_reset(&word);
		for (size_t i = 0; i < len; i++)
			if (!isspace((unsigned char)text[i]))
				buf_addc(&word,
				    (char)tolower((unsigned char)text[i]));
		rc = add_word(kind, word.ptr, &known, out, err);
		text += len + (text[len] == ',');
	}
	privilege_list_release(&known);
	buf_release(&word);
	return rc;
}

static void
need(const struct privilege_list *have, enum privilege_kind kind,
    const char *word, struct buf *missing)
{
	if (!privilege_list_has(have, kind, word))
		buf_addf(missing, "%s%s %s not authorized",
		    missing->len ? ", " : "", privilege_kind_name(kind), word);
}

/* What the initiator lacks to run its job at the party. */
static void
check_party(const struct dsl *d, const struct conf_party *p,
    const struct privilege_list *have, struct buf *missing)
{
	struct privilege_list modules = {{NULL}, {0}};
	struct buf word = BUF_INIT;

	need(have, PRIVILEGE_ROLE, p->role, missing);
	for (size_t i = 0; i < ARRAY_LEN(commands_of_a_job); i++)
		need(have, PRIVILEGE_COMMAND, commands_of_a_job[i], missing);
	for (size_t i = 0; i < d->n_components; i++) {
		const struct spec_module *m = d->components[i].module;

		if (!(m->roles & spec_role_bit(p->role)))
			continue;
		component_word(m, &word);
		if (privilege_list_has(&modules, PRIVILEGE_COMPONENT, word.ptr))
			continue;
		privilege_list_add(&modules, PRIVILEGE_COMPONENT, word.ptr);
		need(have, PRIVILEGE_COMPONENT, word.ptr, missing);
	}
	privilege_list_release(&modules);
	buf_release(&word);
}

enum err
permission_check(const struct conf *c, const struct dsl *d,
    const struct privilege_list *have, struct buf *err)
{
	struct buf missing = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; i < c->n_parties; i++) {
		const struct conf_party *p = &c->parties[i];

		if (!strcmp(p->party_id, c->initiator_party_id))
			continue;
		if (strcmp(c->initiator_role, "guest")) {
			rc = err_set(err, ERR_DENIED,
			    "src_role %s is not guest: only a guest may start "
			    "a job with party %s",
			    c->initiator_role, p->party_id);
			break;
		}
		buf_reset(&missing);
		check_party(d, p, have, &missing);
		if (missing.len)
			rc = err_set(err, ERR_DENIED,
			    "%s%s %s may not run this job at %s %s: %s",
			    rc ? "; " : "", c->initiator_role,
			    c->initiator_party_id, p->role, p->party_id,
			    missing.ptr);
	}
	buf_release(&missing);
	return rc;
}
