/*
 * POST /v1/data/upload. Everything that can be refused is refused on the
 * query string, before the first byte of the file is read. The file streams
 * into a nameless spool file, is synced and named, and only then is there a
 * job that needs it.
 */
#include "fcgi-app/create.h"
#include "fcgi-app/multipart.h"
#include "fcgi-app/query_string.h"
#include "fcgi-app/spool.h"
#include "fcgi-app/target.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/store/catalogue.h"

#include <sys/stat.h>

#define CHUNK 65536

enum { DROP_APPEND = 0, DROP_REPLACE = 1, DROP_REFUSE = 2 };

struct upload {
	struct app *app;
	struct request *rq;
	const cJSON *params;
	int64_t work_mode, head, partition, drop;
	const char *name_space, *name;
	struct buf file;      /* what the task reads */
	struct buf append_to; /* table file to add to, or "" */
	struct spool spool;
	char sha256[DIGEST_HEX_LEN];
	bool in_part; /* the part "file" is being read */
	bool has_file;
};

static enum err
part_begin(void *arg, const char *name, const char *file_name, struct buf *err)
{
	struct upload *u = arg;

	(void)file_name;
	u->in_part = !strcmp(name, "file");
	if (u->in_part && u->has_file)
		return err_set(err, ERR_INVALID,
		    "there is more than one part named 'file'");
	u->has_file |= u->in_part;
	return ERR_OK;
}

static enum err
part_data(void *arg, const void *bytes, size_t len, struct buf *err)
{
	struct upload *u = arg;
	int64_t limit = u->app->cfg->api.upload_limit;

	if (!u->in_part)
		return ERR_OK;
	if (limit && u->spool.size + (int64_t)len > limit) {
		u->rq->is_too_large = true;
		return err_set(err, ERR_INVALID,
		    "the file has more than %lld bytes (api.upload_limit)",
		    (long long)limit);
	}
	return spool_write(&u->spool, bytes, len, err);
}

static enum err
part_end(void *arg, struct buf *err)
{
	struct upload *u = arg;

	(void)err;
	u->in_part = false;
	return ERR_OK;
}

static enum err
pump(struct upload *u, struct multipart *m, struct buf *err)
{
	char *chunk = xmalloc(CHUNK);
	ssize_t n = 0;
	enum err rc = ERR_OK;

	while (!rc && (n = u->rq->read(u->rq->arg, chunk, CHUNK)) > 0)
		rc = multipart_feed(m, chunk, (size_t)n, err);
	if (!rc && n < 0)
		rc = err_set(err, ERR_INVALID, "the file did not arrive whole");
	if (!rc)
		rc = multipart_finish(m, err);
	free(chunk);
	return rc;
}

/* The body into the spool. A fault of it is HTTP 400, or 413. */
static enum err
receive(struct upload *u, struct buf *err)
{
	struct multipart_sink sink = {part_begin, part_data, part_end, u};
	struct multipart m;
	enum err rc;

	rc = multipart_init(&m, u->rq->content_type, &sink, err);
	if (!rc)
		rc = spool_open(&u->spool, u->app->cfg, err);
	if (!rc)
		rc = pump(u, &m, err);
	if (!rc && !u->has_file)
		rc = err_set(err, ERR_INVALID,
		    "the multipart body has no part named 'file'");
	if (!rc)
		rc = spool_publish(&u->spool, u->sha256, err);
	if (!rc)
		path_set(&u->file, "%s", u->spool.path.ptr);
	multipart_release(&m);
	return rc;
}

/* use_local_data 0: a file of the server, below api.input_dir only. */
static enum err
local_file(struct upload *u, const char *file, struct buf *err)
{
	const char *input_dir = u->app->cfg->api.input_dir;
	char *root = NULL, *real = NULL;
	struct buf path = BUF_INIT;
	struct stat st;
	enum err rc = ERR_OK;
	size_t len;

	if (!*input_dir)
		return err_set(err, ERR_DENIED,
		    "this server takes no files of its own "
		    "(use_local_data 0): api.input_dir is not set");
	path_set(&path, "%s%s%s", *file == '/' ? "" : input_dir,
	    *file == '/' ? "" : "/", file);
	root = realpath(input_dir, NULL);
	real = realpath(path.ptr, NULL);
	len = root ? strlen(root) : 0;
	if (!root || (real && (strncmp(real, root, len) || real[len] != '/')))
		rc = err_set(err, ERR_DENIED,
		    "file '%s' does not lie below api.input_dir", file);
	else if (!real || stat(real, &st) || !S_ISREG(st.st_mode))
		rc = err_set(err, ERR_INVALID,
		    "file '%s' is not there or no regular file", file);
	else
		path_set(&u->file, "%s", real);
	free(root);
	free(real);
	buf_release(&path);
	return rc;
}

/* What to do when the table has rows already. */
static enum err
check_table(struct upload *u, struct buf *err)
{
	struct catalogue_table t;
	struct buf none = BUF_INIT;
	enum err rc =
	    catalogue_find(u->app->db, u->name_space, u->name, &t, &none);

	if (rc) {
		if (rc != ERR_NOTFOUND)
			buf_add(err, none.ptr, none.len);
		buf_release(&none);
		return rc == ERR_NOTFOUND ? ERR_OK : rc;
	}
	if (t.rows > 0 && u->drop == DROP_REFUSE)
		rc = err_set(err, ERR_CONFLICT,
		    "The data table already exists, table data count:%lld.If "
		    "you still want to continue uploading, please add the "
		    "parameter -drop. 0 means not to delete and continue "
		    "uploading, 1 means to upload again after deleting the "
		    "table",
		    (long long)t.rows);
	else if (t.rows > 0 && u->drop == DROP_APPEND)
		path_set(&u->append_to, "%s/tables/%s",
		    u->app->cfg->site.work_dir, t.file);
	catalogue_release(&t);
	buf_release(&none);
	return rc;
}

static enum err
read_params(struct upload *u, struct buf *err)
{
	struct json_in in = {.obj = u->params};

	u->work_mode = json_in_int(&in, "work_mode", JSON_REQUIRED, 0, 1, 0);
	u->head =
	    json_in_int(&in, "head", JSON_REQUIRED, INT32_MIN, INT32_MAX, 0);
	u->partition = json_in_int(
	    &in, "partition", JSON_REQUIRED, INT32_MIN, INT32_MAX, 0);
	u->drop = json_in_int(
	    &in, "drop", JSON_OPTIONAL, DROP_APPEND, DROP_REFUSE, DROP_REFUSE);
	u->name_space =
	    json_in_str(&in, "namespace", JSON_REQUIRED, ID_NAME_MAX);
	u->name = json_in_str(&in, "table_name", JSON_REQUIRED, ID_NAME_MAX);
	return json_in_done(&in, err);
}

static void
add_list(cJSON *obj, const char *key, cJSON *value)
{
	cJSON *list = cJSON_CreateArray();

	json_add(obj, key, list);
	cJSON_AddItemToArray(list, value);
}

static cJSON *
make_conf(const struct upload *u)
{
	cJSON *conf = cJSON_CreateObject(), *it, *upload;

	it = cJSON_AddObjectToObject(conf, "initiator");
	json_add_str(it, "role", "local");
	cJSON_AddNumberToObject(it, "party_id", 0);
	it = cJSON_AddObjectToObject(conf, "job_parameters");
	cJSON_AddNumberToObject(it, "work_mode", (double)u->work_mode);
	it = cJSON_AddObjectToObject(conf, "role");
	add_list(it, "local", cJSON_CreateNumber(0));
	it = cJSON_AddObjectToObject(conf, "role_parameters");
	it = cJSON_AddObjectToObject(it, "local");
	upload = cJSON_AddObjectToObject(it, "upload_0");
	add_list(upload, "work_mode", cJSON_CreateNumber((double)u->work_mode));
	add_list(upload, "head", cJSON_CreateNumber((double)u->head));
	add_list(upload, "partition", cJSON_CreateNumber((double)u->partition));
	add_list(upload, "file", cJSON_CreateString(u->file.ptr));
	add_list(upload, "namespace", cJSON_CreateString(u->name_space));
	add_list(upload, "table_name", cJSON_CreateString(u->name));
	add_list(upload, "in_version", cJSON_CreateNull());
	if (json_get(u->params, "drop"))
		add_list(upload, "drop", cJSON_CreateNumber((double)u->drop));
	if (u->append_to.len)
		add_list(
		    upload, "append_to", cJSON_CreateString(u->append_to.ptr));
	if (*u->sha256) {
		it = cJSON_AddObjectToObject(conf, "upload_file");
		json_add_int(it, "bytes", u->spool.size);
		json_add_str(it, "sha256", u->sha256);
	}
	return conf;
}

static enum err
submit(struct upload *u, struct reply *rp, struct buf *err)
{
	cJSON *conf = make_conf(u), *dsl = cJSON_CreateObject(), *it;
	struct create c = {.kind = "upload", .dsl = dsl, .conf = conf};
	enum err rc;

	it = cJSON_AddObjectToObject(dsl, "components");
	it = cJSON_AddObjectToObject(it, "upload_0");
	json_add_str(it, "module", "Upload");
	rc = create_job(u->app, &c, rp, err);
	if (!rc) {
		json_add_str(rp->data, "namespace", u->name_space);
		json_add_str(rp->data, "table_name", u->name);
	} else if (rc != ERR_UNCERTAIN)
		spool_unpublish(&u->spool);
	cJSON_Delete(conf);
	cJSON_Delete(dsl);
	return rc;
}

/* One request in order: parameters, table, file, job. */
static enum err
run(struct upload *u, const char *file, struct reply *rp, struct buf *err)
{
	static const char *const required[] = {
	    "work_mode", "namespace", "table_name", "head", "partition"};
	enum err rc;

	if (!target_has_all(u->params, required, ARRAY_LEN(required), rp))
		return ERR_OK;
	rc = read_params(u, err);
	if (!rc)
		rc = check_table(u, err);
	if (rc)
		return rc;
	rc = file ? local_file(u, file, err) : receive(u, err);
	if (rc == ERR_INVALID && !file) {
		reply_http(rp, u->rq->is_too_large ? 413 : 400, 100, err->ptr);
		return ERR_OK;
	}
	return rc ? rc : submit(u, rp, err);
}

static enum err
upload_json(struct upload *u, struct reply *rp, struct buf *err)
{
	const cJSON *flag;
	const char *file;
	enum err rc =
	    request_read_json(u->rq, (size_t)u->app->cfg->api.body_limit, err);

	flag = json_get(u->rq->body, "use_local_data");
	file = json_str(u->rq->body, "file", "");
	if (rc || !cJSON_IsNumber(flag) || flag->valuedouble != 0) {
		if (!rc)
			err_set(err, ERR_INVALID,
			    "an upload is multipart/form-data with a part "
			    "'file', or JSON with use_local_data 0");
		reply_http(rp, u->rq->is_too_large ? 413 : 400, 100, err->ptr);
		return ERR_OK;
	}
	if (!*file)
		return reply_say(
		    rp, 100, "the following arguments are required: file ");
	u->params = u->rq->body;
	return run(u, file, rp, err);
}

enum err
data_upload(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	struct upload u = {.app = app, .rq = rq, .spool = {.fd = -1}};
	cJSON *params = NULL;
	enum err rc;

	buf_init(&u.file);
	buf_init(&u.append_to);
	buf_init(&u.spool.path);
	if (request_is_json(rq))
		rc = upload_json(&u, rp, err);
	else {
		rc = query_string_parse(rq->query, &params, err);
		u.params = params;
		if (!rc)
			rc = run(&u, NULL, rp, err);
	}
	cJSON_Delete(params);
	buf_release(&u.file);
	buf_release(&u.append_to);
	spool_release(&u.spool);
	return rc;
}
