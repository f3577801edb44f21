/*
 * The first retry comes at once, since most failures are one broken
 * connection; a server that restarts is asked every two seconds.
 */
#include "scheduler/outage.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"

enum { PAUSE_FIRST_MS = 50, PAUSE_LAST_MS = 2000 };

void
outage_note(struct scheduler *s, enum err rc, const char *text)
{
	int64_t now = clock_mono_ms();

	if (!s->outage_at) {
		s->outage_at = now;
		s->outage_pause = PAUSE_FIRST_MS;
		log_error("pass: %s (%s); running tasks go on, trying again",
		    text, err_name(rc));
	} else {
		log_debug("pass: %s (%s)", text, err_name(rc));
	}
	s->retry_at = now + s->outage_pause;
	s->outage_pause *= 2;
	if (s->outage_pause > PAUSE_LAST_MS)
		s->outage_pause = PAUSE_LAST_MS;
}

void
outage_end(struct scheduler *s)
{
	if (s->outage_at)
		log_info("pass: the database answers again after %lld ms",
		    (long long)(clock_mono_ms() - s->outage_at));
	s->outage_at = s->retry_at = 0;
}
