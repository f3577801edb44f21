/*
 * One walk over the dimensions serves refusal and admission: first whatever
 * can never be had, so that nobody waits in vain, then what is taken. Lists
 * are kept sorted: a key is found by halving, two lists are walked together.
 */
#include "lib/core/limits.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/spec/spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 1000000

static const struct {
	const char *key;
	const char *one, *many;
} site_words[LIMITS_SITE__MAX] = {
    [LIMITS_JOBS] = {"scheduler.max_jobs", "place among the running jobs",
	"places among the running jobs"},
    [LIMITS_TASKS] = {"scheduler.max_tasks", "task", "tasks"},
    [LIMITS_CORES] = {"scheduler.cores", "core", "cores"},
    [LIMITS_MEMORY] = {"scheduler.memory", "byte", "bytes"},
};

/* ---- lists ---- */

/* The place of a key, or where it would stand. */
static size_t
find(const struct limits_list *l, const char *key, bool *found)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = strcmp(l->v[mid].key, key);

		if (cmp == 0) {
			*found = true;
			return mid;
		}
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*found = false;
	return low;
}

static int64_t
count_of(const struct limits_list *l, const char *key, int64_t none)
{
	bool found;
	size_t at = find(l, key, &found);

	return found ? l->v[at].n : none;
}

/* The counter of a key, made when there is none. */
static int64_t *
counter(struct limits_list *l, const char *key)
{
	bool found;
	size_t at = find(l, key, &found);

	if (found)
		return &l->v[at].n;
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
	}
	memmove(&l->v[at + 1], &l->v[at], (l->n - at) * sizeof(*l->v));
	l->n++;
	snprintf(l->v[at].key, sizeof(l->v[at].key), "%s", key);
	l->v[at].n = 0;
	return &l->v[at].n;
}

void
limits_list_release(struct limits_list *l)
{
	free(l->v);
	memset(l, 0, sizeof(*l));
}

void
limits_list_print(const struct limits_list *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++)
		buf_addf(out, "%s%s:%lld", i ? "," : "", l->v[i].key,
		    (long long)l->v[i].n);
}

static enum err
parse_one(const char *text, size_t len, const char *what,
    struct limits_list *out, struct buf *err)
{
	char item[LIMITS_KEY_MAX + 24], *colon;
	int64_t n = 0;
	enum err rc;

	snprintf(item, sizeof(item), "%.*s", (int)len, text);
	colon = strrchr(item, ':');
	if (len >= sizeof(item) || !colon || colon == item ||
	    colon - item >= LIMITS_KEY_MAX)
		return err_set(err, ERR_INVALID,
		    "%s: '%s' is not \"name:number\"", what, item);
	*colon = '\0';
	rc = num_parse_int(colon + 1, what, 0, COUNT_MAX, &n, err);
	if (!rc)
		*counter(out, item) = n;
	return rc;
}

enum err
limits_list_parse(const char *text, const char *what, struct limits_list *out,
    struct buf *err)
{
	enum err rc = ERR_OK;

	for (const char *p = text; !rc && *p;) {
		size_t len;

		p += strspn(p, ", ");
		len = strcspn(p, ",");
		if (len)
			rc = parse_one(p, len, what, out, err);
		p += len;
	}
	return rc;
}

/* ---- uses ---- */

void
limits_use_release(struct limits_use *u)
{
	limits_list_release(&u->by);
	memset(u, 0, sizeof(*u));
}

void
limits_use_reset(struct limits_use *u)
{
	memset(u->site, 0, sizeof(u->site));
	u->by.n = 0;
}

void
limits_use_add(struct limits_use *to, const struct limits_use *what)
{
	for (int i = 0; i < LIMITS_SITE__MAX; i++)
		to->site[i] += what->site[i];
	for (size_t i = 0; i < what->by.n; i++)
		*counter(&to->by, what->by.v[i].key) += what->by.v[i].n;
}

void
limits_use_copy(struct limits_use *to, const struct limits_use *from)
{
	limits_use_reset(to);
	limits_use_add(to, from);
}

void
limits_use_max(struct limits_use *to, const struct limits_use *what)
{
	for (int i = 0; i < LIMITS_SITE__MAX; i++)
		if (to->site[i] < what->site[i])
			to->site[i] = what->site[i];
	for (size_t i = 0; i < what->by.n; i++) {
		int64_t *n = counter(&to->by, what->by.v[i].key);

		if (*n < what->by.v[i].n)
			*n = what->by.v[i].n;
	}
}

void
limits_use_task(
    struct limits_use *u, const char *role, const char *party_id, int64_t n)
{
	char both[LIMITS_KEY_MAX];

	snprintf(both, sizeof(both), "%s %s", role, party_id);
	*counter(&u->by, role) += n;
	*counter(&u->by, party_id) += n;
	*counter(&u->by, both) += n;
}

bool
limits_none_freed(const struct limits_use *use, const struct limits_use *then)
{
	for (int i = 0; i < LIMITS_SITE__MAX; i++)
		if (use->site[i] < then->site[i])
			return false;
	for (size_t i = 0; i < then->by.n; i++)
		if (count_of(&use->by, then->by.v[i].key, 0) < then->by.v[i].n)
			return false;
	return true;
}

/* ---- the limits ---- */

static bool
is_party(const char *key)
{
	return key[strspn(key, "0123456789")] == '\0';
}

/* "9999" or "host 10000" in party_limits, a role in role_limits. */
static enum err
check_key(const char *key, bool is_role, struct buf *err)
{
	char role[LIMITS_KEY_MAX];
	const char *space = strchr(key, ' ');

	snprintf(role, sizeof(role), "%.*s",
	    (int)(space ? space - key : (long)strlen(key)), key);
	if (is_role ? spec_role_bit(key) != 0
	    : space ? spec_role_bit(role) && space[1] && is_party(space + 1)
		    : is_party(key))
		return ERR_OK;
	return err_set(err, ERR_INVALID, "%s: '%s' is not %s",
	    is_role ? "scheduler.role_limits" : "scheduler.party_limits", key,
	    is_role ? "a role" : "a party id, or a role and a party id");
}

static enum err
add_named(struct limits *l, const char *text, bool is_role, struct buf *err)
{
	struct limits_list list = {0};
	enum err rc = limits_list_parse(text,
	    is_role ? "scheduler.role_limits" : "scheduler.party_limits", &list,
	    err);

	for (size_t i = 0; !rc && i < list.n; i++) {
		rc = check_key(list.v[i].key, is_role, err);
		*counter(&l->named, list.v[i].key) = list.v[i].n;
	}
	limits_list_release(&list);
	return rc;
}

enum err
limits_init(struct limits *l, const struct cfg *cfg, struct buf *err)
{
	enum err rc;

	*l = (struct limits){
	    .site =
		{
		    [LIMITS_JOBS] = cfg->scheduler.max_jobs,
		    [LIMITS_TASKS] = cfg->scheduler.max_tasks,
		    [LIMITS_CORES] = cfg->scheduler.cores,
		    [LIMITS_MEMORY] = cfg->scheduler.memory,
		},
	    .per_party = cfg->scheduler.max_tasks_per_party,
	};
	rc = add_named(l, cfg->scheduler.role_limits, true, err);
	if (!rc)
		rc = add_named(l, cfg->scheduler.party_limits, false, err);
	if (rc)
		limits_release(l);
	return rc;
}

void
limits_release(struct limits *l)
{
	limits_list_release(&l->named);
}

enum err
limits_check(const struct cfg *cfg, struct buf *err)
{
	struct limits l;
	enum err rc = limits_init(&l, cfg, err);

	if (!rc)
		limits_release(&l);
	return rc;
}

bool
limits_has_keys(const struct limits *l)
{
	return l->per_party || l->named.n;
}

static int64_t
limit_of(const struct limits *l, const char *key)
{
	return count_of(&l->named, key, is_party(key) ? l->per_party : 0);
}

/* ---- asking ---- */

/* One dimension: what is allowed, taken and asked for, and how to say so. */
struct dimension {
	const char *key; /* of a role or party, or NULL */
	int site;
	int64_t limit, used, asked;
};

static void
add_label(const struct limits *l, const struct dimension *d, struct buf *reason)
{
	bool found = false;

	if (!d->key) {
		buf_addf(reason, "%s = %lld", site_words[d->site].key,
		    (long long)d->limit);
		return;
	}
	(void)find(&l->named, d->key, &found);
	if (!found)
		buf_addf(reason, "scheduler.max_tasks_per_party = %lld",
		    (long long)d->limit);
	else
		buf_addf(reason, "scheduler.%s \"%s:%lld\"",
		    spec_role_bit(d->key) ? "role_limits" : "party_limits",
		    d->key, (long long)d->limit);
}

static void
add_asked(const struct dimension *d, const char *who, struct buf *reason)
{
	int site = d->key ? LIMITS_TASKS : d->site;

	buf_addf(reason, ": %s needs %lld %s", who, (long long)d->asked,
	    d->asked == 1 ? site_words[site].one : site_words[site].many);
	if (d->key)
		buf_addf(reason, " of %s%s",
		    spec_role_bit(d->key) ? "role "
		    : is_party(d->key)	  ? "party "
					  : "",
		    d->key);
	buf_adds(reason, " at once");
}

static enum limits_answer
ask_one(const struct limits *l, const struct dimension *d, const char *who,
    bool never, struct buf *reason)
{
	if (!d->limit || !d->asked)
		return LIMITS_YES;
	if (never ? d->asked <= d->limit : d->used + d->asked <= d->limit)
		return LIMITS_YES;
	if (!reason)
		return never ? LIMITS_NEVER : LIMITS_LATER;
	add_label(l, d, reason);
	add_asked(d, who, reason);
	if (never)
		buf_adds(reason, ", which this site never runs");
	else
		buf_addf(reason, "; %lld in use when it began to wait for this",
		    (long long)d->used);
	return never ? LIMITS_NEVER : LIMITS_LATER;
}

static enum limits_answer
ask_all(const struct limits *l, const struct limits_use *use,
    const struct limits_use *ask, const char *who, bool never,
    struct buf *reason)
{
	enum limits_answer answer = LIMITS_YES;

	for (int i = 0; !answer && i < LIMITS_SITE__MAX; i++) {
		struct dimension d = {
		    NULL, i, l->site[i], use->site[i], ask->site[i]};

		answer = ask_one(l, &d, who, never, reason);
	}
	if (!limits_has_keys(l))
		return answer;
	for (size_t i = 0; !answer && i < ask->by.n; i++) {
		const char *key = ask->by.v[i].key;
		struct dimension d = {key, 0, limit_of(l, key),
		    count_of(&use->by, key, 0), ask->by.v[i].n};

		answer = ask_one(l, &d, who, never, reason);
	}
	return answer;
}

enum limits_answer
limits_ask(const struct limits *l, const struct limits_use *use,
    const struct limits_use *ask, const char *who, struct buf *reason)
{
	enum limits_answer answer = ask_all(l, use, ask, who, true, reason);

	return answer ? answer : ask_all(l, use, ask, who, false, reason);
}

void
limits_in_the_way(const struct limits *l, const struct limits_use *use,
    const struct limits_use *ask, struct limits_use *out)
{
	limits_use_reset(out);
	for (int i = 0; i < LIMITS_SITE__MAX; i++)
		if (l->site[i] && use->site[i] + ask->site[i] > l->site[i])
			out->site[i] = ask->site[i];
	for (size_t i = 0; i < ask->by.n; i++) {
		const struct limits_count *c = &ask->by.v[i];
		int64_t limit = limit_of(l, c->key);

		if (limit && count_of(&use->by, c->key, 0) + c->n > limit)
			*counter(&out->by, c->key) = c->n;
	}
}

static size_t
reason_len(const char *s)
{
	const char *end = strrchr(s, ';');

	return end ? (size_t)(end - s) : strlen(s);
}

bool
limits_same_reason(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return reason_len(a) == reason_len(b) && !strncmp(a, b, reason_len(a));
}
