/*
 * ModelStore: the archive goes to a file first, because a transaction is not
 * to wait for it, and its digest must be known before its first slice.
 */
#include "keeper/keeper.h"

#include "lib/base/clock.h"
#include "lib/base/path.h"
#include "lib/model/model_archive.h"
#include "lib/model/model_tree.h"

struct sink {
	int fd;
	int64_t size;
	struct digest *digest;
};

static bool
take_bytes(void *arg, const void *bytes, size_t len)
{
	struct sink *s = arg;

	digest_update(s->digest, bytes, len);
	s->size += (int64_t)len;
	return path_write_all(s->fd, bytes, len);
}

static enum err
pack(struct keeper *k, struct model_store_info *info, struct buf *err)
{
	struct sink s = {.fd = k->fd, .digest = digest_new()};
	struct model_sink sink = {take_bytes, &s};
	struct define_meta meta = {0};
	uint8_t sum[DIGEST_SHA256_LEN];
	struct buf root = BUF_INIT;
	enum err rc = model_path_root(&k->model, &root, err);

	if (!rc)
		rc = model_tree_read(root.ptr, &meta, err);
	if (rc == ERR_NOTFOUND)
		err_set(err, rc, "there is no such model on this site");
	if (!rc)
		rc = model_archive_write(root.ptr, &meta, &sink, err);
	digest_final(s.digest, sum);
	digest_hex(sum, sizeof(sum), info->digest);
	info->size = s.size;
	define_meta_release(&meta);
	buf_release(&root);
	return rc;
}

/* A task that died after its commit runs again: what it stored is its own. */
static enum err
judge_conflict(const struct task *t, struct keeper *k,
    const struct model_store_put *p, struct buf *err)
{
	struct model_store_info there;
	enum err rc = model_store_find(k->db, &p->key, &there, err);

	if (rc)
		return rc;
	if (!strcmp(there.job_id, t->job_id) &&
	    !strcmp(there.digest, p->info.digest))
		return ERR_OK;
	return err_set(err, ERR_CONFLICT,
	    "it is stored already, by job %s; with force_update it is stored "
	    "in the place of that",
	    there.job_id);
}

static enum err
store(struct task *t, struct keeper *k, struct buf *err)
{
	struct model_store_put p = {
	    .key = {k->party_model_id, k->version},
	    .fd = k->fd,
	    .replace = json_bool(t->param, "force_update", false),
	    .now = clock_wall_ms(),
	};
	enum err rc;

	task_progress(t, 10, "packing the model");
	rc = pack(k, &p.info, err);
	if (rc)
		return rc;
	snprintf(p.info.job_id, sizeof(p.info.job_id), "%s", t->job_id);
	task_progress(t, 50, "storing %lld bytes", (long long)p.info.size);
	rc = model_store_put(k->db, &p, err);
	if (rc == ERR_CONFLICT) {
		buf_reset(err);
		rc = judge_conflict(t, k, &p, err);
	}
	if (!rc)
		task_log(t, "stored %s %s bytes=%lld sha256=%s",
		    k->party_model_id, k->version, (long long)p.info.size,
		    p.info.digest);
	return rc;
}

enum err
keeper_store(struct task *t, struct buf *err)
{
	static const struct keeper_verb verb = {"Store", "to", store};

	return keeper_run(t, &verb, err);
}
