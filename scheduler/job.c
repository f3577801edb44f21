/*
 * The job's tree is built once out of its row: a component has one task per
 * party whose role runs the module. A component without such a party counts
 * as done from the start, so what depends on it can go on.
 */
#include "scheduler/job.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/core/stored.h"

#include <assert.h>
#include <stdlib.h>

static enum err
parse_row(const struct job_run *row, struct run_job *j, struct buf *err)
{
	struct stored_job texts = {row->dsl, row->conf, row->train_conf};

	return stored_parse(&texts, &j->conf, &j->dsl, err);
}

/* The server writes one into every job; one without it is of its own roles. */
static void
take_model_id(struct run_job *j)
{
	const char *given = json_str(j->conf.job_parameters, "model_id", NULL);

	if (given)
		buf_adds(&j->model_id, given);
	else
		ids_model(j->conf.roles, &j->model_id);
}

static void
init_task(struct run_job *j, size_t component, const struct conf_party *party,
    struct run_task *t)
{
	memset(t, 0, sizeof(*t));
	t->job = j;
	t->component = component;
	t->party = party;
	buf_init(&t->task_id);
	buf_init(&t->dir);
	buf_init(&t->message);
	buf_init(&t->reason);
	ids_task(j->id, j->dsl.components[component].name, &t->task_id);
}

static void
build_component(struct run_job *j, size_t i)
{
	struct run_component *c = &j->components[i];
	unsigned roles = j->dsl.components[i].module->roles;

	c->tasks = xcalloc(j->conf.n_parties + 1, sizeof(*c->tasks));
	for (size_t p = 0; p < j->conf.n_parties; p++) {
		const struct conf_party *party = &j->conf.parties[p];

		if (roles & spec_role_bit(party->role))
			init_task(j, i, party, &c->tasks[c->n_tasks++]);
	}
	buf_init(&c->redo_text);
	c->is_done = c->next_is_done = c->n_tasks == 0;
}

enum err
job_new(const struct job_run *row, struct run_job **out, struct buf *err)
{
	struct run_job *j = xcalloc(1, sizeof(*j));
	enum err rc;

	*out = NULL;
	snprintf(j->id, sizeof(j->id), "%s", row->job_id);
	j->fence = row->fence;
	j->start_time = row->start_time;
	j->spent_ms = row->spent_ms;
	j->counted_at = clock_mono_ms();
	j->timeout_ms = row->timeout_ms;
	j->retries = j->next_retries = row->retries;
	j->run_fence = row->run_fence;
	j->current = SIZE_MAX;
	j->next_spent_ms = -1;
	buf_init(&j->model_id);
	buf_init(&j->rerun_from);
	buf_init(&j->reason);
	buf_init(&j->stop_by);
	buf_init(&j->pending);
	buf_init(&j->next_pending);
	buf_init(&j->pipeline_text);
	if (row->rerun_from)
		buf_adds(&j->rerun_from, row->rerun_from);
	if (row->pending_reason)
		buf_adds(&j->pending, row->pending_reason);
	buf_add(&j->next_pending, j->pending.ptr, j->pending.len);
	rc = parse_row(row, j, err);
	if (rc) {
		job_free(j);
		return rc;
	}
	take_model_id(j);
	j->components = xcalloc(j->dsl.n_components, sizeof(*j->components));
	for (size_t i = 0; i < j->dsl.n_components; i++)
		build_component(j, i);
	*out = j;
	return ERR_OK;
}

static void
release_task(struct run_task *t, void *arg)
{
	(void)arg;
	buf_release(&t->task_id);
	buf_release(&t->dir);
	buf_release(&t->message);
	buf_release(&t->reason);
	free(t->task_json);
	cJSON_Delete(t->result);
}

void
job_free(struct run_job *j)
{
	if (!j)
		return;
	if (j->components) {
		job_each(j, release_task, NULL);
		for (size_t i = 0; i < j->dsl.n_components; i++) {
			buf_release(&j->components[i].redo_text);
			free(j->components[i].tasks);
		}
	}
	free(j->components);
	free(j->pipeline_sizes);
	dsl_release(&j->dsl);
	conf_release(&j->conf);
	buf_release(&j->model_id);
	buf_release(&j->rerun_from);
	buf_release(&j->reason);
	buf_release(&j->stop_by);
	buf_release(&j->pending);
	buf_release(&j->refused);
	buf_release(&j->next_pending);
	buf_release(&j->pipeline_text);
	free(j);
}

void
job_each(struct run_job *j, job_task_fn *fn, void *arg)
{
	for (size_t i = 0; i < j->dsl.n_components; i++)
		for (size_t k = 0; k < j->components[i].n_tasks; k++)
			fn(&j->components[i].tasks[k], arg);
}

const char *
run_task_component(const struct run_task *t)
{
	return t->job->dsl.components[t->component].name;
}

static bool
all_are(const struct run_component *c, enum state status)
{
	for (size_t k = 0; k < c->n_tasks; k++)
		if (c->tasks[k].status != status)
			return false;
	return true;
}

struct run_component *
job_component_of(const struct run_task *t)
{
	return &t->job->components[t->component];
}

static void
restore(struct run_task *t, const struct task_run *row)
{
	t->status = t->next = row->status;
	t->attempt = row->attempt;
	t->fence = row->fence;
	t->start_time = row->start_time;
	t->metrics_offset = t->next_metrics_offset = row->metrics_offset;
	t->progress = row->progress;
	t->failure = failure_parse(row->error_class);
	buf_reset(&t->reason);
	buf_adds(&t->reason, row->reason ? row->reason : "");
	buf_reset(&t->dir);
	buf_adds(&t->dir, row->dir ? row->dir : "");
	t->is_watched = row->status == STATE_RUNNING;
}

void
job_restore_task(struct run_job *j, const struct task_run *row)
{
	int i = dsl_find(&j->dsl, row->component);
	struct run_component *c = i < 0 ? NULL : &j->components[i];

	for (size_t k = 0; c && k < c->n_tasks; k++) {
		struct run_task *t = &c->tasks[k];

		if (strcmp(t->party->role, row->role) != 0 ||
		    strcmp(t->party->party_id, row->party_id) != 0)
			continue;
		restore(t, row);
		if (row->status == STATE_RUNNING) {
			c->spent_ms = row->spent_ms;
			c->idle_ms = row->idle_ms;
		}
	}
	if (c)
		c->is_done = c->next_is_done = all_are(c, STATE_SUCCESS);
}

size_t
job_n_done(const struct run_job *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->dsl.n_components; i++)
		n += j->components[i].next_is_done;
	return n;
}

int
job_progress(const struct run_job *j)
{
	return (int)(100 * job_n_done(j) / j->dsl.n_components);
}

bool
job_is_ready(const struct run_job *j, size_t component)
{
	const struct dsl_component *d = &j->dsl.components[component];
	const struct run_component *c = &j->components[component];

	if (c->next_is_done)
		return false;
	for (size_t k = 0; k < c->n_tasks; k++)
		if (c->tasks[k].next != STATE_NONE)
			return false;
	for (size_t k = 0; k < d->n_upstream; k++)
		if (!j->components[d->upstream[k]].next_is_done)
			return false;
	return true;
}

static void
count_running(struct run_task *t, void *arg)
{
	*(int64_t *)arg += t->next == STATE_RUNNING;
}

int64_t
job_n_running(const struct run_job *j)
{
	int64_t n = 0;

	job_each((struct run_job *)(uintptr_t)j, count_running, &n);
	return n;
}

bool
job_component_has_live(const struct run_component *c)
{
	for (size_t k = 0; k < c->n_tasks; k++)
		if (c->tasks[k].is_watched)
			return true;
	return false;
}

bool
job_has_live(const struct run_job *j)
{
	for (size_t i = 0; i < j->dsl.n_components; i++)
		if (job_component_has_live(&j->components[i]))
			return true;
	return false;
}

void
job_end(struct run_job *j, enum state_event event, const char *reason)
{
	static const enum failure classes[STATE_EVENT__MAX] = {
	    [STATE_FAIL] = FAILURE_ERROR,
	    [STATE_EXPIRE] = FAILURE_TIMEOUT,
	    [STATE_CANCEL] = FAILURE_STOPPED,
	    [STATE_KILL] = FAILURE_STOPPED,
	};

	job_end_by(j, event, classes[event], NULL, reason);
}

void
job_end_by(struct run_job *j, enum state_event event, enum failure failure,
    const struct run_task *failed, const char *reason)
{
	assert(event != STATE_SUBMIT);
	if (j->ending != STATE_SUBMIT)
		return;
	j->ending = event;
	j->failure = failure;
	j->failed = failed;
	j->is_dirty = true;
	buf_reset(&j->reason);
	buf_adds(&j->reason, reason);
}

void
job_plan_end(struct run_job *j, enum state_event event, enum failure failure,
    const struct run_task *failed, const char *reason)
{
	if (j->ending != STATE_SUBMIT)
		return;
	job_end_by(j, event, failure, failed, reason);
	j->is_end_planned = true;
}

static void
forget_planned_end(struct run_job *j)
{
	if (!j->is_end_planned)
		return;
	j->ending = STATE_SUBMIT;
	j->failure = FAILURE_NONE;
	j->failed = NULL;
	buf_reset(&j->reason);
	j->is_end_planned = false;
}

/* What was known of the last attempt is not this one's. */
static void
begin_attempt(struct run_task *t)
{
	t->is_next = false;
	t->next_metrics_offset = t->metrics_offset = 0;
	t->metrics_size = 0;
	t->progress = 0;
	t->failure = FAILURE_NONE;
	t->pid = 0;
	t->is_reaped = t->is_watched = false;
	t->lost_at = 0;
	t->is_marked = false;
	buf_reset(&t->message);
	buf_reset(&t->reason);
	cJSON_Delete(t->result);
	t->result = NULL;
}

static void
commit_task(struct run_task *t, void *arg)
{
	(void)arg;
	t->status = t->next;
	t->metrics_offset = t->next_metrics_offset;
	t->is_dirty = false;
	if (t->is_next)
		begin_attempt(t);
	if (t->status == STATE_SUCCESS) {
		cJSON_Delete(t->result);
		t->result = NULL;
	}
}

static void
commit_component(struct run_component *c)
{
	c->is_done = c->next_is_done;
	c->stored_at = c->next_stored_at;
	if (c->is_redo && !c->next_is_redo) {
		c->is_retry = c->is_resumed = c->is_due = false;
		c->redo_at = c->kill_at = 0;
		c->spent_ms = c->idle_ms = 0;
		c->counted_at = 0;
		buf_reset(&c->redo_text);
	}
	c->is_redo = c->next_is_redo;
}

void
job_commit(struct run_job *j)
{
	job_each(j, commit_task, NULL);
	for (size_t i = 0; i < j->dsl.n_components; i++)
		commit_component(&j->components[i]);
	if (j->next_spent_ms >= 0) {
		j->spent_ms = j->next_spent_ms;
		if (j->next_counted_at > j->counted_at)
			j->counted_at = j->next_counted_at;
	}
	j->retries = j->next_retries;
	j->is_told = j->next_is_told;
	j->is_end_planned = false;
	buf_reset(&j->pending);
	buf_add(&j->pending, j->next_pending.ptr, j->next_pending.len);
	j->next_spent_ms = -1;
	j->is_new = j->is_settled = j->is_dirty = false;
	j->rest_at = 0;
}

bool
job_is_due(const struct run_job *j, int64_t mono_now)
{
	return j->is_dirty && mono_now >= j->rest_at;
}

/* Facts about a running task stay; what was to begin has not begun. */
static void
rollback_task(struct run_task *t, void *arg)
{
	(void)arg;
	if (t->status != STATE_RUNNING) {
		t->next = t->status;
		free(t->task_json);
		t->task_json = NULL;
	}
	if (t->is_next)
		t->attempt = t->last_attempt;
	t->is_next = false;
	t->next_metrics_offset = t->metrics_offset;
}

static void
rollback_component(struct run_component *c)
{
	c->next_is_done = c->is_done;
	c->next_is_redo = c->is_redo;
	c->next_stored_at = c->stored_at;
}

void
job_rollback(struct run_job *j)
{
	job_each(j, rollback_task, NULL);
	for (size_t i = 0; i < j->dsl.n_components; i++)
		rollback_component(&j->components[i]);
	j->next_retries = j->retries;
	j->next_is_told = j->is_told;
	forget_planned_end(j);
	j->next_spent_ms = -1;
	j->is_over = j->is_lost = j->is_settled = false;
	j->current = SIZE_MAX;
	buf_reset(&j->refused);
	buf_reset(&j->next_pending);
	buf_add(&j->next_pending, j->pending.ptr, j->pending.len);
}
