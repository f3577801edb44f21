/*
 * The order of the questions is the design: a process that lives is never
 * judged by what it wrote so far; a result that was written whole counts even
 * when the parent was killed after it; and an exit status other than 0 always
 * outweighs a claimed success.
 */
#include "scheduler/verdict.h"

#include <signal.h>
#include <sys/wait.h>

struct finding {
	enum failure class;
	struct buf *reason;
};

__attribute__((format(printf, 4, 5))) static enum verdict
failed(const struct verdict_facts *f, struct finding *out, enum failure class,
    const char *fmt, ...)
{
	va_list ap;

	out->class = class;
	buf_addf(out->reason, "%s of %s %s failed: ", f->component, f->role,
	    f->party_id);
	va_start(ap, fmt);
	buf_vaddf(out->reason, fmt, ap);
	va_end(ap);
	return VERDICT_FAILED;
}

/* It ended without a word in state.json. */
static enum verdict
without_result(const struct verdict_facts *f, struct finding *out)
{
	int status = f->wait_status;

	if (f->has_wait_status && WIFSIGNALED(status))
		return failed(f, out,
		    WTERMSIG(status) == SIGXFSZ ? FAILURE_DISK_FULL
						: FAILURE_KILLED,
		    "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	if (f->has_wait_status && WEXITSTATUS(status) == VERDICT_EXIT_UNWRITTEN)
		return failed(f, out, FAILURE_DISK_FULL,
		    "exited with %d: it could not write down its result (the "
		    "disk is full or failing)",
		    WEXITSTATUS(status));
	if (f->has_wait_status)
		return failed(f, out, FAILURE_ERROR,
		    "exited with %d without a result", WEXITSTATUS(status));
	if (!f->has_started)
		return failed(f, out, FAILURE_LOST, "it was never started");
	return failed(f, out, FAILURE_LOST,
	    "its process is gone without an exit status (killed, or the "
	    "host restarted)");
}

static enum verdict
ended(const struct verdict_facts *f, struct finding *out)
{
	bool bad_exit = f->has_wait_status && WIFEXITED(f->wait_status) &&
			WEXITSTATUS(f->wait_status);

	switch (f->says) {
	case SAYS_SUCCESS:
		if (!bad_exit)
			return VERDICT_DONE;
		return failed(f, out, FAILURE_ERROR,
		    "exited with %d after it had reported success",
		    WEXITSTATUS(f->wait_status));
	case SAYS_FAILED:
		return failed(f, out, failure_of_report(&f->error), "%s",
		    f->error.text && *f->error.text ? f->error.text
						    : "it gave no reason");
	case SAYS_OTHER:
		return failed(f, out, FAILURE_ERROR,
		    "its state.json has no status of running, success, "
		    "failed");
	case SAYS_NOTHING:
	case SAYS_RUNNING:
	default:
		return without_result(f, out);
	}
}

enum verdict
verdict_decide(
    const struct verdict_facts *f, enum failure *class_out, struct buf *reason)
{
	struct finding out = {FAILURE_NONE, reason};
	enum verdict v = f->is_alive ? VERDICT_RUNNING : ended(f, &out);

	*class_out = out.class;
	return v;
}
