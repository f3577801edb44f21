/*
 * POST /v1/data/upload/session/{create,put,query,finish,cancel}: an upload in
 * pieces that goes on where it was cut off. Whoever is killed at any point
 * leaves a session that can be asked how far it came.
 */
#include "fcgi-app/query_string.h"
#include "fcgi-app/session_file.h"
#include "fcgi-app/target.h"
#include "fcgi-app/upload.h"
#include "fcgi-app/create.h"
#include "lib/base/clock.h"
#include "lib/base/disk.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/base/steady.h"
#include "lib/store/upload_session.h"

#include <ctype.h>
#include <unistd.h>

#define FILE_BYTES_MAX	 ((int64_t)1 << 53)
#define SWEEP_AT_ONCE	 20
#define SESSION_NAME_MAX 255

/* ---- answers ---- */

static cJSON *
describe(const struct upload_session *s, int64_t offset)
{
	cJSON *data = cJSON_CreateObject();

	json_add_str(data, "session_id", s->id);
	json_add_int(data, "offset", *s->job_id ? s->file_bytes : offset);
	json_add_int(data, "file_bytes", s->file_bytes);
	if (*s->job_id)
		json_add_str(data, "job_id", s->job_id);
	return data;
}

/* No success, but the client learns where to go on. */
static enum err
refuse(struct reply *rp, const struct upload_session *s, int64_t offset,
    const char *why)
{
	reply_ok(rp, describe(s, offset));
	return reply_say(rp, 100, "%s", why);
}

static enum err
answer_size(struct app *app, const struct upload_session *s, struct reply *rp,
    struct buf *err)
{
	int64_t offset = 0;
	enum err rc = session_file_size(app->cfg, s->id, &offset, err);

	return rc ? rc : reply_ok(rp, describe(s, offset));
}

static enum err
refuse_finished(struct reply *rp, const struct upload_session *s)
{
	struct buf why = BUF_INIT;

	buf_addf(&why,
	    "the upload session %s is finished: its file is job %s's", s->id,
	    s->job_id);
	refuse(rp, s, s->file_bytes, why.ptr);
	buf_release(&why);
	return ERR_OK;
}

/* ---- finding one, and having it to oneself ---- */

static enum err
find(struct app *app, struct json_in *in, struct upload_session *s,
    struct buf *err)
{
	const char *id = json_in_str(in, "session_id", JSON_REQUIRED, 64);
	enum err rc;

	memset(s, 0, sizeof(*s));
	rc = json_in_done(in, err);
	return rc ? rc : upload_session_find(app->db, id, s, err);
}

/*
 * Locks the file of an open session. One that was finished meanwhile is read
 * again: *s says so. A file that was made for one that was given up goes.
 */
static enum err
seize(struct app *app, struct upload_session *s, struct session_file *f,
    struct buf *err)
{
	char id[ID_RANDOM_LEN];
	struct buf gone = BUF_INIT;
	enum err rc = session_file_open(f, app->cfg, s->id, err);

	if (rc)
		return rc;
	snprintf(id, sizeof(id), "%s", s->id);
	rc = upload_session_touch(app->db, id, clock_wall_ms(), &gone);
	if (rc == ERR_NOTFOUND) {
		upload_session_release(s);
		rc = upload_session_find(app->db, id, s, err);
		if (rc == ERR_NOTFOUND)
			unlink(f->path.ptr);
	} else if (rc)
		buf_adds(err, gone.ptr);
	buf_release(&gone);
	return rc;
}

static enum err
refuse_busy(struct app *app, const struct upload_session *s, struct reply *rp,
    struct buf *err)
{
	struct buf why = BUF_INIT;
	int64_t offset = 0;
	enum err rc;

	buf_reset(err);
	rc = session_file_size(app->cfg, s->id, &offset, err);
	buf_addf(&why,
	    "another request is working on the upload session %s, try again "
	    "when it has ended",
	    s->id);
	if (!rc)
		refuse(rp, s, offset, why.ptr);
	buf_release(&why);
	return rc;
}

/* ---- create ---- */

/* The parameters in one form, however they were sent. */
static char *
params_text(const struct upload *u)
{
	cJSON *obj = cJSON_CreateObject();
	struct buf text = BUF_INIT;

	json_add_int(obj, "work_mode", u->work_mode);
	json_add_str(obj, "namespace", u->name_space);
	json_add_str(obj, "table_name", u->name);
	json_add_int(obj, "head", u->head);
	json_add_int(obj, "partition", u->partition);
	if (u->has_drop)
		json_add_int(obj, "drop", u->drop);
	json_print(obj, JSON_STORE, &text);
	cJSON_Delete(obj);
	return buf_detach(&text);
}

static void
read_digest(struct json_in *in, char out[DIGEST_HEX_LEN])
{
	const char *hex =
	    json_in_str(in, "file_sha256", JSON_REQUIRED, DIGEST_HEX_LEN - 1);
	size_t n = 0;

	for (; hex && isxdigit((unsigned char)hex[n]); n++)
		out[n] = (char)tolower((unsigned char)hex[n]);
	out[n] = '\0';
	if (hex && (n != DIGEST_HEX_LEN - 1 || hex[n]))
		json_in_fault(in,
		    "field 'file_sha256' is '%.64s', expected the 64 hex "
		    "digits of a SHA-256",
		    hex);
}

static enum err
check_limit(const struct app *app, int64_t file_bytes, struct buf *err)
{
	int64_t limit = app->cfg->api.upload_limit;

	if (!limit || file_bytes <= limit)
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "file_bytes is %lld, expected at most %lld (api.upload_limit)",
	    (long long)file_bytes, (long long)limit);
}

/* For what is still to come. */
static enum err
check_room(
    const struct app *app, const struct upload_session *s, struct buf *err)
{
	int64_t have = 0;
	enum err rc = session_file_size(app->cfg, s->id, &have, err);

	return rc ? rc : disk_room(app->cfg, s->file_bytes - have, err);
}

static enum err
make_spool(const struct app *app, struct buf *err)
{
	struct buf dir = BUF_INIT;
	enum err rc;

	path_set(&dir, "%s/spool", app->cfg->site.work_dir);
	rc = path_mkdirs(dir.ptr, err);
	buf_release(&dir);
	return rc;
}

static void
remove_old(const char *id, void *ctx)
{
	struct app *app = ctx;

	(void)upload_session_remove(app->db, app->cfg->site.work_dir, id, NULL);
}

static void
sweep(struct app *app)
{
	int64_t ttl = app->cfg->api.upload_session_ttl;
	struct buf err = BUF_INIT;

	if (steady_is_age_true(app->cfg->site.runtime_dir, ttl) &&
	    upload_session_sweep(app->db, clock_wall_ms() - ttl, SWEEP_AT_ONCE,
		remove_old, app, &err))
		log_warn("old upload sessions stay: %s", err.ptr);
	buf_release(&err);
}

enum err
upload_session_create_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	static const char *const required[] = {"file_bytes", "file_sha256"};
	struct json_in in = {.obj = rq->body};
	struct upload_session s = {0};
	const char *file_name;
	struct upload u;
	enum err rc;

	if (!upload_has_all(rq->body, rp) ||
	    !target_has_all(rq->body, required, ARRAY_LEN(required), rp))
		return ERR_OK;
	upload_init(&u);
	upload_read(&u, &in);
	s.file_bytes =
	    json_in_int(&in, "file_bytes", JSON_REQUIRED, 0, FILE_BYTES_MAX, 0);
	read_digest(&in, s.file_sha256);
	file_name =
	    json_in_str(&in, "file_name", JSON_OPTIONAL, SESSION_NAME_MAX);
	rc = json_in_done(&in, err);
	if (!rc)
		rc = check_limit(app, s.file_bytes, err);
	if (!rc)
		rc = upload_check(app, &u, err);
	if (!rc)
		rc = make_spool(app, err);
	if (rc)
		goto out;
	sweep(app);
	s.params = params_text(&u);
	s.file_name = xstrdup_null(file_name);
	rc = upload_session_open(app->db, &s, clock_wall_ms(), err);
	if (!rc)
		log_info("upload_session=%s file=%s bytes=%lld", s.id,
		    file_name ? file_name : "-", (long long)s.file_bytes);
	if (!rc)
		rc = check_room(app, &s, err);
	if (!rc)
		rc = answer_size(app, &s, rp, err);
out:
	upload_session_release(&s);
	upload_release(&u);
	return rc;
}

/* ---- put ---- */

struct put {
	struct session_file file;
	int64_t file_bytes;
};

/* What is too much is refused; what fits stays. */
static enum err
append(void *arg, const void *bytes, size_t len, struct buf *err)
{
	struct put *p = arg;
	int64_t room = p->file_bytes - p->file.size;
	bool fits = (int64_t)len <= room;
	enum err rc = session_file_append(
	    &p->file, bytes, fits ? len : (size_t)room, err);

	if (!rc && !fits)
		rc = err_set(err, ERR_INVALID,
		    "the body reaches beyond the %lld bytes of the file "
		    "(file_bytes)",
		    (long long)p->file_bytes);
	return rc;
}

static enum err
refuse_offset(struct reply *rp, const struct upload_session *s, int64_t wanted,
    int64_t offset)
{
	struct buf why = BUF_INIT;

	buf_addf(&why, "offset is %lld, expected %lld: so much is here",
	    (long long)wanted, (long long)offset);
	refuse(rp, s, offset, why.ptr);
	buf_release(&why);
	return ERR_OK;
}

/* Whatever ended the body, what came of it is kept and counted. */
static enum err
receive(struct app *app, struct request *rq, struct put *p,
    const struct upload_session *s, struct reply *rp)
{
	struct buf fault = BUF_INIT, err = BUF_INIT;
	enum err got = request_pump(rq, append, p, &fault);
	enum err rc = session_file_sync(&p->file, &err);

	if (!rc)
		rc =
		    upload_session_touch(app->db, s->id, clock_wall_ms(), &err);
	if (rc)
		reply_error(rp, rc, err.ptr);
	else if (got == ERR_INVALID)
		refuse(rp, s, p->file.size, fault.ptr);
	else if (got)
		reply_error(rp, got, fault.ptr);
	else
		reply_ok(rp, describe(s, p->file.size));
	buf_release(&fault);
	buf_release(&err);
	return ERR_OK;
}

static enum err
put(struct app *app, struct request *rq, struct upload_session *s,
    int64_t offset, struct reply *rp, struct buf *err)
{
	struct put p = {.file = {.fd = -1}, .file_bytes = s->file_bytes};
	enum err rc = seize(app, s, &p.file, err);

	if (rc == ERR_BUSY)
		rc = refuse_busy(app, s, rp, err);
	else if (!rc && *s->job_id)
		rc = refuse_finished(rp, s);
	else if (!rc && disk_room(app->cfg, rq->body_len, err))
		rc = ERR_FULL;
	else if (!rc && offset != p.file.size) {
		rc = session_file_sync(&p.file, err);
		if (!rc)
			rc = refuse_offset(rp, s, offset, p.file.size);
	} else if (!rc)
		rc = receive(app, rq, &p, s, rp);
	session_file_close(&p.file);
	return rc;
}

enum err
upload_session_put_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {0};
	struct upload_session s = {0};
	cJSON *params = NULL;
	int64_t offset;
	enum err rc = query_string_parse(rq->query, &params, err);

	if (rc)
		return rc;
	in.obj = params;
	offset =
	    json_in_int(&in, "offset", JSON_REQUIRED, 0, FILE_BYTES_MAX, 0);
	rc = find(app, &in, &s, err);
	if (!rc && *s.job_id)
		rc = refuse_finished(rp, &s);
	else if (!rc)
		rc = put(app, rq, &s, offset, rp, err);
	upload_session_release(&s);
	cJSON_Delete(params);
	return rc;
}

/* ---- query, cancel ---- */

enum err
upload_session_query_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct upload_session s;
	enum err rc = find(app, &in, &s, err);

	if (!rc)
		rc = answer_size(app, &s, rp, err);
	upload_session_release(&s);
	return rc;
}

enum err
upload_session_cancel_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body};
	struct upload_session s;
	enum err rc = find(app, &in, &s, err);

	if (!rc && !*s.job_id) {
		rc = upload_session_cancel(
		    app->db, app->cfg->site.work_dir, s.id, err);
		if (!rc)
			rc = reply_ok(rp, NULL);
		else if (rc == ERR_CONFLICT)
			rc = err_set(err, rc,
			    "; the upload session %s was finished or canceled "
			    "meanwhile",
			    s.id);
	} else if (!rc)
		rc = refuse_finished(rp, &s);
	upload_session_release(&s);
	return rc;
}

/* ---- finish ---- */

/* As the answer that the client may have missed. */
static enum err
answer_job(struct app *app, const struct upload *u,
    const struct upload_session *s, struct reply *rp)
{
	cJSON *data = create_describe(app->cfg, s->job_id, "local", "0");

	upload_describe(u, data);
	rp->job_id = xstrdup(s->job_id);
	return reply_ok(rp, data);
}

/* False after an answer that says where to go on. */
static enum err
check_file(struct session_file *f, const struct upload_session *s,
    struct reply *rp, bool *ok_out, struct buf *err)
{
	struct buf why = BUF_INIT;
	char hex[DIGEST_HEX_LEN];
	enum err rc = ERR_OK;

	*ok_out = false;
	if (f->size != s->file_bytes) {
		buf_addf(&why, "%lld of the file's %lld bytes are here",
		    (long long)f->size, (long long)s->file_bytes);
		goto out;
	}
	rc = session_file_digest(f, hex, err);
	if (rc)
		return rc;
	*ok_out = !strcmp(hex, s->file_sha256);
	if (!*ok_out) {
		buf_addf(&why,
		    "the SHA-256 of what arrived is %s, expected %s "
		    "(file_sha256): send the file again",
		    hex, s->file_sha256);
		rc = session_file_truncate(f, err);
	}
out:
	if (!rc && !*ok_out)
		refuse(rp, s, f->size, why.ptr);
	buf_release(&why);
	return rc;
}

static enum err
submit(struct app *app, struct upload *u, const struct session_file *f,
    const struct upload_session *s, struct reply *rp, struct buf *err)
{
	enum err rc = upload_check(app, u, err);

	if (rc)
		return rc;
	path_set(&u->file, "%s", f->path.ptr);
	u->file_bytes = s->file_bytes;
	snprintf(u->sha256, sizeof(u->sha256), "%s", s->file_sha256);
	u->session = s->id;
	return upload_submit(app, u, rp, err);
}

static enum err
finish(struct app *app, struct upload *u, struct upload_session *s,
    struct reply *rp, struct buf *err)
{
	struct session_file f = {.fd = -1};
	bool is_whole = false;
	enum err rc = ERR_OK;

	buf_init(&f.path);
	if (!*s->job_id)
		rc = seize(app, s, &f, err);
	if (rc == ERR_BUSY)
		rc = refuse_busy(app, s, rp, err);
	else if (!rc && *s->job_id)
		rc = answer_job(app, u, s, rp);
	else if (!rc) {
		rc = check_file(&f, s, rp, &is_whole, err);
		if (!rc && is_whole)
			rc = submit(app, u, &f, s, rp, err);
	}
	session_file_close(&f);
	return rc;
}

enum err
upload_session_finish_handle(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct json_in in = {.obj = rq->body}, stored = {0};
	struct upload_session s;
	cJSON *params = NULL;
	struct upload u;
	enum err rc = find(app, &in, &s, err);

	upload_init(&u);
	if (!rc)
		rc = json_parse(s.params, strlen(s.params),
		    "the stored parameters", &params, err);
	if (!rc) {
		stored.obj = params;
		upload_read(&u, &stored);
		rc = json_in_done(&stored, err);
	}
	if (!rc)
		rc = finish(app, &u, &s, rp, err);
	cJSON_Delete(params);
	upload_release(&u);
	upload_session_release(&s);
	return rc;
}
