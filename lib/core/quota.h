/*
 * What may run at once on a site, as one table of limits: running jobs,
 * tasks, cores and memory of the whole site, and tasks by role ("guest"), by
 * party ("9999") and by a party in a role ("host 10000"). Pure: the workers
 * refuse by it what can never run, the scheduler admits by it.
 *
 * Lists of limits are written "guest:20, host:40"; a job's demand is kept in
 * the same form. A limit of 0 does not count.
 */
#ifndef FF_CORE_QUOTA_H
#define FF_CORE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/cfg.h"

#define QUOTA_KEY_MAX 64

enum quota_site {
	QUOTA_JOBS,
	QUOTA_TASKS,
	QUOTA_CORES,
	QUOTA_MEMORY, /* bytes */
	QUOTA_SITE__MAX
};

struct quota_count {
	char key[QUOTA_KEY_MAX]; /* "guest", "9999", "host 10000" */
	int64_t n;
};

/* Counts by key, in the order of the keys. Zero-initialised is empty. */
struct quota_list {
	struct quota_count *v;
	size_t n;
	size_t cap;
};

struct quota {
	int64_t site[QUOTA_SITE__MAX]; /* 0: not counted */
	int64_t per_party;	       /* of parties not named; 0: none */
	struct quota_list named;
};

/* What is taken, or what somebody asks for. Zero-initialised is nothing. */
struct quota_use {
	int64_t site[QUOTA_SITE__MAX];
	struct quota_list by;
};

enum quota_answer {
	QUOTA_YES,
	QUOTA_LATER, /* when others have ended */
	QUOTA_NEVER, /* it is larger than the limit */
};

/* ERR_INVALID: scheduler.role_limits or party_limits cannot be read. */
enum err quota_init(struct quota *q, const struct cfg *cfg, struct buf *err);
void quota_release(struct quota *q);

/* The same check for programs that keep none: what they start with. */
enum err quota_check(const struct cfg *cfg, struct buf *err);

/*
 * Does `ask` fit beside `use`? The reason, appended unless the answer is
 * YES, names the limit with its value, what `who` asks for and, after the last
 * semicolon, how much was in use.
 */
enum quota_answer quota_ask(const struct quota *q, const struct quota_use *use,
    const struct quota_use *ask, const char *who, struct buf *reason);

/* Of `ask` what does not fit beside `use`, whole; the rest of `out` is 0. */
void quota_in_the_way(const struct quota *q, const struct quota_use *use,
    const struct quota_use *ask, struct quota_use *out);

/* The same reason, whatever was in use? NULL is no reason. */
bool quota_same_reason(const char *a, const char *b);

/* Is there a limit by role or party at all? Else lists need no counting. */
bool quota_has_keys(const struct quota *q);

/* Is nothing of `use` less than it was `then`? */
bool
quota_none_freed(const struct quota_use *use, const struct quota_use *then);

/* ---- uses ---- */

void quota_use_release(struct quota_use *u);
void quota_use_reset(struct quota_use *u); /* keeps its memory */
void quota_use_copy(struct quota_use *to, const struct quota_use *from);
void quota_use_add(struct quota_use *to, const struct quota_use *what);

/* A component's or job's demand is the most it needs of each at once. */
void quota_use_max(struct quota_use *to, const struct quota_use *what);

/* `n` tasks of a party, counted under its three keys. */
void quota_use_task(
    struct quota_use *u, const char *role, const char *party_id, int64_t n);

/* "guest:1,9999:1,guest 9999:1" */
void quota_list_print(const struct quota_list *l, struct buf *out);
enum err quota_list_parse(const char *text, const char *what,
    struct quota_list *out, struct buf *err);
void quota_list_release(struct quota_list *l);

#endif
