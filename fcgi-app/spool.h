/* Files on their way in, and scratch files on their way out. */
#ifndef FF_FCGI_SPOOL_H
#define FF_FCGI_SPOOL_H

#include <stdint.h>

#include "lib/base/cfg.h"
#include "lib/base/digest.h"

/*
 * A file without a name below <work>/spool: it is gone when the process is.
 * spool_publish() gives it one.
 */
struct spool {
	const struct cfg *cfg;
	int fd;
	int64_t size;
	struct digest *digest;
	struct buf path; /* "" until published */
};

enum err spool_open(struct spool *s, const struct cfg *cfg, struct buf *err);
enum err
spool_write(struct spool *s, const void *bytes, size_t len, struct buf *err);
/* Ends the digest of a file that stays nameless. */
void spool_digest(struct spool *s, char hex[DIGEST_HEX_LEN]);
/* Syncs it, names it, syncs the folder; `hex` gets the SHA-256. */
enum err
spool_publish(struct spool *s, char hex[DIGEST_HEX_LEN], struct buf *err);
/* Takes the name back: the job that was to use it was not stored. */
void spool_unpublish(struct spool *s);
void spool_release(struct spool *s);

#endif
