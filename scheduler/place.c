/*
 * The file "module" has a second name in the task's folder before the model
 * moves: by it the attempt's model is known wherever it stands, so that two
 * schedulers that do this, one of them late, never take out what is in place.
 * It is written there, not in the model: what a killed writer leaves is swept
 * with the task's folder.
 */
#include "scheduler/place.h"
#include "lib/base/path.h"
#include "scheduler/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

bool
place_has_model(const struct run_task *t)
{
	return !t->job->conf.is_predict &&
	       cJSON_GetArraySize(json_get(t->result, "model")) > 0;
}

/* The file "module": its name, then "<buffer> <message>" per line. */
static enum err
print_module(const struct run_task *t, struct buf *out, struct buf *err)
{
	const cJSON *list = json_get(t->result, "model"), *item;
	enum err rc = ERR_OK;

	buf_addf(
	    out, "%s\n", t->job->dsl.components[t->component].module->name);
	cJSON_ArrayForEach(item, list)
	{
		const char *buffer = json_str(item, "buffer", "");

		if (!path_is_component(buffer))
			rc = err_set(err, ERR_INVALID,
			    "its model buffer \"%s\" has no legal name",
			    buffer);
		buf_addf(out, "%s %s\n", buffer, json_str(item, "message", ""));
	}
	return rc;
}

static enum err
model_dir(const struct scheduler *s, const struct run_task *t, struct buf *out,
    struct buf *err)
{
	struct model_ref m = launch_model(s, t);

	return model_path_component(&m, run_task_component(t),
	    t->job->dsl.components[t->component].model_alias, out, err);
}

/* Are both there, and the same file? */
static bool
is_same(const char *a, const char *b)
{
	struct stat x, y;

	return lstat(a, &x) == 0 && lstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

struct move {
	struct buf from, to, parent; /* folders */
	struct buf mark;	     /* second name of the file "module" */
	struct buf from_module, to_module;
	struct buf replaced;
};

static void
move_release(struct move *m)
{
	buf_release(&m->from);
	buf_release(&m->to);
	buf_release(&m->parent);
	buf_release(&m->mark);
	buf_release(&m->from_module);
	buf_release(&m->to_module);
	buf_release(&m->replaced);
}

static enum err
move_init(struct scheduler *s, const struct run_task *t, struct move *m,
    struct buf *err)
{
	enum err rc = model_dir(s, t, &m->to, err);

	path_set(&m->from, "%s/model", t->dir.ptr);
	path_set(&m->mark, "%s/model.module", t->dir.ptr);
	path_set(&m->replaced, "%s/model.replaced", t->dir.ptr);
	path_set(&m->from_module, "%s/module", m->from.ptr);
	path_set(&m->to_module, "%s/module", m->to.ptr);
	path_parent(m->to.ptr, &m->parent);
	return rc;
}

/* Where the file system cannot exchange: for a moment there is no model. */
static enum err
replace(const struct move *m, struct buf *err)
{
	if (rename(m->to.ptr, m->replaced.ptr) < 0 ||
	    rename(m->from.ptr, m->to.ptr) < 0)
		return err_set_errno(err, ERR_IO,
		    "cannot put %s in place of %s", m->from.ptr, m->to.ptr);
	return ERR_OK;
}

/* An earlier attempt's model is there: the two change places. */
static enum err
exchange(const struct move *m, struct buf *err)
{
	int rc = renameat2(
	    AT_FDCWD, m->from.ptr, AT_FDCWD, m->to.ptr, RENAME_EXCHANGE);

	if (rc < 0 && (errno == EINVAL || errno == ENOSYS))
		return replace(m, err);
	if (rc < 0 && errno != ENOENT)
		return err_set_errno(err, ERR_IO, "cannot exchange %s and %s",
		    m->from.ptr, m->to.ptr);
	if (is_same(m->to_module.ptr, m->mark.ptr)) {
		(void)!rename(m->from.ptr, m->replaced.ptr);
		return ERR_OK;
	}
	/* Somebody else did it meanwhile, and we undid it. */
	(void)!renameat2(
	    AT_FDCWD, m->from.ptr, AT_FDCWD, m->to.ptr, RENAME_EXCHANGE);
	return is_same(m->to_module.ptr, m->mark.ptr)
		   ? ERR_OK
		   : err_set(err, ERR_CONFLICT,
			 "%s was replaced by another attempt", m->to.ptr);
}

/* By link(), so that of two writers one is first and stays. */
static enum err
make_mark(const struct run_task *t, const struct move *m, struct buf *err)
{
	struct buf text = BUF_INIT, scratch = BUF_INIT;
	enum err rc = print_module(t, &text, err);

	path_set(&scratch, "%s.%d.tmp", m->mark.ptr, (int)getpid());
	if (!rc)
		rc = path_write_file(
		    scratch.ptr, text.ptr, text.len, PATH_SCRATCH, err);
	if (!rc && link(scratch.ptr, m->mark.ptr) < 0 && errno != EEXIST)
		rc =
		    err_set_errno(err, ERR_IO, "cannot create %s", m->mark.ptr);
	(void)!unlink(scratch.ptr);
	buf_release(&text);
	buf_release(&scratch);
	return rc;
}

static enum err
sync_module(const struct move *m, struct buf *err)
{
	int fd = open(m->mark.ptr, O_RDONLY | O_CLOEXEC);
	enum err rc = ERR_OK;

	if (fd < 0 || fsync(fd) < 0)
		rc = err_set_errno(err, ERR_IO, "cannot sync %s", m->mark.ptr);
	if (fd >= 0)
		close(fd);
	return rc ? rc : path_sync_dir(m->from.ptr, err);
}

/* The file "module" of the model, which is complete by it. */
static enum err
give_module(const struct run_task *t, const struct move *m, struct buf *err)
{
	enum err rc = ERR_OK;

	/* Who comes late makes nothing in a folder that was swept. */
	if (!path_exists(m->mark.ptr) && path_exists(m->from.ptr))
		rc = make_mark(t, m, err);
	if (!rc && link(m->mark.ptr, m->from_module.ptr) < 0 &&
	    errno != EEXIST && errno != ENOENT)
		rc = err_set_errno(
		    err, ERR_IO, "cannot create %s", m->from_module.ptr);
	if (!rc && !is_same(m->from_module.ptr, m->mark.ptr))
		rc = err_set(err, ERR_CONFLICT,
		    "the model in %s is not the attempt's own", t->dir.ptr);
	return rc ? rc : sync_module(m, err);
}

static enum err
move_model(const struct run_task *t, const struct move *m, struct buf *err)
{
	enum err rc = give_module(t, m, err);

	if (!rc)
		rc = path_mkdirs(m->parent.ptr, err);
	if (rc || rename(m->from.ptr, m->to.ptr) == 0)
		return rc;
	if (errno == ENOTEMPTY || errno == EEXIST)
		return exchange(m, err);
	return err_set_errno(
	    err, ERR_IO, "cannot move %s to %s", m->from.ptr, m->to.ptr);
}

/* Who fails because another moved it meanwhile has nothing left to do. */
static enum err
publish_model(const struct run_task *t, const struct move *m, struct buf *err)
{
	struct buf why = BUF_INIT;
	enum err rc = ERR_OK;

	if (!is_same(m->to_module.ptr, m->mark.ptr))
		rc = move_model(t, m, &why);
	if (rc && is_same(m->to_module.ptr, m->mark.ptr))
		rc = ERR_OK;
	if (rc)
		err_set(err, rc, "%s", why.ptr);
	buf_release(&why);
	return rc;
}

enum err
place_model(struct scheduler *s, struct run_task *t, struct buf *err)
{
	struct move m = {BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT, BUF_INIT,
	    BUF_INIT, BUF_INIT};
	enum err rc;

	if (!place_has_model(t))
		return ERR_OK;
	rc = move_init(s, t, &m, err);
	if (!rc)
		rc = publish_model(t, &m, err);
	if (!rc)
		rc = path_sync_dir(m.parent.ptr, err);
	move_release(&m);
	return rc;
}

int64_t
place_model_size(struct scheduler *s, const struct run_task *t)
{
	struct buf dir = BUF_INIT;
	struct dirent *e;
	int64_t size = 0;
	DIR *d;

	(void)model_dir(s, t, &dir, NULL);
	d = opendir(dir.ptr);
	while (d && (e = readdir(d)) != NULL) {
		struct stat st;

		if (strcmp(e->d_name, "module") != 0 &&
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			0 &&
		    S_ISREG(st.st_mode))
			size += st.st_size;
	}
	if (d)
		closedir(d);
	buf_release(&dir);
	return size;
}
