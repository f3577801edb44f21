/*
 * The kernel is chosen once, when first asked for. A number's words hold 64
 * bits (portable) or 52 (IFMA), so converting is cutting it anew.
 */
#include "lib/crypto/lanes_kernel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/crypto/random.h"

_Static_assert(sizeof(mp_limb_t) == sizeof(uint64_t) && GMP_NUMB_BITS == 64,
    "a limb is a word");

static struct {
	bool chosen;
	const struct lanes_kernel *kernel;
} best;

void
lanes_force_portable(bool portable)
{
	best.kernel = portable ? NULL : lanes_ifma();
	if (!best.kernel)
		best.kernel = &lanes_portable;
	best.chosen = true;
}

static const struct lanes_kernel *
choose(void)
{
	const char *portable;

	if (!best.chosen) {
		portable = getenv("FATEFLOW_PORTABLE");
		lanes_force_portable(portable && strcmp(portable, "0") != 0);
	}
	return best.kernel;
}

const char *
lanes_kernel_name(void)
{
	return choose()->name;
}

uint64_t *
lanes_words(size_t n)
{
	size_t size = (n ? n : 1) * sizeof(uint64_t);
	/* the size is to be a multiple of the alignment */
	uint64_t *a = aligned_alloc(64, (size + 63) / 64 * 64);

	if (!a) {
		log_error("out of memory: %zu bytes of numbers", size);
		exit(EXIT_NOMEM);
	}
	memset(a, 0, size);
	return a;
}

uint64_t *
lanes_alloc(const struct lanes *ls, size_t n)
{
	return lanes_words(n * ls->stride);
}

/* Cuts a into ls->digits words. */
static void
cut(const struct lanes *ls, uint64_t *words, const mpz_t a)
{
	unsigned bits = ls->kernel->word_bits;
	const mp_limb_t *limb = mpz_limbs_read(a);
	size_t n = mpz_size(a), at, shift;
	uint64_t word;

	for (size_t i = 0; i < ls->digits; i++) {
		at = i * bits / 64;
		shift = i * bits % 64;
		word = at < n ? limb[at] >> shift : 0;
		if (shift && at + 1 < n)
			word |= limb[at + 1] << (64 - shift);
		words[i] = bits == 64 ? word : word & ((1ULL << bits) - 1);
	}
}

static void
join(const struct lanes *ls, mpz_t out, const uint64_t *words, size_t n_words)
{
	unsigned bits = ls->kernel->word_bits;
	size_t n = (n_words * bits + 63) / 64, at, shift;
	mp_limb_t *limb = mpz_limbs_write(out, (mp_size_t)n);

	memset(limb, 0, n * sizeof(*limb));
	for (size_t i = 0; i < n_words; i++) {
		at = i * bits / 64;
		shift = i * bits % 64;
		limb[at] |= words[i] << shift;
		if (shift + bits > 64)
			limb[at + 1] |= words[i] >> (64 - shift);
	}
	mpz_limbs_finish(out, (mp_size_t)n);
}

void
lanes_set_halves(
    const struct lanes *ls, uint64_t *number, const mpz_t lo, const mpz_t hi)
{
	cut(ls, number, lo);
	cut(ls, number + ls->room, hi);
}

void
lanes_set(struct lanes *ls, uint64_t *number, const mpz_t a)
{
	mpz_tdiv_qr(ls->half[1], ls->half[0], a, ls->n);
	lanes_set_halves(ls, number, ls->half[0], ls->half[1]);
}

void
lanes_get(struct lanes *ls, mpz_t out, const uint64_t *number)
{
	join(ls, out, number, ls->digits);
	join(ls, ls->half[1], number + ls->room, ls->digits);
	/* halves of the vector kernel are below 2n */
	if (mpz_cmp(out, ls->n) >= 0) {
		mpz_sub(out, out, ls->n);
		mpz_add_ui(ls->half[1], ls->half[1], 1);
	}
	while (mpz_cmp(ls->half[1], ls->n) >= 0)
		mpz_sub(ls->half[1], ls->half[1], ls->n);
	mpz_addmul(out, ls->half[1], ls->n);
}

const uint64_t *
lanes_constant(const struct lanes *ls, enum lanes_constant which)
{
	return ls->constant + (size_t)which * ls->stride;
}

size_t
lanes_r_bits(const struct lanes *ls)
{
	return ls->digits * ls->kernel->word_bits;
}

static void
set_constants(struct lanes *ls)
{
	size_t r_bits = lanes_r_bits(ls);
	mpz_t c, square;

	mpz_init_set_ui(c, 1);
	mpz_init(square);
	mpz_mul(square, ls->n, ls->n);
	for (size_t i = 0; i < LANES_CONSTANT__MAX; i++) {
		lanes_set(ls, ls->constant + i * ls->stride, c);
		mpz_mul_2exp(c, c, r_bits);
		mpz_mod(c, c, square);
	}
	cut(ls, ls->root, ls->n);
	/* the root may be a secret prime */
	random_wipe(c);
	random_wipe(square);
}

void
lanes_init(struct lanes *ls, const mpz_t n)
{
	const struct lanes_kernel *kernel = choose();

	assert(mpz_sizeinbase(n, 2) <= LANES_BITS_MAX);
	mont_init(&ls->mt, n);
	mpz_init_set(ls->n, n);
	mpz_inits(ls->half[0], ls->half[1], NULL);
	ls->kernel = kernel;
	ls->digits = kernel->digits(mpz_sizeinbase(n, 2));
	ls->room = kernel->room(ls->digits);
	ls->stride = 2 * ls->room;
	ls->n_inv = ls->mt.n_inv;
	if (kernel->word_bits < 64)
		ls->n_inv &= (1ULL << kernel->word_bits) - 1;
	ls->root = lanes_words(ls->room);
	ls->weighed = lanes_words(ls->digits + LANES_WEIGHED);
	ls->constant = lanes_alloc(ls, LANES_CONSTANT__MAX);
	set_constants(ls);
}

void
lanes_release(struct lanes *ls)
{
	mont_release(&ls->mt);
	mpz_clears(ls->n, ls->half[0], ls->half[1], NULL);
	free(ls->root);
	free(ls->weighed);
	free(ls->constant);
	memset(ls, 0, sizeof(*ls));
}

void
lanes_mul(struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t n)
{
	ls->kernel->mul(ls, acc, by, ls->stride, n);
}

void
lanes_fold(struct lanes *ls, uint64_t *acc, const struct lanes_buckets *b,
    size_t n_places)
{
	ls->kernel->fold(ls, acc, b, n_places);
}

void
lanes_scale(struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t n)
{
	ls->kernel->mul(ls, acc, by, 0, n);
}

void
lanes_square(struct lanes *ls, uint64_t *acc, const unsigned *times, size_t n)
{
	ls->kernel->square(ls, acc, times, n);
}

void
lanes_chains(struct lanes *ls, const uint64_t *numbers,
    const struct lanes_chain *chains, size_t n)
{
	ls->kernel->chains(ls, numbers, ls->stride, chains, n);
}

void
lanes_chains_low(struct lanes *ls, const uint64_t *numbers,
    const struct lanes_chain *chains, size_t n)
{
	ls->kernel->chains(ls, numbers, ls->digits, chains, n);
}

void
lanes_mul_half(struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t n)
{
	ls->kernel->mul_half(ls, acc, by, n);
}

void
lanes_weigh(struct lanes *ls, mpz_t sum, const uint64_t *halves,
    const struct lanes_weight *w, size_t n)
{
	size_t words = ls->digits + LANES_WEIGHED;

	memset(ls->weighed, 0, words * sizeof(*ls->weighed));
	ls->kernel->weigh(ls, ls->weighed, halves, w, n);
	join(ls, ls->half[0], ls->weighed, words);
	mpz_add(sum, sum, ls->half[0]);
}
