/*
 * Many multiplications modulo the square of an odd number n, by the fastest
 * of two kernels: GMP's limbs one number at a time, which every processor
 * has, or eight numbers at once with AVX-512 IFMA. Both give the same numbers.
 *
 * Numbers lie one after the other in arrays from lanes_alloc(), `stride`
 * words each, in the kernel's own format, two halves lo + hi * n (mont.h);
 * Montgomery's form is asked for: a product is a * b / R, R the kernel's own.
 * lanes_set() and lanes_get() convert, lanes_constant() has 1, R and R^2.
 *
 * What is constant-time: lanes_powers_run(), in the exponents. Nothing else
 * is: which table entries a chain reads, and how many, follows its list. The
 * numbers are ciphertexts, which are public; lists follow the digits of masks
 * (see paillier_mask()) or of the caller's own data, which only somebody who
 * watches this machine's cache or measures its answers' times to a few
 * microseconds could read off. One thread.
 */
#ifndef FF_CRYPTO_LANES_H
#define FF_CRYPTO_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/crypto/mont.h"

#define LANES	       ((size_t)8)
#define LANES_BITS_MAX 4096 /* of n */

enum lanes_constant { LANES_ONE, LANES_R, LANES_R2, LANES_CONSTANT__MAX };

struct lanes_kernel;

struct lanes {
	const struct lanes_kernel *kernel;
	struct mont mt;
	size_t digits;	    /* words of a half */
	size_t room;	    /* from one half to the next: some words of 0 */
	size_t stride;	    /* words from one number to the next */
	uint64_t *root;	    /* n, `room` words */
	uint64_t n_inv;	    /* -1 / n modulo a word's base */
	uint64_t *constant; /* LANES_CONSTANT__MAX numbers */
	mpz_t n;
	mpz_t half[2];	   /* scratch */
	uint64_t *weighed; /* as well: a half and LANES_WEIGHED words */
};

/* n is odd, > 1 and at most LANES_BITS_MAX bits long. */
void lanes_init(struct lanes *ls, const mpz_t n);
void lanes_release(struct lanes *ls);

/*
 * What lanes_init() chooses from now on: the portable kernel alone, or the
 * best there is. The variable FATEFLOW_PORTABLE in the environment, set to
 * anything but "0", has the same effect at the start.
 */
void lanes_force_portable(bool portable);
/* "portable" or "avx512ifma": what lanes_init() takes. */
const char *lanes_kernel_name(void);

/* n numbers of 0, aligned for the kernel; free() frees them. */
uint64_t *lanes_alloc(const struct lanes *ls, size_t n);
/* a is in [0, n^2); the result of lanes_get() as well. */
void lanes_set(struct lanes *ls, uint64_t *number, const mpz_t a);
/* lo + hi * n, both in [0, n): without a division. */
void lanes_set_halves(
    const struct lanes *ls, uint64_t *number, const mpz_t lo, const mpz_t hi);
void lanes_get(struct lanes *ls, mpz_t out, const uint64_t *number);
const uint64_t *
lanes_constant(const struct lanes *ls, enum lanes_constant which);
/* R is 2 to this. */
size_t lanes_r_bits(const struct lanes *ls);

/* acc[i] *= by[i] for n numbers, all by the same one with lanes_scale(). */
void lanes_mul(struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t n);
void lanes_scale(struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t n);

/* acc[i] squared times[i] times, for n numbers in Montgomery's form. */
void
lanes_square(struct lanes *ls, uint64_t *acc, const unsigned *times, size_t n);

/*
 * acc[i] = the product of the powers b[k]^(k + 1), b being first + i * apart
 * numbers and n of them, for n_places places.
 */
struct lanes_buckets {
	const uint64_t *first;
	size_t apart;
	size_t n; /* > 0 */
};
void lanes_fold(struct lanes *ls, uint64_t *acc, const struct lanes_buckets *b,
    size_t n_places);

/*
 * acc *= the product of numbers[list[0]], ..., numbers[list[n - 1]]; a fresh
 * acc is not read but set. Chains are independent of each other. A fresh one
 * has n > 0.
 */
struct lanes_chain {
	uint64_t *acc;
	const uint32_t *list;
	uint32_t n;
	bool fresh;
};
void lanes_chains(struct lanes *ls, const uint64_t *numbers,
    const struct lanes_chain *chains, size_t n);
/*
 * The same by lower halves alone, whatever the upper ones are: a fifth
 * cheaper. lo + hi n is lo (1 + n h) with h = hi / lo modulo n, and of such
 * factors (1 + n h) the h add up.
 */
void lanes_chains_low(struct lanes *ls, const uint64_t *numbers,
    const struct lanes_chain *chains, size_t n);

/*
 * Halves by themselves are numbers modulo n. acc[i] *= by[i] for n halves,
 * each at its place in a number.
 */
void
lanes_mul_half(struct lanes *ls, uint64_t *acc, const uint64_t *by, size_t n);

/* sum += w[i].by times the half of number w[i].number, as whole numbers. */
struct lanes_weight {
	uint64_t by;
	uint32_t number;
};
void lanes_weigh(struct lanes *ls, mpz_t sum, const uint64_t *halves,
    const struct lanes_weight *w, size_t n);

/*
 * LANES powers at once, each modulo an odd root of its own or its square, and
 * with an exponent of its own, which are secret and wiped with it. Exponents
 * have at most `bits` bits.
 */
struct lanes_powers;
enum lanes_modulus { LANES_ROOT, LANES_SQUARE };
struct lanes_powers *lanes_powers_new(
    enum lanes_modulus which, mpz_t *roots, mpz_t *exponents, size_t bits);
void lanes_powers_free(struct lanes_powers *pw);
/* Is a run as fast as one power, more or less? */
bool lanes_powers_at_once(const struct lanes_powers *pw);
/* x[i] = x[i]^exponents[i] modulo its modulus; x[i] is below that. */
void lanes_powers_run(struct lanes_powers *pw, mpz_t *x);
/* The i-th alone. */
void lanes_powers_run_one(struct lanes_powers *pw, size_t i, mpz_t x);

#endif
