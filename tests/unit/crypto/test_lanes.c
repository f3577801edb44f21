/* Both kernels of lanes.h against plain GMP, and against each other. */
#include "tests/unit/crypto/lanes_edges.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

/* Of n and p for keys of 1024 to 4096 bits, and what lies between. */
static const unsigned widths[] = {
    32, 64, 127, 256, 512, 539, 700, 1023, 1024, 1025, 1536, 2048, 3072, 4096};

static mpz_t *
numbers_new(const mpz_t m, size_t n)
{
	mpz_t *x = xcalloc(n, sizeof(*x));

	for (size_t i = 0; i < n; i++) {
		mpz_init(x[i]);
		make_number(x[i], m, i);
	}
	return x;
}

static void
numbers_free(mpz_t *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mpz_clear(x[i]);
	free(x);
}

static uint64_t *
load(struct lanes *ls, mpz_t *x, size_t n)
{
	uint64_t *out = lanes_alloc(ls, n);

	for (size_t i = 0; i < n; i++)
		lanes_set(ls, out + i * ls->stride, x[i]);
	return out;
}

static uint64_t *
load_form(struct lanes *ls, mpz_t *x, size_t n)
{
	uint64_t *out = load(ls, x, n);

	lanes_scale(ls, out, lanes_constant(ls, LANES_R2), n);
	return out;
}

static void
assert_number(struct lanes *ls, const uint64_t *number, const mpz_t want)
{
	mpz_t got;

	mpz_init(got);
	lanes_get(ls, got, number);
	assert_int_equal(mpz_cmp(got, want), 0);
	mpz_clear(got);
}

#define N ((size_t)21)

static void
check_mul(const mpz_t root, const mpz_t m)
{
	mpz_t *x = numbers_new(m, N), *y = numbers_new(m, N), want;
	uint64_t *a, *b;
	struct lanes ls;

	mpz_init(want);
	lanes_init(&ls, root);
	/* every edge with every other */
	for (size_t turn = 0; turn < EDGES; turn++) {
		a = load(&ls, x, N);
		b = load_form(&ls, y, N);
		lanes_mul(&ls, a, b, N);
		for (size_t i = 0; i < N; i++) {
			mpz_mul(want, x[i], y[i]);
			mpz_mod(want, want, m);
			assert_number(&ls, a + i * ls.stride, want);
		}
		for (size_t i = 1; i < EDGES; i++)
			mpz_swap(y[i - 1], y[i]);
		free(a);
		free(b);
	}
	lanes_release(&ls);
	mpz_clear(want);
	numbers_free(x, N);
	numbers_free(y, N);
}

static void
check_square(const mpz_t root, const mpz_t m)
{
	mpz_t *x = numbers_new(m, N), want, e;
	unsigned times[N];
	uint64_t *a;
	struct lanes ls;

	mpz_inits(want, e, NULL);
	lanes_init(&ls, root);
	a = load_form(&ls, x, N);
	for (size_t i = 0; i < N; i++)
		times[i] = (unsigned)(i * 7 % 5);
	lanes_square(&ls, a, times, N);
	lanes_scale(&ls, a, lanes_constant(&ls, LANES_ONE), N);
	for (size_t i = 0; i < N; i++) {
		mpz_set_ui(e, 1UL << times[i]);
		mpz_powm(want, x[i], e, m);
		assert_number(&ls, a + i * ls.stride, want);
	}
	free(a);
	lanes_release(&ls);
	mpz_clears(want, e, NULL);
	numbers_free(x, N);
}

#define APART  ((size_t)5)
#define PLACES ((size_t)11)

/* Buckets of 1 to 4 numbers, five apart from the next place's. */
static void
check_fold(const mpz_t root, const mpz_t m)
{
	mpz_t *x = numbers_new(m, APART * PLACES), want, power;
	struct lanes_buckets b = {.apart = APART};
	uint64_t *a, *acc;
	struct lanes ls;

	mpz_inits(want, power, NULL);
	lanes_init(&ls, root);
	a = load_form(&ls, x, APART * PLACES);
	acc = lanes_alloc(&ls, PLACES);
	b.first = a;
	for (b.n = 1; b.n < APART; b.n++) {
		lanes_fold(&ls, acc, &b, PLACES);
		lanes_scale(&ls, acc, lanes_constant(&ls, LANES_ONE), PLACES);
		for (size_t i = 0; i < PLACES; i++) {
			mpz_set_ui(want, 1);
			for (size_t k = 0; k < b.n; k++) {
				mpz_powm_ui(power, x[i * APART + k], k + 1, m);
				mpz_mul(want, want, power);
				mpz_mod(want, want, m);
			}
			assert_number(&ls, acc + i * ls.stride, want);
		}
	}
	free(a);
	free(acc);
	lanes_release(&ls);
	mpz_clears(want, power, NULL);
	numbers_free(x, APART * PLACES);
}

/* Numbers that are given by their halves. */
static void
check_halves(const mpz_t root, const mpz_t m)
{
	mpz_t *x = numbers_new(m, N), half[2];
	struct lanes ls;
	uint64_t *a;

	mpz_inits(half[0], half[1], NULL);
	lanes_init(&ls, root);
	a = lanes_alloc(&ls, N);
	for (size_t i = 0; i < N; i++) {
		mpz_tdiv_qr(half[1], half[0], x[i], root);
		lanes_set_halves(&ls, a + i * ls.stride, half[0], half[1]);
		assert_number(&ls, a + i * ls.stride, x[i]);
	}
	free(a);
	lanes_release(&ls);
	mpz_clears(half[0], half[1], NULL);
	numbers_free(x, N);
}

typedef void chains_fn(struct lanes *ls, const uint64_t *numbers,
    const struct lanes_chain *chains, size_t n);

/* The number that a chain by lower halves takes instead of number i. */
static void
take_low(struct lanes *ls, mpz_t out, const uint64_t *a, size_t i)
{
	uint64_t *low = lanes_alloc(ls, 1);

	memcpy(low, a + i * ls->stride, ls->digits * sizeof(*low));
	lanes_scale(ls, low, lanes_constant(ls, LANES_ONE), 1);
	lanes_get(ls, out, low);
	free(low);
}

/* Chains of 0 to 24 factors, every third fresh; their products. */
static void
check_chains_by(chains_fn *run, const mpz_t root, const mpz_t m)
{
	mpz_t *x = numbers_new(m, N), want;
	struct lanes_chain chain[N + 4];
	uint32_t list[24];
	uint64_t *a, *acc;
	struct lanes ls;

	mpz_init(want);
	lanes_init(&ls, root);
	a = load_form(&ls, x, N);
	acc = lanes_alloc(&ls, N + 4);
	for (size_t k = 0; k < ARRAY_LEN(list); k++)
		list[k] = (uint32_t)(1 + k * 5 % (N - 1));
	for (size_t i = 0; i < N + 4; i++) {
		chain[i] = (struct lanes_chain){acc + i * ls.stride, list,
		    (uint32_t)(i % 3 ? i
			       : i   ? i - 1
				     : 1),
		    i % 3 == 0};
		lanes_set(&ls, acc + i * ls.stride, x[1]);
		if (i % 3)
			lanes_scale(&ls, acc + i * ls.stride,
			    lanes_constant(&ls, LANES_R2), 1);
	}
	for (size_t i = 0; run == lanes_chains_low && i < N; i++)
		take_low(&ls, x[i], a, i);
	run(&ls, a, chain, N + 4);
	lanes_scale(&ls, acc, lanes_constant(&ls, LANES_ONE), N + 4);
	for (size_t i = 0; i < N + 4; i++) {
		mpz_set_ui(want, 1);
		for (size_t k = 0; k < chain[i].n; k++) {
			mpz_mul(want, want, x[list[k]]);
			mpz_mod(want, want, m);
		}
		assert_number(&ls, acc + i * ls.stride, want);
	}
	free(a);
	free(acc);
	lanes_release(&ls);
	mpz_clear(want);
	numbers_free(x, N);
}

static void
check_chains(const mpz_t root, const mpz_t m)
{
	check_chains_by(lanes_chains, root, m);
	check_chains_by(lanes_chains_low, root, m);
}

/* The half at `words` of a number, below the root. */
static void
get_half(struct lanes *ls, mpz_t out, const uint64_t *words, const mpz_t root)
{
	uint64_t *alone = lanes_alloc(ls, 1);

	memcpy(alone, words, ls->digits * sizeof(*alone));
	lanes_get(ls, out, alone);
	mpz_mod(out, out, root);
	free(alone);
}

/* Upper halves and lower ones by lower ones; a product is divided by R. */
static void
check_mul_half(const mpz_t root, const mpz_t m)
{
	mpz_t *x = numbers_new(m, N), *y = numbers_new(m, N), want, got, r;
	uint64_t *a, *b, *lower;
	struct lanes ls;

	mpz_inits(want, got, r, NULL);
	lanes_init(&ls, root);
	mpz_setbit(r, lanes_r_bits(&ls));
	a = load(&ls, x, N);
	lower = load(&ls, x, N);
	b = load(&ls, y, N);
	lanes_mul_half(&ls, a + ls.room, b, N);
	lanes_mul_half(&ls, lower, b, N);
	for (size_t i = 0; i < N; i++) {
		mpz_tdiv_q(want, x[i], root);
		mpz_mul(want, want, y[i]);
		get_half(&ls, got, a + i * ls.stride + ls.room, root);
		mpz_mul(got, got, r);
		assert_true(mpz_congruent_p(got, want, root));
		/* the other half is as it was */
		get_half(&ls, got, a + i * ls.stride, root);
		assert_true(mpz_congruent_p(got, x[i], root));
		mpz_mul(want, x[i], y[i]);
		get_half(&ls, got, lower + i * ls.stride, root);
		mpz_mul(got, got, r);
		assert_true(mpz_congruent_p(got, want, root));
	}
	free(a);
	free(b);
	free(lower);
	lanes_release(&ls);
	mpz_clears(want, got, r, NULL);
	numbers_free(x, N);
	numbers_free(y, N);
}

/* More terms than a block of the kernel has, and the greatest weights. */
#define TERMS ((size_t)2100)

static void
check_weigh(const mpz_t root, const mpz_t m)
{
	mpz_t *x = numbers_new(m, N), want, got, upper;
	struct lanes_weight *w = xcalloc(TERMS, sizeof(*w));
	struct lanes ls;
	uint64_t *a;

	mpz_init(upper);
	mpz_init_set_ui(got, 77);
	mpz_init_set_ui(want, 77);
	lanes_init(&ls, root);
	a = load(&ls, x, N);
	for (size_t i = 0; i < TERMS; i++) {
		random_bytes(&w[i].by, sizeof(w[i].by));
		w[i].by = i % 5 ? w[i].by >> i % 64 : UINT64_MAX;
		/* mostly the greatest half */
		w[i].number = i % 3 ? 2 : (uint32_t)(i % N);
		mpz_tdiv_q(upper, x[w[i].number], root);
		mpz_addmul_ui(want, upper, w[i].by);
	}
	lanes_weigh(&ls, got, a + ls.room, w, TERMS);
	assert_int_equal(mpz_cmp(got, want), 0);
	lanes_weigh(&ls, got, a + ls.room, w, 0);
	assert_int_equal(mpz_cmp(got, want), 0);
	free(a);
	free(w);
	lanes_release(&ls);
	mpz_clears(want, got, upper, NULL);
	numbers_free(x, N);
}

static void
each_width(void (*check)(const mpz_t root, const mpz_t m))
{
	mpz_t root, m;

	mpz_inits(root, m, NULL);
	for (int portable = 1; portable >= 0; portable--) {
		lanes_force_portable(portable);
		for (size_t i = 0; i < ARRAY_LEN(widths); i++)
			for (int kind = 0; kind < 3; kind++) {
				make_root(root, widths[i], kind);
				mpz_mul(m, root, root);
				check(root, m);
			}
	}
	mpz_clears(root, m, NULL);
}

static void
test_mul_when_of_any_width_then_as_plain(void **state)
{
	(void)state;
	each_width(check_mul);
	each_width(check_halves);
}

static void
test_square_when_repeated_then_the_power(void **state)
{
	(void)state;
	each_width(check_square);
}

static void
test_chains_when_of_any_length_then_their_products(void **state)
{
	(void)state;
	each_width(check_chains);
}

static void
test_fold_when_of_any_width_then_the_powers(void **state)
{
	(void)state;
	each_width(check_fold);
}

static void
test_mul_half_when_of_any_width_then_as_plain(void **state)
{
	(void)state;
	each_width(check_mul_half);
}

static void
test_weigh_when_weights_are_great_then_the_whole_sum(void **state)
{
	(void)state;
	each_width(check_weigh);
}

/* A walk of random steps, by each kernel from the same numbers. */
struct walk {
	struct lanes ls;
	uint64_t *a;
};

static void
walk_start(struct walk *w, bool portable, const mpz_t root, mpz_t *x)
{
	lanes_force_portable(portable);
	lanes_init(&w->ls, root);
	w->a = load_form(&w->ls, x, N);
}

static void
walk_step(struct walk *w, const uint32_t *list, const unsigned *times)
{
	struct lanes_chain c = {w->a, list + 1, N - 1, false};

	switch (list[0] % 3) {
	case 0:
		lanes_mul(
		    &w->ls, w->a, w->a + list[1] % 3 * w->ls.stride, N - 3);
		break;
	case 1:
		lanes_square(&w->ls, w->a, times, N);
		break;
	default:
		c.acc = w->a + (N - 1) * w->ls.stride;
		lanes_chains(&w->ls, w->a, &c, 1);
		break;
	}
}

static void
assert_same_place(struct walk w[2])
{
	mpz_t x[2];

	mpz_inits(x[0], x[1], NULL);
	for (size_t i = 0; i < N; i++) {
		for (int k = 0; k < 2; k++) {
			uint64_t *one = lanes_alloc(&w[k].ls, 1);

			memcpy(one, w[k].a + i * w[k].ls.stride,
			    w[k].ls.stride * sizeof(*one));
			lanes_scale(&w[k].ls, one,
			    lanes_constant(&w[k].ls, LANES_ONE), 1);
			lanes_get(&w[k].ls, x[k], one);
			free(one);
		}
		assert_int_equal(mpz_cmp(x[0], x[1]), 0);
	}
	mpz_clears(x[0], x[1], NULL);
}

static void
check_walk(unsigned bits)
{
	struct walk w[2];
	uint32_t list[N];
	unsigned times[N];
	mpz_t root, m, *x;

	mpz_inits(root, m, NULL);
	make_root(root, bits, (int)(bits % 3));
	mpz_mul(m, root, root);
	x = numbers_new(m, N);
	for (int k = 0; k < 2; k++)
		walk_start(&w[k], k == 0, root, x);
	for (int step = 0; step < 30; step++) {
		random_bytes(list, sizeof(list));
		for (size_t i = 0; i < N; i++) {
			times[i] = list[i] >> 16 & 3;
			/* the last number is the accumulator */
			list[i] = i ? list[i] % (uint32_t)(N - 1) : list[i];
		}
		walk_step(&w[0], list, times);
		walk_step(&w[1], list, times);
	}
	assert_same_place(w);
	for (int k = 0; k < 2; k++) {
		free(w[k].a);
		lanes_release(&w[k].ls);
	}
	numbers_free(x, N);
	mpz_clears(root, m, NULL);
}

static void
test_kernels_when_walking_at_random_then_meet(void **state)
{
	uint16_t r;

	(void)state;
	for (int round = 0; round < 150; round++) {
		random_bytes(&r, sizeof(r));
		check_walk(32 + r % 1100);
	}
	check_walk(LANES_BITS_MAX);
	lanes_force_portable(false);
	print_message("kernel: %s\n", lanes_kernel_name());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mul_when_of_any_width_then_as_plain),
	    cmocka_unit_test(test_square_when_repeated_then_the_power),
	    cmocka_unit_test(
		test_chains_when_of_any_length_then_their_products),
	    cmocka_unit_test(test_fold_when_of_any_width_then_the_powers),
	    cmocka_unit_test(test_mul_half_when_of_any_width_then_as_plain),
	    cmocka_unit_test(
		test_weigh_when_weights_are_great_then_the_whole_sum),
	    cmocka_unit_test(test_kernels_when_walking_at_random_then_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
