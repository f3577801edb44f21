/*
 * Message digests (OpenSSL). SHA-256 for our own purposes; the others because
 * the intersection's encode_method offers them.
 */
#ifndef FF_BASE_DIGEST_H
#define FF_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

#define DIGEST_SHA256_LEN 32
#define DIGEST_HEX_LEN	  65 /* SHA-256 in lower-case hex and a NUL */
#define DIGEST_MAX	  64

struct digest; /* a running SHA-256 */

struct digest *digest_new(void);
void digest_update(struct digest *d, const void *data, size_t len);
/* Ends and frees d (NULL is fine with out NULL). */
void digest_final(struct digest *d, uint8_t out[DIGEST_SHA256_LEN]);
void digest_free(struct digest *d);

void
digest_sha256(const void *data, size_t len, uint8_t out[DIGEST_SHA256_LEN]);
void digest_hex(const uint8_t *bytes, size_t len, char *out);

/*
 * One digest by name: md5, sha1, sha224, sha256, sha384, sha512. Writes its
 * bytes to out and their number to *len_out. ERR_INVALID for another name.
 */
enum err digest_named(const char *name, const void *data, size_t len,
    uint8_t out[DIGEST_MAX], size_t *len_out, struct buf *err);

#endif
