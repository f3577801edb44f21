/*
 * The order of the questions is the design: a process that lives is never
 * judged by what it wrote so far, except that its time may be up; a result
 * that was written whole counts even when the parent was killed after it; and
 * an exit status other than 0 always outweighs a claimed success.
 */
#include "scheduler/verdict.h"

#include <sys/wait.h>

__attribute__((format(printf, 3, 4))) static enum verdict
failed(const struct verdict_facts *f, struct buf *reason, const char *fmt, ...)
{
	va_list ap;

	buf_addf(
	    reason, "%s of %s %s failed: ", f->component, f->role, f->party_id);
	va_start(ap, fmt);
	buf_vaddf(reason, fmt, ap);
	va_end(ap);
	return VERDICT_FAILED;
}

/* It ended without a word in state.json. */
static enum verdict
without_result(const struct verdict_facts *f, struct buf *reason)
{
	int status = f->wait_status;

	if (f->has_wait_status && WIFSIGNALED(status))
		return failed(f, reason, "killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (f->has_wait_status)
		return failed(f, reason, "exited with %d without a result",
		    WEXITSTATUS(status));
	if (!f->has_started)
		return failed(f, reason, "it was never started");
	return failed(f, reason,
	    "its process is gone without an exit status (killed, or the "
	    "host restarted)");
}

static enum verdict
ended(const struct verdict_facts *f, struct buf *reason)
{
	bool bad_exit = f->has_wait_status && WIFEXITED(f->wait_status) &&
			WEXITSTATUS(f->wait_status);

	switch (f->says) {
	case SAYS_SUCCESS:
		if (!bad_exit)
			return VERDICT_DONE;
		return failed(f, reason,
		    "exited with %d after it had reported success",
		    WEXITSTATUS(f->wait_status));
	case SAYS_FAILED:
		return failed(f, reason, "%s",
		    f->error_text && *f->error_text ? f->error_text
						    : "it gave no reason");
	case SAYS_OTHER:
		return failed(f, reason,
		    "its state.json has no status of running, success, "
		    "failed");
	case SAYS_NOTHING:
	case SAYS_RUNNING:
	default:
		return without_result(f, reason);
	}
}

enum verdict
verdict_decide(const struct verdict_facts *f, struct buf *reason)
{
	if (!f->is_alive)
		return ended(f, reason);
	if (!f->over_budget)
		return VERDICT_RUNNING;
	buf_addf(reason,
	    "%s of %s %s was still running when the job's time was up",
	    f->component, f->role, f->party_id);
	return VERDICT_TIMEOUT;
}
