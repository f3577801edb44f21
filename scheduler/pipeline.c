/*
 * The content follows from the job's stored texts alone, so whoever takes the
 * job over after a crash writes the same files again and finds them there.
 * What is half written lies in the job's folder, where it is swept.
 */
#include "scheduler/pipeline.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/model/pipeline.h"
#include "lib/spec/spec.h"
#include "lib/store/ingest.h"
#include "scheduler/harvest.h"
#include "scheduler/launch.h"
#include "scheduler/sweep.h"

#include <stdlib.h>
#include <unistd.h>

#define COMPONENT "pipeline"
#define AGAIN_MS  2000

/* Uploads and the like serve data or models and train nothing. */
static bool
is_training(const struct run_job *j)
{
	bool any = false;

	for (size_t i = 0; i < j->dsl.n_components; i++)
		any |= j->dsl.components[i].module->roles != SPEC_LOCAL;
	return any && !j->conf.is_predict;
}

static void
check_success(struct run_task *t, void *arg)
{
	*(bool *)arg &= t->next == STATE_SUCCESS;
}

bool
pipeline_is_due(const struct run_job *j)
{
	bool all = j->ending == STATE_SUBMIT && !j->pipeline_sizes;

	if (all)
		job_each((struct run_job *)(uintptr_t)j, check_success, &all);
	return all && is_training(j);
}

static enum err
write_one(struct scheduler *s, const struct run_job *j, size_t party,
    struct pipeline *p, struct buf *err)
{
	const struct conf_party *who = &j->conf.parties[party];
	struct model_ref m = launch_party_model(s, j, who);
	struct buf text = BUF_INIT, scratch = BUF_INIT;
	cJSON *inference = NULL;
	enum err rc = dsl_inference(&j->dsl, who->role, &inference, err);

	if (!rc) {
		json_print(inference, JSON_STORE, &text);
		p->inference_dsl = text.ptr;
		taskdir_job(m.work_dir, j->id, &scratch);
		buf_addf(&scratch, "/" SWEEP_PIPELINE "%s-%s.%d.tmp", who->role,
		    who->party_id, (int)getpid());
		rc = pipeline_write(
		    &m, scratch.ptr, p, &j->pipeline_sizes[party], err);
	}
	cJSON_Delete(inference);
	buf_release(&text);
	buf_release(&scratch);
	return rc;
}

/*
 * The work is done and lies on disk: what may pass is waited for, within the
 * job's time, and shown; anything else ends the job.
 */
static void
fail(struct run_job *j, const char *reason, int64_t mono_now)
{
	enum failure failure = failure_of_text(reason);

	log_error("job=%s %s", j->id, reason);
	free(j->pipeline_sizes);
	j->pipeline_sizes = NULL;
	if (!failure_is_transient(failure)) {
		job_end_by(j, STATE_FAIL, failure, NULL, reason);
		return;
	}
	j->pipeline_at = mono_now + AGAIN_MS;
	buf_addf(&j->pipeline_text, "%s; trying again", reason);
	j->is_dirty = true;
}

static void
save(struct scheduler *s, struct run_job *j, int64_t mono_now)
{
	struct buf dsl = BUF_INIT, conf = BUF_INIT;
	struct buf err = BUF_INIT, reason = BUF_INIT;
	cJSON *shown;
	enum err rc = ERR_OK;

	j->pipeline_at = 0;
	buf_reset(&j->pipeline_text);
	json_print(j->dsl.root, JSON_STORE, &dsl);
	shown = cJSON_Duplicate(j->conf.root, true);
	spec_hide(shown);
	json_print(shown, JSON_STORE, &conf);
	cJSON_Delete(shown);
	j->pipeline_sizes =
	    xcalloc(j->conf.n_parties + 1, sizeof(*j->pipeline_sizes));
	for (size_t i = 0; !rc && i < j->conf.n_parties; i++) {
		struct pipeline p = {
		    .train_dsl = dsl.ptr,
		    .train_runtime_conf = conf.ptr,
		    .fate_version = (char *)PIPELINE_FATE_VERSION,
		    .model_id = j->model_id.ptr,
		    .model_version = (char *)launch_model_version(j),
		};

		rc = write_one(s, j, i, &p, &err);
		if (rc)
			buf_addf(&reason,
			    "all components ended well, but the pipeline of "
			    "%s %s cannot be saved: %s",
			    j->conf.parties[i].role,
			    j->conf.parties[i].party_id, err.ptr);
	}
	if (rc)
		fail(j, reason.ptr, mono_now);
	else
		j->is_dirty = true;
	buf_release(&dsl);
	buf_release(&conf);
	buf_release(&err);
	buf_release(&reason);
}

void
pipeline_save_due(struct scheduler *s, int64_t mono_now)
{
	for (struct run_job *j = s->jobs; j; j = j->next_job)
		if ((j->is_dirty || j->pipeline_at) && pipeline_is_due(j) &&
		    mono_now >= j->pipeline_at)
			save(s, j, mono_now);
}

int64_t
pipeline_due_at(const struct run_job *j, int64_t limit)
{
	return j->pipeline_at && j->pipeline_at < limit && pipeline_is_due(j)
		   ? j->pipeline_at
		   : limit;
}

/* ---- rows ---- */

static enum err
party_rows(struct settle *p, const struct run_job *j, size_t party,
    const char *task_id, struct buf *err)
{
	const struct conf_party *who = &j->conf.parties[party];
	struct task_run_key key = {j->id, task_id, who->role, who->party_id};
	struct ingest_model m = {
	    .size = j->pipeline_sizes[party], .now = p->now};
	struct buf party_model = BUF_INIT;
	struct ingest_view v = {.component = COMPONENT,
	    .count_upload = -1,
	    .count_actual = -1,
	    .partitions = -1,
	    .model_version = launch_model_version(j),
	    .now = p->now};
	enum err rc;

	ids_party_model(
	    who->role, who->party_id, j->model_id.ptr, &party_model);
	v.party_model_id = party_model.ptr;
	rc = ingest_view(p->s->db, &key, &v, err);
	if (!rc && strcmp(who->role, "local") != 0)
		rc = harvest_model_row(p->s, j, who, &m, err);
	buf_release(&party_model);
	return rc;
}

enum err
pipeline_rows(struct settle *p, const struct run_job *j, struct buf *err)
{
	struct buf task_id = BUF_INIT;
	enum err rc = ERR_OK;

	ids_task(j->id, COMPONENT, &task_id);
	for (size_t i = 0; !rc && j->pipeline_sizes && i < j->conf.n_parties;
	     i++)
		rc = party_rows(p, j, i, task_id.ptr, err);
	buf_release(&task_id);
	return rc;
}
