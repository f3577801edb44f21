/* One row per word, so that granting twice and at once is harmless. */
#include "lib/store/privilege.h"
#include "lib/base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum {
	PRIVILEGE_READ,
	PRIVILEGE_GRANT,
	PRIVILEGE_REVOKE,
	PRIVILEGE_REVOKE_KIND,
	PRIVILEGE_STMT__MAX
};

static const char *const stmts[PRIVILEGE_STMT__MAX] = {
    [PRIVILEGE_READ] = "SELECT kind, word FROM party_privilege"
		       " WHERE src_party_id = ? AND src_role = ?"
		       " ORDER BY kind, word",
    [PRIVILEGE_GRANT] = "INSERT INTO party_privilege (src_party_id, src_role,"
			" kind, word, create_time) VALUES (?, ?, ?, ?, ?)"
			" ON DUPLICATE KEY UPDATE word = word",
    [PRIVILEGE_REVOKE] = "DELETE FROM party_privilege WHERE src_party_id = ?"
			 " AND src_role = ? AND kind = ? AND word = ?",
    [PRIVILEGE_REVOKE_KIND] = "DELETE FROM party_privilege"
			      " WHERE src_party_id = ? AND src_role = ?"
			      " AND kind = ?",
};
DB_STATEMENTS(stmts);

static const char *const kinds[] = {
    [PRIVILEGE_ROLE] = "role",
    [PRIVILEGE_COMMAND] = "command",
    [PRIVILEGE_COMPONENT] = "component",
};
static_assert(ARRAY_LEN(kinds) == PRIVILEGE__MAX, "a name each");

const char *
privilege_kind_name(enum privilege_kind kind)
{
	return kinds[kind];
}

bool
privilege_list_has(
    const struct privilege_list *l, enum privilege_kind kind, const char *word)
{
	for (size_t i = 0; i < l->n[kind]; i++)
		if (!strcmp(l->words[kind][i], word))
			return true;
	return false;
}

void
privilege_list_add(
    struct privilege_list *l, enum privilege_kind kind, const char *word)
{
	if (privilege_list_has(l, kind, word))
		return;
	l->words[kind] = xreallocarray(
	    l->words[kind], l->n[kind] + 1, sizeof(*l->words[kind]));
	l->words[kind][l->n[kind]++] = xstrdup(word);
}

void
privilege_list_release(struct privilege_list *l)
{
	for (size_t k = 0; k < PRIVILEGE__MAX; k++) {
		for (size_t i = 0; i < l->n[k]; i++)
			free(l->words[k][i]);
		free(l->words[k]);
	}
	memset(l, 0, sizeof(*l));
}

enum err
privilege_read(struct db *db, const struct privilege_party *p,
    struct privilege_list *out, struct buf *err)
{
	struct db_rows *rows = NULL;
	enum err rc;

	memset(out, 0, sizeof(*out));
	rc = db_query(db, stmts[PRIVILEGE_READ],
	    DB_BINDS(DB_TEXT(p->party_id), DB_TEXT(p->role)), &rows, err);
	while (!rc && !(rc = db_next(rows, err)))
		for (size_t k = 0; k < PRIVILEGE__MAX; k++)
			if (!strcmp(kinds[k], db_text(rows, 0)))
				privilege_list_add(out, (enum privilege_kind)k,
				    db_text(rows, 1));
	db_end(&rows);
	if (rc == ERR_NOTFOUND)
		return ERR_OK;
	privilege_list_release(out);
	return rc;
}

struct change {
	const struct privilege_party *party;
	const struct privilege_list *list;
	const bool *all;
	int64_t now;
};

static enum err
grant(struct db *db, void *ctx, struct buf *err)
{
	const struct change *c = ctx;
	enum err rc = ERR_OK;

	for (size_t k = 0; k < PRIVILEGE__MAX; k++)
		for (size_t i = 0; !rc && i < c->list->n[k]; i++)
			rc = db_exec(db, stmts[PRIVILEGE_GRANT],
			    DB_BINDS(DB_TEXT(c->party->party_id),
				DB_TEXT(c->party->role), DB_TEXT(kinds[k]),
				DB_TEXT(c->list->words[k][i]), DB_INT(c->now)),
			    err);
	return rc;
}

enum err
privilege_grant(struct db *db, const struct privilege_party *p,
    const struct privilege_list *add, int64_t now, struct buf *err)
{
	struct change c = {.party = p, .list = add, .now = now};

	return db_transact(db, grant, &c, err);
}

static enum err
check_words(const struct privilege_list *have, const struct privilege_list *l,
    struct buf *err)
{
	for (size_t k = 0; k < PRIVILEGE__MAX; k++)
		for (size_t i = 0; i < l->n[k]; i++)
			if (!privilege_list_has(
				have, (enum privilege_kind)k, l->words[k][i]))
				return err_set(err, ERR_INVALID,
				    "%s %s is not authorized ,it cannot be "
				    "deleted",
				    kinds[k], l->words[k][i]);
	return ERR_OK;
}

static enum err
check_granted(struct db *db, const struct change *c, struct buf *err)
{
	struct privilege_list have;
	size_t total = 0;
	enum err rc = privilege_read(db, c->party, &have, err);

	if (rc)
		return rc;
	for (size_t k = 0; k < PRIVILEGE__MAX; k++)
		total += have.n[k];
	rc = total ? check_words(&have, c->list, err)
		   : err_set(err, ERR_INVALID, "No permission to delete");
	privilege_list_release(&have);
	return rc;
}

static enum err
revoke(struct db *db, void *ctx, struct buf *err)
{
	const struct change *c = ctx;
	enum err rc = check_granted(db, c, err);

	for (size_t k = 0; k < PRIVILEGE__MAX && !rc; k++) {
		if (c->all[k])
			rc = db_exec(db, stmts[PRIVILEGE_REVOKE_KIND],
			    DB_BINDS(DB_TEXT(c->party->party_id),
				DB_TEXT(c->party->role), DB_TEXT(kinds[k])),
			    err);
		for (size_t i = 0; !rc && i < c->list->n[k]; i++)
			rc = db_exec(db, stmts[PRIVILEGE_REVOKE],
			    DB_BINDS(DB_TEXT(c->party->party_id),
				DB_TEXT(c->party->role), DB_TEXT(kinds[k]),
				DB_TEXT(c->list->words[k][i])),
			    err);
	}
	return rc;
}

enum err
privilege_revoke(struct db *db, const struct privilege_party *p,
    const struct privilege_list *gone, const bool all[PRIVILEGE__MAX],
    struct buf *err)
{
	struct change c = {.party = p, .list = gone, .all = all};

	return db_transact(db, revoke, &c, err);
}
