/*
 * What may run at once on a site, as one table of limits: running jobs,
 * tasks, cores and memory of the whole site, and tasks by role ("guest"), by
 * party ("9999") and by a party in a role ("host 10000"). Pure: the workers
 * refuse by it what can never run, the scheduler admits by it.
 *
 * Lists of limits are written "guest:20, host:40"; a job's demand is kept in
 * the same form. A limit of 0 does not count.
 */
#ifndef FF_CORE_LIMITS_H
#define FF_CORE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/cfg.h"

#define LIMITS_KEY_MAX 64

enum limits_site {
	LIMITS_JOBS,
	LIMITS_TASKS,
	LIMITS_CORES,
	LIMITS_MEMORY, /* bytes */
	LIMITS_SITE__MAX
};

struct limits_count {
	char key[LIMITS_KEY_MAX]; /* "guest", "9999", "host 10000" */
	int64_t n;
};

/* Counts by key, in the order of the keys. Zero-initialised is empty. */
struct limits_list {
	struct limits_count *v;
	size_t n;
	size_t cap;
};

struct limits {
	int64_t site[LIMITS_SITE__MAX]; /* 0: not counted */
	int64_t per_party;		/* of parties not named; 0: none */
	struct limits_list named;
};

/* What is taken, or what somebody asks for. Zero-initialised is nothing. */
struct limits_use {
	int64_t site[LIMITS_SITE__MAX];
	struct limits_list by;
};

enum limits_answer {
	LIMITS_YES,
	LIMITS_LATER, /* when others have ended */
	LIMITS_NEVER, /* it is larger than the limit */
};

/* ERR_INVALID: scheduler.role_limits or party_limits cannot be read. */
enum err limits_init(struct limits *l, const struct cfg *cfg, struct buf *err);
void limits_release(struct limits *l);

/* The same check for programs that keep none: what they start with. */
enum err limits_check(const struct cfg *cfg, struct buf *err);

/*
 * Does `ask` fit beside `use`? The reason, appended unless the answer is
 * YES, names the limit with its value, what `who` asks for and, after the last
 * semicolon, how much was in use.
 */
enum limits_answer limits_ask(const struct limits *l,
    const struct limits_use *use, const struct limits_use *ask, const char *who,
    struct buf *reason);

/* Of `ask` what does not fit beside `use`, whole; the rest of `out` is 0. */
void limits_in_the_way(const struct limits *l, const struct limits_use *use,
    const struct limits_use *ask, struct limits_use *out);

/* The same reason, whatever was in use? NULL is no reason. */
bool limits_same_reason(const char *a, const char *b);

/* Is there a limit by role or party at all? Else lists need no counting. */
bool limits_has_keys(const struct limits *l);

/* Is nothing of `use` less than it was `then`? */
bool
limits_none_freed(const struct limits_use *use, const struct limits_use *then);

/* ---- uses ---- */

void limits_use_release(struct limits_use *u);
void limits_use_reset(struct limits_use *u); /* keeps its memory */
void limits_use_copy(struct limits_use *to, const struct limits_use *from);
void limits_use_add(struct limits_use *to, const struct limits_use *what);

/* A component's or job's demand is the most it needs of each at once. */
void limits_use_max(struct limits_use *to, const struct limits_use *what);

/* `n` tasks of a party, counted under its three keys. */
void limits_use_task(
    struct limits_use *u, const char *role, const char *party_id, int64_t n);

/* "guest:1,9999:1,guest 9999:1" */
void limits_list_print(const struct limits_list *l, struct buf *out);
enum err limits_list_parse(const char *text, const char *what,
    struct limits_list *out, struct buf *err);
void limits_list_release(struct limits_list *l);

#endif
