/*
 * A job begins only when the most that any of its components needs would fit
 * right now: its first component then fits too, whichever that is, and the
 * DSL need not be read for a job that stays where it is.
 *
 * Room is kept for a job that was passed over too long from jobs that wait,
 * not from those that run: they need it to come to their end.
 */
#include "scheduler/admission.h"
#include "lib/core/limits_demand.h"

void
admission_release(struct admission *a)
{
	limits_use_release(&a->use);
	for (size_t i = 0; i < ADMISSION_KEPT; i++)
		limits_use_release(&a->kept[i].room);
}

static void
count_task(struct run_task *t, void *arg)
{
	struct admission *a = arg;
	const struct conf_run *run = &t->job->conf.run;

	if (t->next != STATE_RUNNING)
		return;
	a->use.site[LIMITS_TASKS]++;
	a->use.site[LIMITS_CORES] += run->task_cores;
	a->use.site[LIMITS_MEMORY] += run->task_memory;
	if (limits_has_keys(a->limits))
		limits_use_task(&a->use, t->party->role, t->party->party_id, 1);
}

void
admission_count(struct admission *a, const struct run_job *jobs)
{
	for (const struct run_job *j = jobs; j; j = j->next_job) {
		a->use.site[LIMITS_JOBS] += !j->is_over;
		job_each((struct run_job *)(uintptr_t)j, count_task, a);
	}
}

void
admission_keep(
    struct admission *a, const char *job_id, const struct limits_use *ask)
{
	struct admission_kept *k;

	if (a->n_kept == ADMISSION_KEPT)
		return;
	k = &a->kept[a->n_kept++];
	snprintf(k->job_id, sizeof(k->job_id), "%s", job_id);
	limits_in_the_way(a->limits, &a->use, ask, &k->room);
}

static enum limits_answer
leaves_room(struct admission *a, const struct admission_kept *k,
    const struct limits_use *ask, struct buf *reason)
{
	struct limits_use all = {0};
	enum limits_answer answer;

	limits_use_copy(&all, &a->use);
	limits_use_add(&all, &k->room);
	answer = limits_ask(a->limits, &all, ask, "", NULL);
	limits_use_release(&all);
	if (answer)
		buf_addf(reason,
		    "scheduler.max_passed_over_ms = \"%lldms\": room is kept "
		    "for job %s, which others passed over for so long",
		    (long long)a->max_passed_ms, k->job_id);
	return answer;
}

enum limits_answer
admission_job(
    struct admission *a, const struct limits_use *ask, struct buf *reason)
{
	enum limits_answer answer =
	    limits_ask(a->limits, &a->use, ask, "the job", reason);

	for (size_t i = 0; !answer && i < a->n_kept; i++)
		answer = leaves_room(a, &a->kept[i], ask, reason);
	if (!answer)
		a->use.site[LIMITS_JOBS]++;
	return answer;
}

enum limits_answer
admission_component(struct admission *a, const struct run_job *j,
    size_t component, struct buf *reason)
{
	struct limits_use ask = {0};
	enum limits_answer answer;

	limits_demand_component(&j->conf, &j->dsl, component, &ask);
	answer = limits_ask(a->limits, &a->use, &ask,
	    j->dsl.components[component].name, reason);
	if (!answer)
		limits_use_add(&a->use, &ask);
	limits_use_release(&ask);
	return answer;
}
