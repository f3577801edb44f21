/*
 * GET (or POST) /v1/job/log, POST /v1/tracking/component/log. Every log is
 * walked over once to know the sizes of its files by level, and once more for
 * each file that goes out; both walks end at the size of the first look, so
 * a log that grows meanwhile changes nothing.
 */
#include "fcgi-app/archive_out.h"
#include "fcgi-app/job_events.h"
#include "fcgi-app/log_view.h"
#include "fcgi-app/target.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A task and how much of each level its log holds. */
struct task_log {
	const struct task_query_place *task;
	int64_t size;
	int64_t bytes[LOG_VIEW__MAX];
};

struct job_log {
	struct task_query_places tasks;
	struct task_log *v; /* one per task */
};

static int
open_log(const struct task_query_place *t, int64_t *size_out)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int fd;

	path_set(&path, "%s/task.log", t->dir);
	fd = *t->dir ? open(path.ptr,
			   O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
		     : -1;
	buf_release(&path);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	*size_out = fd < 0 ? 0 : (int64_t)st.st_size;
	return fd;
}

static bool
count(void *arg, enum log_view_level level, const char *bytes, size_t len)
{
	struct task_log *l = arg;

	(void)bytes;
	l->bytes[level] += (int64_t)len;
	return true;
}

/* How long the file of that level is. */
static int64_t
size_of(const struct task_log *l, enum log_view_level view)
{
	int64_t n = 0;

	for (enum log_view_level i = LOG_VIEW_STD; i < LOG_VIEW__MAX; i++)
		n += log_view_has(view, i) ? l->bytes[i] : 0;
	return n;
}

static enum err
job_log_read(
    struct app *app, const char *job_id, struct job_log *out, struct buf *err)
{
	struct filter f;
	enum err rc;

	memset(out, 0, sizeof(*out));
	filter_init(&f);
	f.has_job_id = true;
	filter_add(&f, "f_job_id", DB_TEXT(job_id));
	rc = task_query_places(app->db, &f, &out->tasks, err);
	filter_release(&f);
	if (rc)
		return rc;
	out->v = xcalloc(out->tasks.n + 1, sizeof(*out->v));
	for (size_t i = 0; i < out->tasks.n; i++) {
		struct task_log *l = &out->v[i];
		int fd;

		l->task = &out->tasks.v[i];
		fd = open_log(l->task, &l->size);
		if (fd < 0)
			continue;
		log_view_walk(fd, l->size, count, l);
		close(fd);
	}
	return ERR_OK;
}

static void
job_log_release(struct job_log *l)
{
	task_query_places_release(&l->tasks);
	free(l->v);
	l->v = NULL;
}

/* Where the lines of one file go: an archive's member, or the answer. */
struct copy {
	enum log_view_level view;
	struct archive_out *archive;
	struct reply *rp;
};

static bool
copy_lines(void *arg, enum log_view_level level, const char *bytes, size_t len)
{
	struct copy *c = arg;

	if (!log_view_has(c->view, level))
		return true;
	if (c->archive)
		return archive_out_data(c->archive, bytes, len);
	reply_bytes(c->rp, bytes, len);
	return !c->rp->is_broken;
}

static void
copy_log(const struct task_log *l, struct copy *c)
{
	int64_t now;
	int fd = size_of(l, c->view) ? open_log(l->task, &now) : -1;

	if (fd < 0)
		return;
	log_view_walk(fd, l->size, copy_lines, c);
	close(fd);
}

static bool
is_of(const struct task_log *l, const char *role, const char *party_id)
{
	return !strcmp(l->task->role, role) &&
	       !strcmp(l->task->party_id, party_id);
}

/* The logs of all of a party's components, one behind the other. */
static struct task_log
party_log(const struct job_log *j, const struct task_query_place *t)
{
	struct task_log all = {.task = t};

	for (size_t i = 0; i < j->tasks.n; i++)
		for (size_t k = 0; k < LOG_VIEW__MAX; k++)
			if (is_of(&j->v[i], t->role, t->party_id))
				all.bytes[k] += j->v[i].bytes[k];
	return all;
}

/* Without debug lines DEBUG.log would only repeat INFO.log. */
static bool
is_worth(const struct task_log *l, enum log_view_level view)
{
	if (view == LOG_VIEW_DEBUG && !l->bytes[LOG_VIEW_DEBUG])
		return false;
	return size_of(l, view) > 0;
}

static void
copy_party(const struct job_log *j, const char *role, const char *party_id,
    struct copy *c)
{
	for (size_t i = 0; i < j->tasks.n; i++)
		if (is_of(&j->v[i], role, party_id))
			copy_log(&j->v[i], c);
}

static bool
is_first_of_party(const struct job_log *j, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (is_of(
			&j->v[i], j->v[at].task->role, j->v[at].task->party_id))
			return false;
	return true;
}

static void
add_party(const struct job_log *j, const struct task_query_place *t,
    struct archive_out *a)
{
	struct task_log all = party_log(j, t);
	struct buf name = BUF_INIT;

	for (enum log_view_level v = LOG_VIEW_DEBUG; v < LOG_VIEW__MAX; v++) {
		struct copy c = {.view = v, .archive = a};

		if (!is_worth(&all, v))
			continue;
		path_set(
		    &name, "%s/%s/%s", t->role, t->party_id, log_view_name(v));
		archive_out_member(a, name.ptr, size_of(&all, v));
		copy_party(j, t->role, t->party_id, &c);
	}
	buf_release(&name);
}

static void
add_component(const struct task_log *l, struct archive_out *a)
{
	struct buf name = BUF_INIT;

	for (enum log_view_level v = LOG_VIEW_STD; v < LOG_VIEW__MAX; v++) {
		struct copy c = {.view = v, .archive = a};

		if (!is_worth(l, v))
			continue;
		path_set(&name, "%s/%s/%s/%s", l->task->role, l->task->party_id,
		    l->task->component, log_view_name(v));
		archive_out_member(a, name.ptr, size_of(l, v));
		copy_log(l, &c);
	}
	buf_release(&name);
}

static void
add_events(
    const struct job_history *h, const struct job_log *j, struct archive_out *a)
{
	struct buf schedule = BUF_INIT, audit = BUF_INIT;

	job_events_print(h, &j->tasks, &schedule, &audit);
	archive_out_text(a, "fate_flow_audit.log", audit.ptr, audit.len);
	archive_out_text(
	    a, "fate_flow_schedule.log", schedule.ptr, schedule.len);
	buf_release(&schedule);
	buf_release(&audit);
}

static void
send_archive(const char *job_id, const struct job_history *h,
    const struct job_log *j, struct reply *rp)
{
	struct archive_out *a;
	struct buf name = BUF_INIT;

	path_set(&name, "job_%s_log.tar.gz", job_id);
	a = archive_out_open(rp, name.ptr);
	if (h)
		add_events(h, j, a);
	for (size_t i = 0; i < j->tasks.n; i++)
		if (is_first_of_party(j, i))
			add_party(j, j->v[i].task, a);
	for (size_t i = 0; i < j->tasks.n; i++)
		add_component(&j->v[i], a);
	archive_out_close(&a);
	buf_release(&name);
}

/* It becomes a part of a file's name. */
static enum err
check_id(const char *job_id, struct buf *err)
{
	if (ids_is_job(job_id))
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "field 'job_id' is '%s', expected 21 to 25 digits", job_id);
}

enum err
job_log_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	const char *job_id =
	    json_in_str(&in, "job_id", JSON_REQUIRED, ID_JOB_MAX);
	struct job_history h;
	struct job_log j;
	enum err rc = json_in_done(&in, err);
	bool is_known;

	if (!rc)
		rc = check_id(job_id, err);
	if (rc)
		return rc;
	rc = job_history_read(app->db, job_id, &h, err);
	is_known = !rc;
	if (!rc || rc == ERR_NOTFOUND)
		rc = job_log_read(app, job_id, &j, err);
	if (rc) {
		job_history_release(&h);
		return rc;
	}
	send_archive(job_id, is_known ? &h : NULL, &j, rp);
	job_log_release(&j);
	job_history_release(&h);
	return ERR_OK;
}

enum err
tracking_log(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct copy c = {.view = LOG_VIEW_INFO, .rp = rp};
	struct task_query_place place = {.role = NULL};
	struct buf text = BUF_INIT;
	struct task_log all;
	struct job_log j;
	struct target t;
	enum err rc = target_read(app, &in, TARGET_PARTY, &t, err);

	if (!rc)
		rc = job_log_read(app, t.job_id, &j, err);
	if (rc)
		return rc;
	place.role = t.role;
	place.party_id = t.party_id;
	all = party_log(&j, &place);
	if (size_of(&all, c.view)) {
		path_set(&text, "attachment; filename=%s_%s_%s_%s", t.job_id,
		    t.role, t.party_id, log_view_name(c.view));
		reply_head(rp, "application/octet-stream", text.ptr);
		copy_party(&j, t.role, t.party_id, &c);
	} else
		reply_http(rp, 500, 100, "no find log file");
	job_log_release(&j);
	buf_release(&text);
	return ERR_OK;
}
