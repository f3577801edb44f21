#include "lib/base/digest.h"
#include "lib/base/mem.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct digest {
	EVP_MD_CTX *ctx;
};

struct digest *
digest_new(void)
{
	struct digest *d = xmalloc(sizeof(*d));

	d->ctx = EVP_MD_CTX_new();
	EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL);
	return d;
}

void
digest_update(struct digest *d, const void *data, size_t len)
{
	EVP_DigestUpdate(d->ctx, data, len);
}

void
digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

void
digest_final(struct digest *d, uint8_t out[DIGEST_SHA256_LEN])
{
	EVP_DigestFinal_ex(d->ctx, out, NULL);
	digest_free(d);
}

void
digest_sha256(const void *data, size_t len, uint8_t out[DIGEST_SHA256_LEN])
{
	EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL);
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
