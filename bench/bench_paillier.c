/*
 * Rates of Paillier per second of processor time: bench_paillier [WHAT],
 * WHAT being portable (that kernel), naive (those alone, 1024 bits) or name
 * (of the kernel, and no rates).
 * Those named naive_ are single operations by GMP alone, which nothing of
 * ours makes faster: a full mask r^n, a power by a factor, a decryption.
 */
#include <string.h>
#include <time.h>

#include "lib/base/mem.h"
#include "lib/crypto/lanes.h"
#include "lib/crypto/paillier_many.h"
#include "lib/crypto/random.h"

#define ROWS	    ((size_t)600)
#define COLUMNS	    ((size_t)20)
#define FACTOR_BITS 23U /* of HeteroLR's columns */

static int64_t
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
show(const char *what, unsigned bits, size_t n, int64_t start)
{
	int64_t us = cpu_us() - start;

	printf("%s_%u\t%.0f\tper second\n", what, bits,
	    (double)n * 1e6 / (double)(us ? us : 1));
}

static void
naive(const struct paillier_secret *secret, mpz_t *c)
{
	const struct paillier_public *pub = paillier_public_of(secret);
	unsigned bits = pub->bits;
	mpz_t m, k;
	int64_t start = cpu_us();

	mpz_inits(m, k, NULL);
	for (size_t i = 0; i < ROWS / 4; i++) {
		random_below(m, pub->n);
		mpz_powm(c[i], m, pub->n, pub->n2);
		random_bits(m, 90);
		mpz_mul(m, m, pub->n);
		mpz_add_ui(m, m, 1);
		paillier_add(pub, c[i], c[i], m);
	}
	show("naive_encrypt", bits, ROWS / 4, start);
	start = cpu_us();
	random_bits(k, FACTOR_BITS);
	for (size_t i = 0; i < 20 * ROWS; i++)
		paillier_mul(pub, m, c[i % (ROWS / 4)], k, NULL);
	show("naive_mul", bits, 20 * ROWS, start);
	start = cpu_us();
	for (size_t i = 0; i < ROWS / 4; i++)
		paillier_decrypt(secret, m, c[i], NULL);
	show("naive_decrypt", bits, ROWS / 4, start);
	mpz_clears(m, k, NULL);
}

static void
sums(const struct paillier_public *pub, mpz_t *c)
{
	const struct paillier_sums_size size = {
	    COLUMNS, ROWS, ROWS, FACTOR_BITS};
	struct paillier_sums *s = paillier_sums_new(pub, &size);
	struct paillier_factors f[COLUMNS];
	unsigned shift[COLUMNS] = {0};
	int64_t x[ROWS], start;
	mpz_t out[COLUMNS];

	for (size_t i = 0; i < ROWS; i++) {
		random_bytes(&x[i], sizeof(x[i]));
		x[i] >>= 63 - FACTOR_BITS;
	}
	for (size_t j = 0; j < COLUMNS; j++) {
		f[j] = (struct paillier_factors){.x = x, .n = ROWS};
		mpz_init(out[j]);
	}
	start = cpu_us();
	for (int turn = 0; turn < 5; turn++)
		if (paillier_sums_add(s, c, ROWS, f, NULL) == ERR_OK)
			paillier_sums_finish(s, out, shift);
	show("sum_cell", pub->bits, 5 * COLUMNS * ROWS, start);
	for (size_t j = 0; j < COLUMNS; j++)
		mpz_clear(out[j]);
	paillier_sums_free(s);
}

static void
run(unsigned bits, bool all)
{
	struct paillier_secret *secret = NULL;
	const struct paillier_public *pub;
	int64_t start;
	mpz_t c[ROWS];

	if (paillier_generate(bits, &secret, NULL))
		return;
	pub = paillier_public_of(secret);
	for (size_t i = 0; i < ROWS; i++)
		mpz_init(c[i]);
	naive(secret, c);
	if (!all)
		goto out;
	paillier_mask(pub, c[0]); /* makes the table */
	for (size_t i = 0; i < ROWS; i++)
		random_bits(c[i], 90);
	start = cpu_us();
	paillier_encrypt_many(pub, c, ROWS, NULL);
	for (int turn = 0; turn < 9; turn++)
		paillier_rerandomise_many(pub, c, ROWS);
	show("encrypt", bits, 10 * ROWS, start);
	sums(pub, c);
	start = cpu_us();
	paillier_decrypt_many(secret, c, ROWS, NULL);
	show("decrypt", bits, ROWS, start);
out:
	for (size_t i = 0; i < ROWS; i++)
		mpz_clear(c[i]);
	paillier_secret_free(secret);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	bool all = strcmp(what, "naive") != 0;

	if (strcmp(what, "portable") == 0)
		lanes_force_portable(true);
	if (strcmp(what, "name") == 0) {
		puts(lanes_kernel_name());
		return 0;
	}
	run(1024, all);
	if (all)
		run(2048, all);
	return 0;
}
