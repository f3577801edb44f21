/*
 * Identifiers. A job id's number starts anywhere in its range and then counts
 * up, so that processes rarely meet and one process never meets itself within
 * a microsecond; the database's key settles the rest.
 */
#include "lib/core/ids.h"
#include "lib/base/digest.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define NUMBER_MAX 99999

static struct {
	unsigned number; /* the last one given out, 0: none yet */
	pid_t pid;	 /* whose it is: a fork draws afresh */
} self;

static unsigned
next_number(void)
{
	if (self.pid != getpid()) {
		unsigned r = 0;

		if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
			r = (unsigned)getpid() * 2654435761U;
		self.number = r % NUMBER_MAX;
		self.pid = getpid();
	}
	self.number = self.number % NUMBER_MAX + 1;
	return self.number;
}

void
ids_new_job(char out[ID_JOB_MAX + 1])
{
	clock_job_stamp(out);
	snprintf(out + 20, ID_JOB_MAX + 1 - 20, "%u", next_number());
}

void
ids_random(char out[ID_RANDOM_LEN])
{
	uint8_t bytes[ID_RANDOM_LEN / 2];

	while (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		;
	digest_hex(bytes, sizeof(bytes), out);
}

bool
ids_is_job(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return s[n] == '\0' && n >= 21 && n <= ID_JOB_MAX;
}

void
ids_task(const char *job_id, const char *component, struct buf *out)
{
	buf_addf(out, "%s_%s", job_id, component);
}

static bool
is_party_text(const char *s)
{
	size_t n = s ? strspn(s, "0123456789") : 0;

	return n > 0 && n <= ID_PARTY_MAX && s[n] == '\0' &&
	       (n == 1 || s[0] != '0');
}

bool
ids_party(const cJSON *v, char out[ID_PARTY_MAX + 1])
{
	char text[24] = "";
	const char *s = text;
	double d = v ? v->valuedouble : 0;

	if (cJSON_IsString(v) || cJSON_IsRaw(v))
		s = v->valuestring;
	else if (cJSON_IsNumber(v) && d >= 0 && d < 1e10 &&
		 d == (double)(int64_t)d)
		snprintf(text, sizeof(text), "%lld", (long long)d);
	if (!is_party_text(s))
		return false;
	memcpy(out, s, strlen(s) + 1);
	return true;
}

/* One role's ids, sorted as numbers: shorter first, then by digits. */
struct ids {
	char (*id)[ID_PARTY_MAX + 1];
	size_t n;
};

static int
compare_ids(const void *a, const void *b)
{
	const char *x = a, *y = b;
	size_t nx = strlen(x), ny = strlen(y);

	if (nx != ny)
		return nx < ny ? -1 : 1;
	return strcmp(x, y);
}

static void
ids_collect(const cJSON *list, struct ids *out)
{
	size_t n = (size_t)cJSON_GetArraySize(list);
	const cJSON *it;

	out->n = 0;
	out->id = xcalloc(n ? n : 1, sizeof(*out->id));
	cJSON_ArrayForEach(it, list) if (ids_party(it, out->id[out->n]))
	    out->n++;
	qsort(out->id, out->n, sizeof(*out->id), compare_ids);
}

static void
add_role(const cJSON *role, struct buf *out)
{
	struct ids ids;
	const char *last = NULL;

	ids_collect(role, &ids);
	buf_addf(out, "%s-", role->string);
	for (size_t i = 0; i < ids.n; i++) {
		if (last && !strcmp(last, ids.id[i]))
			continue;
		buf_addf(out, "%s%s", last ? "_" : "", ids.id[i]);
		last = ids.id[i];
	}
	free(ids.id);
}

static int
compare_roles(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

void
ids_all_party(const cJSON *roles, struct buf *out)
{
	size_t n = (size_t)cJSON_GetArraySize(roles), i = 0;
	const cJSON **sorted, *it;

	if (n == 0) {
		buf_adds(out, "all");
		return;
	}
	sorted = xcalloc(n, sizeof(*sorted));
	cJSON_ArrayForEach(it, roles) sorted[i++] = it;
	qsort(sorted, n, sizeof(*sorted), compare_roles);
	for (i = 0; i < n; i++) {
		if (i)
			buf_addc(out, '#');
		add_role(sorted[i], out);
	}
	free(sorted);
}

void
ids_model(const cJSON *roles, struct buf *out)
{
	ids_all_party(roles, out);
	buf_adds(out, "#model");
}

void
ids_party_model(const char *role, const char *party_id, const char *model_id,
    struct buf *out)
{
	buf_addf(out, "%s#%s#%s", role, party_id, model_id);
}

void
ids_party_dir(const char *role, const char *party_id, struct buf *out)
{
	buf_addf(out, "%s-%s", role, party_id);
}
