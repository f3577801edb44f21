/*
 * A job begins only when the most that any of its components needs would fit
 * right now: its first component then fits too, whichever that is, and the
 * DSL need not be read for a job that stays where it is.
 *
 * Room is kept for a job that was passed over too long from jobs that wait,
 * not from those that run: they need it to come to their end.
 */
#include "scheduler/admission.h"
#include "lib/core/quota_demand.h"

void
admission_release(struct admission *a)
{
	quota_use_release(&a->use);
	for (size_t i = 0; i < ADMISSION_KEPT; i++)
		quota_use_release(&a->kept[i].room);
}

static void
count_task(struct run_task *t, void *arg)
{
	struct admission *a = arg;
	const struct conf_run *run = &t->job->conf.run;

	if (t->next != STATE_RUNNING)
		return;
	a->use.site[QUOTA_TASKS]++;
	a->use.site[QUOTA_CORES] += run->task_cores;
	a->use.site[QUOTA_MEMORY] += run->task_memory;
	if (quota_has_keys(a->quota))
		quota_use_task(&a->use, t->party->role, t->party->party_id, 1);
}

void
admission_count(struct admission *a, const struct run_job *jobs)
{
	for (const struct run_job *j = jobs; j; j = j->next_job) {
		a->use.site[QUOTA_JOBS]++;
		job_each((struct run_job *)(uintptr_t)j, count_task, a);
	}
}

void
admission_keep(
    struct admission *a, const char *job_id, const struct quota_use *ask)
{
	struct admission_kept *k;

	if (a->n_kept == ADMISSION_KEPT)
		return;
	k = &a->kept[a->n_kept++];
	snprintf(k->job_id, sizeof(k->job_id), "%s", job_id);
	quota_in_the_way(a->quota, &a->use, ask, &k->room);
}

static enum quota_answer
leaves_room(struct admission *a, const struct admission_kept *k,
    const struct quota_use *ask, struct buf *reason)
{
	struct quota_use all = {0};
	enum quota_answer answer;

	quota_use_copy(&all, &a->use);
	quota_use_add(&all, &k->room);
	answer = quota_ask(a->quota, &all, ask, "", NULL);
	quota_use_release(&all);
	if (answer)
		buf_addf(reason,
		    "scheduler.max_passed_over_ms = \"%lldms\": room is kept "
		    "for job %s, which others passed over for so long",
		    (long long)a->max_passed_ms, k->job_id);
	return answer;
}

enum quota_answer
admission_job(
    struct admission *a, const struct quota_use *ask, struct buf *reason)
{
	enum quota_answer answer =
	    quota_ask(a->quota, &a->use, ask, "the job", reason);

	for (size_t i = 0; !answer && i < a->n_kept; i++)
		answer = leaves_room(a, &a->kept[i], ask, reason);
	if (!answer)
		a->use.site[QUOTA_JOBS]++;
	return answer;
}

enum quota_answer
admission_component(struct admission *a, const struct run_job *j,
    size_t component, struct buf *reason)
{
	struct quota_use ask = {0};
	enum quota_answer answer;

	quota_demand_component(&j->conf, &j->dsl, component, &ask);
	answer = quota_ask(
	    a->quota, &a->use, &ask, j->dsl.components[component].name, reason);
	if (!answer)
		quota_use_add(&a->use, &ask);
	quota_use_release(&ask);
	return answer;
}
