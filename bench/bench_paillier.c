/* Rates of lib/crypto's Paillier, per second on one core: bench_paillier. */
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/crypto/paillier.h"
#include "lib/crypto/random.h"

#define ROWS ((size_t)300)

static void
show(const char *what, unsigned bits, size_t n, int64_t start)
{
	int64_t ms = clock_mono_ms() - start;

	printf("paillier_%s_%u\t%.0f\tper second\n", what, bits,
	    (double)n * 1000 / (double)(ms ? ms : 1));
}

static void
run(unsigned bits)
{
	struct paillier_secret *secret = NULL;
	const struct paillier_public *pub;
	struct paillier_terms *terms = NULL;
	struct paillier_factors f = {.n = ROWS};
	int64_t x[ROWS], start;
	mpz_t c[ROWS], m, k;

	if (paillier_generate(bits, &secret, NULL))
		return;
	pub = paillier_public_of(secret);
	mpz_inits(m, k, NULL);
	random_bits(m, 90);
	random_bits(k, 53);
	start = clock_mono_ms();
	for (size_t i = 0; i < ROWS; i++) {
		mpz_init(c[i]);
		paillier_encrypt(pub, c[i], m, NULL);
		random_bytes(&x[i], sizeof(x[i]));
		x[i] >>= 36;
	}
	show("encrypt", bits, ROWS, start);
	start = clock_mono_ms();
	for (size_t i = 0; i < ROWS; i++)
		paillier_decrypt(secret, m, c[i], NULL);
	show("decrypt", bits, ROWS, start);
	start = clock_mono_ms();
	for (size_t i = 0; i < 10 * ROWS; i++)
		paillier_mul(pub, m, c[i % ROWS], k, NULL);
	show("mul53", bits, 10 * ROWS, start);
	start = clock_mono_ms();
	for (size_t i = 0; i < 300 * ROWS; i++)
		paillier_add(pub, m, m, c[i % ROWS]);
	show("add", bits, 300 * ROWS, start);
	f.x = x;
	start = clock_mono_ms();
	if (paillier_terms_new(pub, c, ROWS, &terms, NULL) == ERR_OK)
		for (int j = 0; j < 100; j++)
			paillier_terms_sum(terms, &f, m);
	show("sum_cell", bits, 100 * ROWS, start);
	paillier_terms_free(terms);
	for (size_t i = 0; i < ROWS; i++)
		mpz_clear(c[i]);
	mpz_clears(m, k, NULL);
	paillier_secret_free(secret);
}

int
main(void)
{
	run(1024);
	run(2048);
	return 0;
}
