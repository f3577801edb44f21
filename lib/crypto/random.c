/*
 * One batch per process. A child of fork() would repeat its parent's bytes,
 * so the batch remembers whose it is.
 */
#include "lib/crypto/random.h"

#include "lib/base/log.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

static struct {
	unsigned char bytes[8192];
	size_t left;
	pid_t owner;
} pool;

static void
fill(unsigned char *to, size_t len)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = getrandom(to + got, len - got, 0);
		if (n < 0 && errno != EINTR) {
			log_error("no randomness from the kernel");
			abort();
		}
		if (n > 0)
			got += (size_t)n;
	}
}

void
random_bytes(void *out, size_t len)
{
	unsigned char *from;

	if (len >= sizeof(pool.bytes)) {
		fill(out, len);
		return;
	}
	if (pool.left < len || pool.owner != getpid()) {
		fill(pool.bytes, sizeof(pool.bytes));
		pool.left = sizeof(pool.bytes);
		pool.owner = getpid();
	}
	from = pool.bytes + sizeof(pool.bytes) - pool.left;
	memcpy(out, from, len);
	explicit_bzero(from, len);
	pool.left -= len;
}

void
random_bits(mpz_t out, size_t bits)
{
	size_t len = (bits + 7) / 8;
	unsigned char *bytes = xmalloc(len + 1);

	random_bytes(bytes, len);
	if (bits % 8)
		bytes[0] &= (unsigned char)((1U << bits % 8) - 1);
	mpz_import(out, len, 1, 1, 1, 0, bytes);
	explicit_bzero(bytes, len);
	free(bytes);
}

void
random_below(mpz_t out, const mpz_t limit)
{
	size_t bits = mpz_sizeinbase(limit, 2);

	do
		random_bits(out, bits);
	while (mpz_sgn(out) == 0 || mpz_cmp(out, limit) >= 0);
}

void
random_wipe(mpz_t x)
{
	size_t limbs = mpz_size(x);

	if (limbs) {
		explicit_bzero(mpz_limbs_modify(x, (mp_size_t)limbs),
		    limbs * sizeof(mp_limb_t));
		mpz_limbs_finish(x, 0);
	}
	mpz_clear(x);
}
