/*
 * Stored models: an archive in slices (sql/0012), in the site's own database
 * or in another. A slice at a time is in memory.
 */
#ifndef FF_STORE_MODEL_STORE_H
#define FF_STORE_MODEL_STORE_H

#include "lib/base/digest.h"
#include "lib/store/db.h"

#define MODEL_STORE_SLICE ((int64_t)8 << 20)

struct model_store_key {
	const char *party_model_id; /* role#party#model_id */
	const char *version;
};

/* What is known of a stored archive. */
struct model_store_info {
	int64_t size;
	int64_t n_slices;
	char digest[DIGEST_HEX_LEN];
	char job_id[26]; /* that stored it */
};

/* Makes the table where it is not: another database knows no migrations. */
enum err model_store_create(struct db *db, struct buf *err);

/* ERR_NOTFOUND (and no text) when nothing is stored under the key. */
enum err model_store_find(struct db *db, const struct model_store_key *key,
    struct model_store_info *out, struct buf *err);

/*
 * Stores the first info->size bytes of `fd`, whose digest the info has, in
 * one transaction. ERR_CONFLICT (and no text) when something is stored there
 * and `replace` is false.
 */
struct model_store_put {
	struct model_store_key key;
	struct model_store_info info; /* n_slices is not read */
	int fd;
	bool replace;
	int64_t now;
};
enum err model_store_put(
    struct db *db, const struct model_store_put *p, struct buf *err);

/*
 * Writes the archive to `fd`. ERR_NOTFOUND (and no text): nothing is stored;
 * ERR_INVALID: slices are missing, or size or digest are not what they were.
 */
enum err model_store_get(
    struct db *db, const struct model_store_key *key, int fd, struct buf *err);

#endif
