/* Which model, which database, and a file for the archive. */
#include "keeper/keeper.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/model/model_tree.h"

static struct {
	const struct cfg *cfg;
} self;

void
keeper_configure(const struct cfg *cfg)
{
	self.cfg = cfg;
}

const struct cfg *
keeper_cfg(void)
{
	return self.cfg;
}

static enum err
read_parameters(const struct task *t, struct keeper *k, struct buf *err)
{
	struct json_in in = {.obj = t->param};
	enum err rc;

	k->party_model_id = json_in_str(&in, "model_id", JSON_REQUIRED, 600);
	k->version = json_in_str(&in, "model_version", JSON_REQUIRED, 512);
	rc = json_in_done(&in, err);
	if (rc)
		return rc;
	k->parts = xstrdup(k->party_model_id);
	k->model.work_dir = self.cfg->site.work_dir;
	k->model.version = k->version;
	return model_tree_split(k->parts, &k->model, err);
}

/* The site's own database, or the one that model_store names. */
static enum err
open_database(struct keeper *k, struct buf *err)
{
	k->where = *self.cfg;
	if (!*self.cfg->model_store.name) {
		k->db = db_new(&k->where);
		return ERR_OK;
	}
	k->where.database.name = self.cfg->model_store.name;
	k->where.database.socket = self.cfg->model_store.socket;
	k->where.database.host = self.cfg->model_store.host;
	k->where.database.port = self.cfg->model_store.port;
	k->where.database.user = self.cfg->model_store.user;
	k->where.database.password_file = self.cfg->model_store.password_file;
	k->db = db_new(&k->where);
	return model_store_create(k->db, err);
}

/* Gone with the process, whatever becomes of it. */
static enum err
open_file(const struct task *t, struct keeper *k, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum err rc = ERR_OK;

	path_set(&path, "%s/archive.zip", t->dir);
	k->fd = open(path.ptr,
	    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (k->fd < 0 || unlink(path.ptr) < 0)
		rc = err_set_errno(err, ERR_IO, "%s", path.ptr);
	buf_release(&path);
	return rc;
}

static enum err
keeper_open(const struct task *t, struct keeper *k, struct buf *err)
{
	enum err rc;

	*k = (struct keeper){.fd = -1};
	rc = read_parameters(t, k, err);
	if (!rc)
		rc = open_database(k, err);
	return rc ? rc : open_file(t, k, err);
}

static void
keeper_close(struct keeper *k)
{
	if (k->fd >= 0)
		close(k->fd);
	db_close(&k->db);
	free(k->parts);
}

enum err
keeper_run(struct task *t, const struct keeper_verb *verb, struct buf *err)
{
	struct buf why = BUF_INIT;
	struct keeper k;
	enum err rc = keeper_open(t, &k, &why);

	if (!rc)
		rc = verb->work(t, &k, &why);
	if (rc)
		err_set(err, rc, "%s model %s %s %s mysql failed: %s",
		    verb->what, k.party_model_id ? k.party_model_id : "?",
		    k.version ? k.version : "?", verb->way, why.ptr);
	keeper_close(&k);
	buf_release(&why);
	return rc;
}
