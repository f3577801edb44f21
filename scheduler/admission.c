/*
 * A job begins only when its widest component would fit right now: its first
 * component then fits too, whichever that is, and the DSL need not be read
 * for a job that stays where it is.
 */
#include "scheduler/admission.h"

static enum admission_answer
tasks_fit(
    const struct admission *a, const char *what, int64_t n, struct buf *reason)
{
	if (n > a->max_tasks) {
		buf_addf(reason,
		    "%s needs %lld tasks at once, this site's limit "
		    "(scheduler.max_tasks) is %lld",
		    what, (long long)n, (long long)a->max_tasks);
		return ADMISSION_NEVER;
	}
	if (a->n_tasks + n > a->max_tasks) {
		buf_addf(reason,
		    "%s needs %lld tasks at once; the limit of "
		    "scheduler.max_tasks = %lld is in use by others",
		    what, (long long)n, (long long)a->max_tasks);
		return ADMISSION_LATER;
	}
	return ADMISSION_YES;
}

enum admission_answer
admission_job(struct admission *a, int64_t width, struct buf *reason)
{
	enum admission_answer answer;

	if (width <= a->max_tasks && a->n_jobs >= a->max_jobs) {
		buf_addf(reason,
		    "the limit of scheduler.max_jobs = %lld running jobs is "
		    "reached",
		    (long long)a->max_jobs);
		return ADMISSION_LATER;
	}
	answer = tasks_fit(a, "its widest component", width, reason);
	if (answer == ADMISSION_YES) {
		a->n_jobs++;
		a->n_tasks += width;
	}
	return answer;
}

enum admission_answer
admission_component(struct admission *a, const char *component, int64_t n_tasks,
    struct buf *reason)
{
	enum admission_answer answer = tasks_fit(a, component, n_tasks, reason);

	if (answer == ADMISSION_YES)
		a->n_tasks += n_tasks;
	return answer;
}
