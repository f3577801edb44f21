/*
 * Folders that a dead writer may have left (*.tmp.<pid>) and names with a
 * leading dot are no components.
 */
#include "lib/model/model_tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/path.h"
#include "lib/core/ids.h"
#include "lib/model/model_index.h"
#include "lib/model/pipeline.h"

typedef enum err folder_each(struct define_meta *meta, const char *path,
    const char *name, const char *above, struct buf *err);

/* Calls `each` for every folder in `dir`, in no order. */
static enum err
each_folder(struct define_meta *meta, const char *dir, const char *above,
    folder_each *each, struct buf *err)
{
	DIR *d = opendir(dir);
	struct buf path = BUF_INIT;
	struct dirent *e;
	enum err rc = ERR_OK;

	if (!d && errno == ENOENT)
		return ERR_NOTFOUND;
	if (!d)
		return err_set_errno(err, ERR_IO, "%s", dir);
	while (!rc && (e = readdir(d))) {
		struct stat st;

		if (e->d_name[0] == '.' || strstr(e->d_name, ".tmp."))
			continue;
		path_set(&path, "%s/%s", dir, e->d_name);
		if (lstat(path.ptr, &st) == 0 && S_ISDIR(st.st_mode))
			rc = each(meta, path.ptr, e->d_name, above, err);
	}
	closedir(d);
	buf_release(&path);
	return rc;
}

static enum err
read_alias(struct define_meta *meta, const char *path, const char *alias,
    const char *component, struct buf *err)
{
	struct model_index index;
	enum err rc = model_index_read(path, &index, err);
	const struct define_component *last =
	    meta->n_components ? &meta->components[meta->n_components - 1]
			       : NULL;

	if (rc == ERR_NOTFOUND)
		rc = ERR_INVALID;
	if (!rc && (!last || strcmp(last->name, component) != 0))
		define_meta_component(meta, component, index.module);
	for (size_t i = 0; !rc && i < index.n_rows; i++)
		define_meta_buffer(meta, component, alias, index.rows[i].buffer,
		    index.rows[i].message);
	model_index_release(&index);
	return rc;
}

static enum err
read_component(struct define_meta *meta, const char *path, const char *name,
    const char *above, struct buf *err)
{
	(void)above;
	return each_folder(meta, path, name, read_alias, err);
}

enum err
model_tree_read(const char *root, struct define_meta *out, struct buf *err)
{
	enum err rc;

	*out = (struct define_meta){0};
	rc = each_folder(out, root, NULL, read_component, err);
	if (!rc)
		rc = define_meta_settle(out, err);
	if (!rc &&
	    !define_meta_find_buffer(out, "pipeline", "pipeline", "Pipeline"))
		rc = err_set(err, ERR_INVALID,
		    "the model has no pipeline: its training did not finish");
	if (rc)
		define_meta_release(out);
	return rc;
}

const char *
model_tree_path(
    const char *root, const struct define_buffer *b, struct buf *out)
{
	return path_set(
	    out, "%s/%s/%s/%s", root, b->component, b->alias, b->name);
}

static int64_t
tree_size(const char *root, const struct define_meta *meta)
{
	struct buf path = BUF_INIT;
	int64_t size = 0;
	struct stat st;

	for (size_t i = 0; i < meta->n_buffers; i++) {
		model_tree_path(root, &meta->buffers[i], &path);
		if (stat(path.ptr, &st) == 0)
			size += st.st_size;
	}
	buf_release(&path);
	return size;
}

static void
print_roles(const struct model_ref *m, struct buf *out)
{
	struct pipeline p = {0};
	const cJSON *roles = NULL;
	cJSON *conf = NULL;

	if (!pipeline_read(m, &p, NULL) &&
	    !json_parse(p.train_runtime_conf, strlen(p.train_runtime_conf),
		"train_runtime_conf", &conf, NULL))
		roles = json_get(conf, "role");
	if (cJSON_IsObject(roles))
		json_print(roles, JSON_STORE, out);
	else
		buf_adds(out, "{}");
	cJSON_Delete(conf);
	pipeline_release(&p);
}

enum err
model_tree_describe(const struct model_ref *m, struct buf *roles_out,
    int64_t *size_out, struct buf *err)
{
	struct buf root = BUF_INIT;
	struct define_meta meta = {0};
	enum err rc = model_path_root(m, &root, err);

	if (!rc)
		rc = model_tree_read(root.ptr, &meta, err);
	if (!rc) {
		*size_out = tree_size(root.ptr, &meta);
		print_roles(m, roles_out);
	}
	define_meta_release(&meta);
	buf_release(&root);
	return rc;
}

enum err
model_tree_trash(const struct model_ref *m, struct buf *trash, struct buf *err)
{
	struct buf root = BUF_INIT, parent = BUF_INIT;
	char name[ID_RANDOM_LEN];
	enum err rc = model_path_root(m, &root, err);

	if (rc)
		goto out;
	ids_random(name);
	path_set(trash, "%s/models/.trash", m->work_dir);
	rc = path_mkdirs(trash->ptr, err);
	buf_addf(trash, "/%s", name);
	if (!rc && rename(root.ptr, trash->ptr) < 0)
		rc = errno == ENOENT ? ERR_NOTFOUND
				     : err_set_errno(err, ERR_IO,
					   "cannot rename %s", root.ptr);
	path_parent(root.ptr, &parent);
	if (!rc)
		rc = path_sync_dir(parent.ptr, err);
	/* Of the last version, or where somebody was killed just here. */
	if (!rc || rc == ERR_NOTFOUND)
		(void)rmdir(parent.ptr);
out:
	buf_release(&root);
	buf_release(&parent);
	return rc;
}

void
model_tree_remove(const struct model_ref *m)
{
	struct buf trash = BUF_INIT;

	if (!model_tree_trash(m, &trash, NULL))
		(void)path_remove_tree(trash.ptr, NULL);
	buf_release(&trash);
}

enum err
model_tree_split(char *party_model, struct model_ref *out, struct buf *err)
{
	char *party = strchr(party_model, '#');
	char *id = party ? strchr(party + 1, '#') : NULL;

	if (!id || !id[1])
		return err_set(err, ERR_INVALID,
		    "\"%.200s\" is no model: role#party#model_id is expected",
		    party_model);
	*party = *id = '\0';
	out->role = party_model;
	out->party_id = party + 1;
	out->model_id = id + 1;
	return ERR_OK;
}
