/*
 * The record is one line, "<boot id> <offset> <since>": the wall clock minus
 * the time since the boot, and the time since the boot when that was first
 * seen. It follows small corrections, so that they do not add up to a step.
 */
#include "lib/base/steady.h"
#include "lib/base/clock.h"
#include "lib/base/path.h"
#include "lib/base/proc.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_MS	 3600000
#define TEXT_MAX 256

struct record {
	char boot[64];
	long long offset;
	long long since;
};

static bool
read_record(const char *path, struct record *out)
{
	struct buf text = BUF_INIT;
	size_t len;
	char *at;
	bool ok = !path_read_file(path, TEXT_MAX, &text, NULL);

	len = strcspn(text.ptr, " ");
	ok &= len > 0 && len < sizeof(out->boot) && text.ptr[len] == ' ';
	if (ok) {
		memcpy(out->boot, text.ptr, len);
		out->boot[len] = '\0';
		out->offset = strtoll(text.ptr + len, &at, 10);
		out->since = strtoll(at, &at, 10);
		ok = *at == '\n';
	}
	buf_release(&text);
	return ok;
}

static void
write_record(const char *path, const struct record *r)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "%s %lld %lld\n", r->boot, r->offset, r->since);
	(void)path_write_file(path, text.ptr, text.len, PATH_SCRATCH, NULL);
	buf_release(&text);
}

int64_t
steady_look(const char *runtime_dir)
{
	int64_t boot_ms = clock_boot_ms();
	struct record was = {"", 0, 0}, now = {"", 0, 0};
	struct buf path = BUF_INIT;
	long long step;
	bool is_known;

	path_set(&path, "%s/clock", runtime_dir);
	proc_boot_id(now.boot);
	now.offset = clock_wall_ms() - boot_ms;
	is_known = read_record(path.ptr, &was) && !strcmp(was.boot, now.boot);
	step = now.offset - was.offset;
	now.since = is_known && step < STEADY_STEP_MS && step > -STEADY_STEP_MS
			? was.since
			: boot_ms;
	if (!is_known || step)
		write_record(path.ptr, &now);
	buf_release(&path);
	return boot_ms - now.since;
}

bool
steady_is_age_true(const char *runtime_dir, int64_t age_ms)
{
	return steady_look(runtime_dir) >=
	       (age_ms < HOUR_MS ? age_ms : HOUR_MS);
}
