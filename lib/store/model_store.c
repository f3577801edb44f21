/*
 * Every row carries what the whole archive must be, so that one query reads
 * it back and knows when something is missing; its digest is the last word.
 */
#include "lib/store/model_store.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/embed.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

/* sql/0012, compiled in. */
extern const struct embed_file model_store_schema[];

enum { STORE_FIND, STORE_DROP, STORE_ADD, STORE_READ, STORE__MAX };

static const char *const stmts[STORE__MAX] = {
    [STORE_FIND] = "SELECT f_archive_size, f_slice_count, f_digest, f_job_id"
		   " FROM t_machine_learning_model"
		   " WHERE model_key = ? AND f_slice_index = 0",
    [STORE_DROP] = "DELETE FROM t_machine_learning_model WHERE model_key = ?",
    [STORE_ADD] = "INSERT INTO t_machine_learning_model (model_key,"
		  " f_slice_index, f_model_id, f_model_version, f_content,"
		  " f_size, f_slice_count, f_archive_size, f_digest, f_job_id,"
		  " f_create_time, f_update_time)"
		  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STORE_READ] = "SELECT f_slice_index, f_content, f_slice_count,"
		   " f_archive_size, f_digest FROM t_machine_learning_model"
		   " WHERE model_key = ? ORDER BY f_slice_index",
};
DB_STATEMENTS(stmts);

static struct db_bind
key_bind(const struct model_store_key *key, uint8_t out[DIGEST_SHA256_LEN])
{
	struct digest *d = digest_new();

	/* The NUL of the first parts the two. */
	digest_update(d, key->party_model_id, strlen(key->party_model_id) + 1);
	digest_update(d, key->version, strlen(key->version));
	digest_final(d, out);
	return DB_BYTES(out, DIGEST_SHA256_LEN);
}

enum err
model_store_create(struct db *db, struct buf *err)
{
	return db_script(
	    db, model_store_schema->text, model_store_schema->len, err);
}

enum err
model_store_find(struct db *db, const struct model_store_key *key,
    struct model_store_info *out, struct buf *err)
{
	uint8_t bytes[DIGEST_SHA256_LEN];
	struct db_rows *r = NULL;
	enum err rc = db_one(
	    db, stmts[STORE_FIND], DB_BINDS(key_bind(key, bytes)), &r, err);

	*out = (struct model_store_info){0};
	if (!rc) {
		out->size = db_int(r, 0);
		out->n_slices = db_int(r, 1);
		snprintf(out->digest, sizeof(out->digest), "%s", db_text(r, 2));
		snprintf(out->job_id, sizeof(out->job_id), "%s", db_text(r, 3));
	}
	db_end(&r);
	return rc;
}

/* ---- in ---- */

static enum err
read_slice(int fd, int64_t at, char *out, size_t len, struct buf *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(
		    fd, out + done, len - done, (off_t)(at + (int64_t)done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set_errno(err, ERR_IO,
			    "reading the archive that is to be stored");
		done += (size_t)n;
	}
	return ERR_OK;
}

static enum err
add_slices(struct db *db, const struct model_store_put *p, char *slice,
    struct buf *err)
{
	int64_t size = p->info.size;
	int64_t n = (size + MODEL_STORE_SLICE - 1) / MODEL_STORE_SLICE;
	uint8_t key[DIGEST_SHA256_LEN];
	enum err rc = ERR_OK;

	for (int64_t i = 0; !rc && i < n; i++) {
		int64_t at = i * MODEL_STORE_SLICE, left = size - at;
		size_t len =
		    (size_t)(left < MODEL_STORE_SLICE ? left
						      : MODEL_STORE_SLICE);

		rc = read_slice(p->fd, at, slice, len, err);
		if (!rc)
			rc = db_exec(db, stmts[STORE_ADD],
			    DB_BINDS(key_bind(&p->key, key), DB_INT(i),
				DB_TEXT(p->key.party_model_id),
				DB_TEXT(p->key.version), DB_BYTES(slice, len),
				DB_INT((int64_t)len), DB_INT(n), DB_INT(size),
				DB_TEXT(p->info.digest),
				DB_TEXT(p->info.job_id), DB_INT(p->now),
				DB_INT(p->now)),
			    err);
	}
	return rc;
}

struct put {
	const struct model_store_put *p;
	char *slice;
};

static enum err
put(struct db *db, void *ctx, struct buf *err)
{
	struct put *work = ctx;
	uint8_t key[DIGEST_SHA256_LEN];
	struct model_store_info there;
	enum err rc = model_store_find(db, &work->p->key, &there, err);

	if (!rc && !work->p->replace)
		return ERR_CONFLICT;
	if (rc && rc != ERR_NOTFOUND)
		return rc;
	rc = db_exec(
	    db, stmts[STORE_DROP], DB_BINDS(key_bind(&work->p->key, key)), err);
	if (!rc)
		rc = add_slices(db, work->p, work->slice, err);
	/* Another was faster: the next run sees what it stored. */
	if (rc == ERR_CONFLICT)
		db_repeat(db);
	return rc;
}

enum err
model_store_put(struct db *db, const struct model_store_put *p, struct buf *err)
{
	struct put work = {p, xmalloc((size_t)MODEL_STORE_SLICE)};
	enum err rc = db_transact(db, put, &work, err);

	free(work.slice);
	return rc;
}

/* ---- out ---- */

struct get {
	int fd;
	int64_t n_slices; /* so far */
	int64_t size;
	struct digest *digest;
	int64_t want_slices;
	int64_t want_size;
	char want_digest[DIGEST_HEX_LEN];
};

static enum err
take_slice(struct get *g, const struct db_rows *r, struct buf *err)
{
	size_t len = db_len(r, 1);

	if (db_int(r, 0) != g->n_slices)
		return err_set(err, ERR_INVALID,
		    "slice %lld of the stored model is missing",
		    (long long)g->n_slices);
	g->n_slices++;
	g->size += (int64_t)len;
	g->want_slices = db_int(r, 2);
	g->want_size = db_int(r, 3);
	snprintf(g->want_digest, sizeof(g->want_digest), "%s", db_text(r, 4));
	digest_update(g->digest, db_text(r, 1), len);
	if (!path_write_all(g->fd, db_text(r, 1), len))
		return err_set_errno(err, ERR_IO, "writing a stored archive");
	return ERR_OK;
}

static enum err
judge(struct get *g, struct buf *err)
{
	uint8_t sum[DIGEST_SHA256_LEN];
	char digest[DIGEST_HEX_LEN];

	digest_final(g->digest, sum);
	g->digest = NULL;
	digest_hex(sum, sizeof(sum), digest);
	if (!g->n_slices)
		return ERR_NOTFOUND;
	if (g->n_slices != g->want_slices || g->size != g->want_size)
		return err_set(err, ERR_INVALID,
		    "the stored model has %lld slices with %lld bytes, it "
		    "should have %lld with %lld",
		    (long long)g->n_slices, (long long)g->size,
		    (long long)g->want_slices, (long long)g->want_size);
	if (strcmp(digest, g->want_digest) != 0)
		return err_set(err, ERR_INVALID,
		    "the stored model is damaged: its SHA-256 is %s, it "
		    "should be %s",
		    digest, g->want_digest);
	return ERR_OK;
}

enum err
model_store_get(
    struct db *db, const struct model_store_key *key, int fd, struct buf *err)
{
	struct get g = {.fd = fd, .digest = digest_new()};
	uint8_t bytes[DIGEST_SHA256_LEN];
	struct db_rows *r = NULL;
	enum err rc = db_stream(
	    db, stmts[STORE_READ], DB_BINDS(key_bind(key, bytes)), &r, err);

	while (!rc && !(rc = db_next(r, err)))
		rc = take_slice(&g, r, err);
	if (rc == ERR_NOTFOUND)
		rc = judge(&g, err);
	db_end(&r);
	digest_free(g.digest);
	return rc;
}
