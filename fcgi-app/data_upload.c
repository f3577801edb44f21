/*
 * POST /v1/data/upload. Everything that can be refused is refused on the
 * query string, before the first byte of the file is read. The file streams
 * into a nameless spool file, is synced and named, and only then is there a
 * job that needs it.
 */
#include "fcgi-app/multipart.h"
#include "fcgi-app/query_string.h"
#include "fcgi-app/spool.h"
#include "fcgi-app/upload.h"
#include "lib/base/below.h"
#include "lib/base/disk.h"
#include "lib/base/path.h"

#include <sys/stat.h>

struct transfer {
	struct app *app;
	struct request *rq;
	struct upload upload;
	struct spool spool;
	struct token token;
	bool in_part; /* the part "file" is being read */
	bool has_file;
};

static enum err
part_begin(void *arg, const char *name, const char *file_name, struct buf *err)
{
	struct transfer *t = arg;

	(void)file_name;
	t->in_part = !strcmp(name, "file");
	if (t->in_part && t->has_file)
		return err_set(err, ERR_INVALID,
		    "there is more than one part named 'file'");
	t->has_file |= t->in_part;
	return ERR_OK;
}

static enum err
part_data(void *arg, const void *bytes, size_t len, struct buf *err)
{
	struct transfer *t = arg;
	int64_t limit = t->app->cfg->api.upload_limit;

	if (!t->in_part)
		return ERR_OK;
	if (limit && t->spool.size + (int64_t)len > limit) {
		t->rq->is_too_large = true;
		return err_set(err, ERR_INVALID,
		    "the file has more than %lld bytes (api.upload_limit)",
		    (long long)limit);
	}
	return spool_write(&t->spool, bytes, len, err);
}

static enum err
part_end(void *arg, struct buf *err)
{
	struct transfer *t = arg;

	(void)err;
	t->in_part = false;
	return ERR_OK;
}

/* The body into the spool. A fault of it is HTTP 400, or 413. */
static enum err
receive(struct transfer *t, struct buf *err)
{
	struct multipart_sink sink = {part_begin, part_data, part_end, t};
	struct multipart m;
	enum err rc;

	rc = multipart_init(&m, t->rq->content_type, &sink, err);
	if (!rc)
		rc = spool_open(&t->spool, t->app->cfg, err);
	if (!rc)
		rc = multipart_receive(&m, t->rq, err);
	if (!rc && !t->has_file)
		rc = err_set(err, ERR_INVALID,
		    "the multipart body has no part named 'file'");
	if (!rc)
		rc = spool_publish(&t->spool, t->upload.sha256, err);
	if (!rc)
		path_set(&t->upload.file, "%s", t->spool.path.ptr);
	t->upload.file_bytes = t->spool.size;
	multipart_release(&m);
	return rc;
}

/* use_local_data 0: a file of the server, below api.input_dir only. */
static enum err
local_file(struct transfer *t, const char *file, struct buf *err)
{
	const char *input_dir = t->app->cfg->api.input_dir;
	struct buf root = BUF_INIT;
	struct stat st;
	enum err rc = ERR_OK;

	if (!*input_dir)
		return err_set(err, ERR_DENIED,
		    "this server takes no files of its own "
		    "(use_local_data 0): api.input_dir is not set");
	if (!below_resolve(input_dir, file, &root, &t->upload.file))
		rc = err_set(err, ERR_DENIED,
		    "file '%.256s' does not lie below api.input_dir", file);
	else if (stat(t->upload.file.ptr, &st) || !S_ISREG(st.st_mode))
		rc = err_set(err, ERR_INVALID,
		    "file '%.256s' is not there or no regular file", file);
	buf_release(&root);
	return rc;
}

static enum err
submit(struct transfer *t, struct reply *rp, struct buf *err)
{
	enum err rc = upload_submit(t->app, &t->upload, rp, err);

	if ((rc && rc != ERR_UNCERTAIN) || t->token.is_repeat)
		spool_unpublish(&t->spool);
	return rc;
}

/*
 * A repeated request finds its table taken, by itself; maybe only since it
 * asked whether it is one.
 */
static enum err
check(struct transfer *t, struct buf *err)
{
	struct buf why = BUF_INIT;
	bool is_known = false;
	enum err again = ERR_OK,
		 rc = token_is_known(t->app, &t->token, &is_known, err);

	if (rc || is_known)
		return rc;
	rc = upload_check(t->app, &t->upload, &why);
	if (token_may_excuse(&t->token, rc))
		again = token_is_known(t->app, &t->token, &is_known, err);
	if (again || is_known)
		rc = again;
	else if (rc)
		err_set(err, rc, "%s", why.ptr);
	buf_release(&why);
	return rc;
}

/* One request in order: parameters, table, file, job. */
static enum err
run(struct transfer *t, const cJSON *params, const char *file, struct reply *rp,
    struct buf *err)
{
	struct json_in in = {.obj = params};
	enum err rc;

	if (!upload_has_all(params, rp))
		return ERR_OK;
	upload_read(&t->upload, &in);
	token_read(&t->token, t->rq, &in);
	rc = json_in_done(&in, err);
	if (!rc)
		rc = check(t, err);
	if (!rc && !file)
		rc = disk_room(t->app->cfg, t->rq->body_len, err);
	if (rc)
		return rc;
	rc = file ? local_file(t, file, err) : receive(t, err);
	if (rc == ERR_INVALID && !file) {
		reply_http(rp, t->rq->is_too_large ? 413 : 400, 100, err->ptr);
		return ERR_OK;
	}
	if (!rc && t->token.value) {
		token_digest(
		    &t->token, "data/upload", params, t->upload.sha256);
		t->upload.token = &t->token;
	}
	return rc ? rc : submit(t, rp, err);
}

static enum err
upload_json(struct transfer *t, struct reply *rp, struct buf *err)
{
	const cJSON *flag;
	const char *file;
	enum err rc =
	    request_read_json(t->rq, (size_t)t->app->cfg->api.body_limit, err);

	flag = json_get(t->rq->body, "use_local_data");
	file = json_str(t->rq->body, "file", "");
	if (rc || !cJSON_IsNumber(flag) || flag->valuedouble != 0) {
		if (!rc)
			err_set(err, ERR_INVALID,
			    "an upload is multipart/form-data with a part "
			    "'file', or JSON with use_local_data 0");
		reply_http(rp, t->rq->is_too_large ? 413 : 400, 100, err->ptr);
		return ERR_OK;
	}
	if (!*file)
		return reply_say(
		    rp, 100, "the following arguments are required: file ");
	return run(t, t->rq->body, file, rp, err);
}

enum err
data_upload(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct transfer t = {.app = app, .rq = rq, .spool = {.fd = -1}};
	cJSON *params = NULL;
	enum err rc;

	upload_init(&t.upload);
	buf_init(&t.spool.path);
	if (request_is_json(rq))
		rc = upload_json(&t, rp, err);
	else {
		rc = query_string_parse(rq->query, &params, err);
		if (!rc)
			rc = run(&t, params, NULL, rp, err);
	}
	cJSON_Delete(params);
	upload_release(&t.upload);
	spool_release(&t.spool);
	return rc;
}
