/*
 * POST /v1/data/download: a job that writes a table into a file of the
 * server. The path comes from the request, so it must lie below a folder that
 * the operator named; here it is resolved, and the task opens it without
 * following links.
 */
#include "fcgi-app/local_job.h"
#include "fcgi-app/target.h"
#include "lib/base/below.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/store/catalogue.h"

#define PATH_LEN_MAX  4096
#define DELIMITER_MAX 16

struct download {
	int64_t work_mode;
	const char *name_space, *name;
	const char *output_path, *delimiter;
	bool has_head;
	struct buf root, file; /* resolved */
};

static enum err
read_params(struct download *d, const cJSON *body, struct buf *err)
{
	struct json_in in = {.obj = body};

	d->work_mode = json_in_int(&in, "work_mode", JSON_REQUIRED, 0, 1, 0);
	d->name_space =
	    json_in_str(&in, "namespace", JSON_REQUIRED, ID_NAME_MAX);
	d->name = json_in_str(&in, "table_name", JSON_REQUIRED, ID_NAME_MAX);
	d->output_path =
	    json_in_str(&in, "output_path", JSON_REQUIRED, PATH_LEN_MAX);
	d->delimiter =
	    json_in_str(&in, "delimitor", JSON_OPTIONAL, DELIMITER_MAX);
	d->has_head = json_in_bool(&in, "head", JSON_OPTIONAL, false);
	if (d->delimiter && !*d->delimiter)
		json_in_fault(&in, "field 'delimitor' is empty");
	return json_in_done(&in, err);
}

static enum err
check_table(struct app *app, const struct download *d, struct buf *err)
{
	struct catalogue_table t;
	enum err rc = catalogue_find(app->db, d->name_space, d->name, &t, err);

	catalogue_release(&t);
	return rc == ERR_NOTFOUND ? ERR_INVALID : rc;
}

static enum err
check_path(struct app *app, struct download *d, struct buf *err)
{
	const char *output_dir = app->cfg->api.output_dir;

	if (!*output_dir)
		return err_set(err, ERR_DENIED,
		    "this server writes no files: api.output_dir is not set");
	if (!below_resolve(output_dir, d->output_path, &d->root, &d->file))
		return err_set(err, ERR_DENIED,
		    "output_path '%.256s' does not lie below api.output_dir",
		    d->output_path);
	if (path_exists(d->file.ptr))
		return err_set(err, ERR_CONFLICT,
		    "output_path '%.256s' exists already and is not "
		    "overwritten",
		    d->output_path);
	return ERR_OK;
}

static enum err
submit(struct app *app, const struct download *d, struct reply *rp,
    struct buf *err)
{
	struct local_job j;
	enum err rc;

	local_job_init(&j, "download", "Download", d->work_mode);
	local_job_add_int(&j, "work_mode", d->work_mode);
	local_job_add_str(&j, "delimitor", d->delimiter ? d->delimiter : ",");
	local_job_add_str(&j, "output_path", d->file.ptr);
	local_job_add_str(&j, "namespace", d->name_space);
	local_job_add_str(&j, "table_name", d->name);
	local_job_add_str(&j, "output_dir", d->root.ptr);
	if (d->has_head)
		local_job_add(&j, "head", cJSON_CreateTrue());
	rc = local_job_create(app, &j, NULL, rp, err);
	local_job_release(&j);
	return rc;
}

enum err
data_download(
    struct app *app, struct request *rq, struct reply *rp, struct buf *err)
{
	static const char *const required[] = {
	    "work_mode", "namespace", "table_name", "output_path"};
	struct download d = {.root = BUF_INIT, .file = BUF_INIT};
	enum err rc;

	if (!target_has_all(rq->body, required, ARRAY_LEN(required), rp))
		return ERR_OK;
	rc = read_params(&d, rq->body, err);
	if (!rc)
		rc = check_path(app, &d, err);
	if (!rc)
		rc = check_table(app, &d, err);
	if (!rc)
		rc = submit(app, &d, rp, err);
	buf_release(&d.root);
	buf_release(&d.file);
	return rc;
}
