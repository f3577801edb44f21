/*
 * What a party may do at the other parties of the site: words of three kinds
 * (contract: rest, section 8).
 */
#ifndef FF_STORE_PRIVILEGE_H
#define FF_STORE_PRIVILEGE_H

#include "lib/store/db.h"

enum privilege_kind {
	PRIVILEGE_ROLE,
	PRIVILEGE_COMMAND,
	PRIVILEGE_COMPONENT,
	PRIVILEGE__MAX
};

/* "role", "command", "component" */
const char *privilege_kind_name(enum privilege_kind kind);

/* Words of each kind; zero-initialised is empty. The words are owned. */
struct privilege_list {
	char **words[PRIVILEGE__MAX];
	size_t n[PRIVILEGE__MAX];
};

/* Adds a copy of the word unless it is there. */
void privilege_list_add(
    struct privilege_list *l, enum privilege_kind kind, const char *word);
bool privilege_list_has(
    const struct privilege_list *l, enum privilege_kind kind, const char *word);
void privilege_list_release(struct privilege_list *l);

/* Whose privileges. Borrowed. */
struct privilege_party {
	const char *party_id;
	const char *role;
};

/* All of a party's words, by kind and alphabet; none is no error. */
enum err privilege_read(struct db *db, const struct privilege_party *p,
    struct privilege_list *out, struct buf *err);

/* Adds the words that are not there yet. */
enum err privilege_grant(struct db *db, const struct privilege_party *p,
    const struct privilege_list *add, int64_t now, struct buf *err);

/*
 * Takes the words away, all or none: ERR_INVALID (in FATE's words) when the
 * party has no privilege at all, or lacks one of the words.
 * `all` says of which kinds everything goes, whatever there is.
 */
enum err privilege_revoke(struct db *db, const struct privilege_party *p,
    const struct privilege_list *gone, const bool all[PRIVILEGE__MAX],
    struct buf *err);

#endif
