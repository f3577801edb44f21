/* head and partition are the task's to judge: FATE's clients look for that. */
#include "fcgi-app/upload.h"
#include "fcgi-app/local_job.h"
#include "fcgi-app/target.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/store/catalogue.h"
#include "lib/table/table.h"

void
upload_init(struct upload *u)
{
	memset(u, 0, sizeof(*u));
	buf_init(&u->file);
	buf_init(&u->append_to);
}

void
upload_release(struct upload *u)
{
	buf_release(&u->file);
	buf_release(&u->append_to);
}

bool
upload_has_all(const cJSON *params, struct reply *rp)
{
	static const char *const required[] = {
	    "work_mode", "namespace", "table_name", "head", "partition"};

	return target_has_all(params, required, ARRAY_LEN(required), rp);
}

void
upload_read(struct upload *u, struct json_in *in)
{
	u->work_mode = json_in_int(in, "work_mode", JSON_REQUIRED, 0, 1, 0);
	u->head =
	    json_in_int(in, "head", JSON_REQUIRED, INT32_MIN, INT32_MAX, 0);
	u->partition = json_in_int(
	    in, "partition", JSON_REQUIRED, INT32_MIN, INT32_MAX, 0);
	u->drop = json_in_int(in, "drop", JSON_OPTIONAL, TABLE_DROP_APPEND,
	    TABLE_DROP_REFUSE, TABLE_DROP_REFUSE);
	u->has_drop = json_get(in->obj, "drop") != NULL;
	u->name_space =
	    json_in_str(in, "namespace", JSON_REQUIRED, ID_NAME_MAX);
	u->name = json_in_str(in, "table_name", JSON_REQUIRED, ID_NAME_MAX);
}

static enum err
check_table(struct app *app, struct upload *u, struct buf *err)
{
	struct catalogue_table t;
	struct buf none = BUF_INIT;
	enum err rc =
	    catalogue_find(app->db, u->name_space, u->name, &t, &none);

	if (rc) {
		if (rc != ERR_NOTFOUND)
			buf_add(err, none.ptr, none.len);
		buf_release(&none);
		return rc == ERR_NOTFOUND ? ERR_OK : rc;
	}
	if (t.rows > 0 && u->drop == TABLE_DROP_REFUSE)
		rc = err_set(err, ERR_CONFLICT,
		    "The data table already exists, table data count:%lld.If "
		    "you still want to continue uploading, please add the "
		    "parameter -drop. 0 means not to delete and continue "
		    "uploading, 1 means to upload again after deleting the "
		    "table",
		    (long long)t.rows);
	else if (t.rows > 0 && u->drop == TABLE_DROP_APPEND)
		path_set(&u->append_to, "%s/tables/%s", app->cfg->site.work_dir,
		    t.file);
	catalogue_release(&t);
	buf_release(&none);
	return rc;
}

enum err
upload_check(struct app *app, struct upload *u, struct buf *err)
{
	enum err rc = check_table(app, u, err);

	return rc ? rc : local_job_check(u->work_mode, err);
}

void
upload_describe(const struct upload *u, cJSON *data)
{
	json_add_str(data, "namespace", u->name_space);
	json_add_str(data, "table_name", u->name);
}

enum err
upload_submit(
    struct app *app, const struct upload *u, struct reply *rp, struct buf *err)
{
	struct local_job j;
	cJSON *it;
	enum err rc;

	local_job_init(&j, "upload", "Upload", u->work_mode);
	j.token = u->token;
	local_job_add_int(&j, "work_mode", u->work_mode);
	local_job_add_int(&j, "head", u->head);
	local_job_add_int(&j, "partition", u->partition);
	local_job_add_str(&j, "file", u->file.ptr);
	local_job_add_str(&j, "namespace", u->name_space);
	local_job_add_str(&j, "table_name", u->name);
	local_job_add(&j, "in_version", cJSON_CreateNull());
	if (u->has_drop)
		local_job_add_int(&j, "drop", u->drop);
	if (u->append_to.len)
		local_job_add_str(&j, "append_to", u->append_to.ptr);
	if (*u->sha256) {
		it = cJSON_AddObjectToObject(j.conf, "upload_file");
		json_add_int(it, "bytes", u->file_bytes);
		json_add_str(it, "sha256", u->sha256);
	}
	rc = local_job_create(app, &j, u->session, rp, err);
	if (!rc)
		upload_describe(u, rp->data);
	local_job_release(&j);
	return rc;
}
