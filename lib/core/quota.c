/*
 * One walk over the dimensions serves refusal and admission: first whatever
 * can never be had, so that nobody waits in vain, then what is taken. Lists
 * are kept sorted: a key is found by halving, two lists are walked together.
 */
#include "lib/core/quota.h"
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
} site_words[QUOTA_SITE__MAX] = {
    [QUOTA_JOBS] = {"scheduler.max_jobs", "place among the running jobs",
	"places among the running jobs"},
    [QUOTA_TASKS] = {"scheduler.max_tasks", "task", "tasks"},
    [QUOTA_CORES] = {"scheduler.cores", "core", "cores"},
    [QUOTA_MEMORY] = {"scheduler.memory", "byte", "bytes"},
};

/* ---- lists ---- */

/* The place of a key, or where it would stand. */
static size_t
find(const struct quota_list *l, const char *key, bool *found)
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
count_of(const struct quota_list *l, const char *key, int64_t none)
{
	bool found;
	size_t at = find(l, key, &found);

	return found ? l->v[at].n : none;
}

/* The counter of a key, made when there is none. */
static int64_t *
counter(struct quota_list *l, const char *key)
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
quota_list_release(struct quota_list *l)
{
	free(l->v);
	memset(l, 0, sizeof(*l));
}

void
quota_list_print(const struct quota_list *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++)
		buf_addf(out, "%s%s:%lld", i ? "," : "", l->v[i].key,
		    (long long)l->v[i].n);
}

static enum err
parse_one(const char *text, size_t len, const char *what,
    struct quota_list *out, struct buf *err)
{
	char item[QUOTA_KEY_MAX + 24], *colon;
	int64_t n = 0;
	enum err rc;

	snprintf(item, sizeof(item), "%.*s", (int)len, text);
	colon = strrchr(item, ':');
	if (len >= sizeof(item) || !colon || colon == item ||
	    colon - item >= QUOTA_KEY_MAX)
		return err_set(err, ERR_INVALID,
		    "%s: '%s' is not \"name:number\"", what, item);
	*colon = '\0';
	rc = num_parse_int(colon + 1, what, 0, COUNT_MAX, &n, err);
	if (!rc)
		*counter(out, item) = n;
	return rc;
}

enum err
quota_list_parse(
    const char *text, const char *what, struct quota_list *out, struct buf *err)
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
quota_use_release(struct quota_use *u)
{
	quota_list_release(&u->by);
	memset(u, 0, sizeof(*u));
}

void
quota_use_reset(struct quota_use *u)
{
	memset(u->site, 0, sizeof(u->site));
	u->by.n = 0;
}

void
quota_use_add(struct quota_use *to, const struct quota_use *what)
{
	for (int i = 0; i < QUOTA_SITE__MAX; i++)
		to->site[i] += what->site[i];
	for (size_t i = 0; i < what->by.n; i++)
		*counter(&to->by, what->by.v[i].key) += what->by.v[i].n;
}

void
quota_use_copy(struct quota_use *to, const struct quota_use *from)
{
	quota_use_reset(to);
	quota_use_add(to, from);
}

void
quota_use_max(struct quota_use *to, const struct quota_use *what)
{
	for (int i = 0; i < QUOTA_SITE__MAX; i++)
		if (to->site[i] < what->site[i])
			to->site[i] = what->site[i];
	for (size_t i = 0; i < what->by.n; i++) {
		int64_t *n = counter(&to->by, what->by.v[i].key);

		if (*n < what->by.v[i].n)
			*n = what->by.v[i].n;
	}
}

void
quota_use_task(
    struct quota_use *u, const char *role, const char *party_id, int64_t n)
{
	char both[QUOTA_KEY_MAX];

	snprintf(both, sizeof(both), "%s %s", role, party_id);
	*counter(&u->by, role) += n;
	*counter(&u->by, party_id) += n;
	*counter(&u->by, both) += n;
}

bool
quota_none_freed(const struct quota_use *use, const struct quota_use *then)
{
	for (int i = 0; i < QUOTA_SITE__MAX; i++)
		if (use->site[i] < then->site[i])
			return false;
	for (size_t i = 0; i < then->by.n; i++)
		if (count_of(&use->by, then->by.v[i].key, 0) < then->by.v[i].n)
			return false;
	return true;
}

/* ---- the quota ---- */

static bool
is_party(const char *key)
{
	return key[strspn(key, "0123456789")] == '\0';
}

/* "9999" or "host 10000" in party_limits, a role in role_limits. */
static enum err
check_key(const char *key, bool is_role, struct buf *err)
{
	char role[QUOTA_KEY_MAX];
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
add_named(struct quota *q, const char *text, bool is_role, struct buf *err)
{
	struct quota_list list = {0};
	enum err rc = quota_list_parse(text,
	    is_role ? "scheduler.role_limits" : "scheduler.party_limits", &list,
	    err);

	for (size_t i = 0; !rc && i < list.n; i++) {
		rc = check_key(list.v[i].key, is_role, err);
		*counter(&q->named, list.v[i].key) = list.v[i].n;
	}
	quota_list_release(&list);
	return rc;
}

enum err
quota_init(struct quota *q, const struct cfg *cfg, struct buf *err)
{
	enum err rc;

	*q = (struct quota){
	    .site =
		{
		    [QUOTA_JOBS] = cfg->scheduler.max_jobs,
		    [QUOTA_TASKS] = cfg->scheduler.max_tasks,
		    [QUOTA_CORES] = cfg->scheduler.cores,
		    [QUOTA_MEMORY] = cfg->scheduler.memory,
		},
	    .per_party = cfg->scheduler.max_tasks_per_party,
	};
	rc = add_named(q, cfg->scheduler.role_limits, true, err);
	if (!rc)
		rc = add_named(q, cfg->scheduler.party_limits, false, err);
	if (rc)
		quota_release(q);
	return rc;
}

void
quota_release(struct quota *q)
{
	quota_list_release(&q->named);
}

enum err
quota_check(const struct cfg *cfg, struct buf *err)
{
	struct quota q;
	enum err rc = quota_init(&q, cfg, err);

	if (!rc)
		quota_release(&q);
	return rc;
}

bool
quota_has_keys(const struct quota *q)
{
	return q->per_party || q->named.n;
}

static int64_t
limit_of(const struct quota *q, const char *key)
{
	return count_of(&q->named, key, is_party(key) ? q->per_party : 0);
}

/* ---- asking ---- */

/* One dimension: what is allowed, taken and asked for, and how to say so. */
struct dimension {
	const char *key; /* of a role or party, or NULL */
	int site;
	int64_t limit, used, asked;
};

static void
add_label(const struct quota *q, const struct dimension *d, struct buf *reason)
{
	bool found = false;

	if (!d->key) {
		buf_addf(reason, "%s = %lld", site_words[d->site].key,
		    (long long)d->limit);
		return;
	}
	(void)find(&q->named, d->key, &found);
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
	int site = d->key ? QUOTA_TASKS : d->site;

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

static enum quota_answer
ask_one(const struct quota *q, const struct dimension *d, const char *who,
    bool never, struct buf *reason)
{
	if (!d->limit || !d->asked)
		return QUOTA_YES;
	if (never ? d->asked <= d->limit : d->used + d->asked <= d->limit)
		return QUOTA_YES;
	if (!reason)
		return never ? QUOTA_NEVER : QUOTA_LATER;
	add_label(q, d, reason);
	add_asked(d, who, reason);
	if (never)
		buf_adds(reason, ", which this site never runs");
	else
		buf_addf(reason, "; %lld in use when it began to wait for this",
		    (long long)d->used);
	return never ? QUOTA_NEVER : QUOTA_LATER;
}

static enum quota_answer
ask_all(const struct quota *q, const struct quota_use *use,
    const struct quota_use *ask, const char *who, bool never,
    struct buf *reason)
{
	enum quota_answer answer = QUOTA_YES;

	for (int i = 0; !answer && i < QUOTA_SITE__MAX; i++) {
		struct dimension d = {
		    NULL, i, q->site[i], use->site[i], ask->site[i]};

		answer = ask_one(q, &d, who, never, reason);
	}
	if (!quota_has_keys(q))
		return answer;
	for (size_t i = 0; !answer && i < ask->by.n; i++) {
		const char *key = ask->by.v[i].key;
		struct dimension d = {key, 0, limit_of(q, key),
		    count_of(&use->by, key, 0), ask->by.v[i].n};

		answer = ask_one(q, &d, who, never, reason);
	}
	return answer;
}

enum quota_answer
quota_ask(const struct quota *q, const struct quota_use *use,
    const struct quota_use *ask, const char *who, struct buf *reason)
{
	enum quota_answer answer = ask_all(q, use, ask, who, true, reason);

	return answer ? answer : ask_all(q, use, ask, who, false, reason);
}

void
quota_in_the_way(const struct quota *q, const struct quota_use *use,
    const struct quota_use *ask, struct quota_use *out)
{
	quota_use_reset(out);
	for (int i = 0; i < QUOTA_SITE__MAX; i++)
		if (q->site[i] && use->site[i] + ask->site[i] > q->site[i])
			out->site[i] = ask->site[i];
	for (size_t i = 0; i < ask->by.n; i++) {
		const struct quota_count *c = &ask->by.v[i];
		int64_t limit = limit_of(q, c->key);

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
quota_same_reason(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return reason_len(a) == reason_len(b) && !strncmp(a, b, reason_len(a));
}
