/*
 * What jobs that run already will still write is not known, so nothing is
 * added up: site.min_free is for them. An upload's need is known, and large,
 * so it is looked at as its job is about to start, in its own row.
 */
#include "scheduler/room.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/store/job_need.h"

#include <stdlib.h>
#include <sys/stat.h>

#define LOOK_MS 1000

void
room_look(struct scheduler *s, int64_t mono_now)
{
	struct buf why = BUF_INIT;
	enum disk_level before = s->disk_level;

	if (s->disk_at && mono_now - s->disk_at < LOOK_MS)
		return;
	if (disk_look(s->cfg->site.work_dir, &s->disk, NULL))
		s->disk = (struct disk){INT64_MAX, INT64_MAX};
	s->disk_at = mono_now;
	s->disk_level = disk_judge(&s->disk, s->cfg, 0, &why);
	if (s->disk_level == DISK_FULL && before != DISK_FULL)
		log_error("disk: no job starts: %s", why.ptr);
	else if (s->disk_level == DISK_LOW && before != DISK_LOW)
		log_warn("disk: %s", why.ptr);
	else if (s->disk_level == DISK_ROOMY && before != DISK_ROOMY)
		log_info("disk: there is room again");
	buf_release(&why);
}

/* The size of the file that a parameter (a list of one) names; else 0. */
static int64_t
size_of(const cJSON *parameters, const char *key)
{
	const cJSON *name = cJSON_GetArrayItem(json_get(parameters, key), 0);
	struct stat st;

	if (!cJSON_IsString(name) || stat(name->valuestring, &st))
		return 0;
	return st.st_size;
}

/* Bytes that an upload will take beside its file. */
static int64_t
upload_need(const char *conf)
{
	const cJSON *local;
	cJSON *root = NULL;
	int64_t need = 0;

	if (json_parse(conf, strlen(conf), "the configuration", &root, NULL))
		return 0;
	local = json_get(json_get(root, "role_parameters"), "local");
	if (local && local->child)
		need = size_of(local->child, "file") * DISK_UPLOAD_FACTOR +
		       size_of(local->child, "append_to");
	cJSON_Delete(root);
	return need;
}

enum err
room_for(struct scheduler *s, const char *job_id, bool *fits_out,
    struct buf *reason, struct buf *err)
{
	char *conf = NULL;
	enum err rc;

	*fits_out = s->disk_level != DISK_FULL;
	if (!*fits_out) {
		disk_judge(&s->disk, s->cfg, 0, reason);
		return ERR_OK;
	}
	rc = job_need_upload(s->db, job_id, &conf, err);
	if (rc || !conf)
		return rc;
	/* Its file came since the last look, most likely. */
	s->disk_at = 0;
	room_look(s, clock_mono_ms());
	*fits_out = disk_judge(&s->disk, s->cfg, upload_need(conf), reason) !=
		    DISK_FULL;
	if (*fits_out)
		buf_reset(reason);
	free(conf);
	return ERR_OK;
}
