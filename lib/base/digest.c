/*
 * SHA-256 by libcrypto's low-level functions: they need none of what the
 * first call of EVP loads (configuration, providers, names), which is as much
 * processor time as all else that a short task does. Same code for the blocks.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* since 3.0, in favour of EVP */

#include "lib/base/digest.h"
#include "lib/base/mem.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct digest {
	SHA256_CTX ctx;
};

struct digest *
digest_new(void)
{
	struct digest *d = xmalloc(sizeof(*d));

	SHA256_Init(&d->ctx);
	return d;
}

void
digest_update(struct digest *d, const void *data, size_t len)
{
	SHA256_Update(&d->ctx, data, len);
}

void
digest_free(struct digest *d)
{
	free(d);
}

void
digest_final(struct digest *d, uint8_t out[DIGEST_SHA256_LEN])
{
	SHA256_Final(out, &d->ctx);
	digest_free(d);
}

void
digest_sha256(const void *data, size_t len, uint8_t out[DIGEST_SHA256_LEN])
{
	SHA256_CTX ctx;

	SHA256_Init(&ctx);
	SHA256_Update(&ctx, data, len);
	SHA256_Final(out, &ctx);
}

void
digest_hex(const uint8_t *bytes, size_t len, char *out)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = hex[bytes[i] >> 4];
		out[2 * i + 1] = hex[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

enum err
digest_named(const char *name, const void *data, size_t len,
    uint8_t out[DIGEST_MAX], size_t *len_out, struct buf *err)
{
	static const struct {
		const char *name;
		const EVP_MD *(*md)(void);
	} known[] = {{"md5", EVP_md5}, {"sha1", EVP_sha1},
	    {"sha224", EVP_sha224}, {"sha256", EVP_sha256},
	    {"sha384", EVP_sha384}, {"sha512", EVP_sha512}};
	unsigned got = 0;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!strcmp(known[i].name, name)) {
			EVP_Digest(data, len, out, &got, known[i].md(), NULL);
			*len_out = got;
			return ERR_OK;
		}
	return err_set(
	    err, ERR_INVALID, "'%.32s' is no digest this offers", name);
}
