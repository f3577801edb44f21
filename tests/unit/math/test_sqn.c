/* Quasi-Newton pairs beside the matrix that they stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/math/prng.h"
#include "lib/math/sqn.h"

#include <math.h>
#include <string.h>

#define N 3

static void
assert_near(const double *got, const double *want)
{
	for (size_t i = 0; i < N; i++)
		if (!(fabs(got[i] - want[i]) < 1e-9))
			fail_msg("%zu: %.12g, not %.12g", i, got[i], want[i]);
}

static void
test_mean_when_an_interval_ends_then_its_change(void **state)
{
	static const struct {
		double w[N];
		bool ends;
		double s[N];
	} steps[] = {
	    {{1, 2, 3}, false, {0}},
	    {{3, 2, 1}, false, {0}}, /* the first: mean 2, 2, 2 */
	    {{4, 0, 2}, false, {0}},
	    {{6, 0, 4}, true, {3, -2, 1}},
	    {{5, 0, 3}, false, {0}},
	    {{5, 2, 3}, true, {0, 1, 0}},
	};
	struct sqn *q = sqn_new(N, 2, 5);
	double s[N];

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		assert_int_equal(
		    sqn_add_weights(q, steps[i].w, s), steps[i].ends);
		if (steps[i].ends)
			assert_near(s, steps[i].s);
	}
	sqn_free(q);
	sqn_free(NULL);
}

static void
test_direction_when_there_is_no_pair_then_the_gradient(void **state)
{
	struct sqn *q = sqn_new(N, 1, 5);
	static const double s[N] = {1, 0, 0}, y[N] = {-1, 5, 5};
	double g[N] = {4, 5, 6}, nan[N] = {NAN, 0, 0};

	(void)state;
	/* falling curvature, none, and no number */
	assert_false(sqn_add_pair(q, s, y));
	assert_false(sqn_add_pair(q, s, nan));
	assert_false(sqn_add_pair(q, s, (double[N]){0, 1, 0}));
	sqn_direction(q, g);
	assert_near(g, (double[N]){4, 5, 6});
	sqn_free(q);
}

/* h = (I - r s y') h (I - r y s') + r s s' */
static void
update(double h[N][N], const double *s, const double *y)
{
	double left[N][N], half[N][N] = {{0}}, sy = 0;

	for (size_t i = 0; i < N; i++)
		sy += s[i] * y[i];
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++)
			left[i][j] = (i == j) - s[i] * y[j] / sy;
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++)
			for (size_t k = 0; k < N; k++)
				half[i][j] += left[i][k] * h[k][j];
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++) {
			h[i][j] = s[i] * s[j] / sy;
			for (size_t k = 0; k < N; k++)
				h[i][j] += half[i][k] * left[j][k];
		}
}

/* The last two of four pairs, of the quadratic 2x^2 + y^2 + z^2/4 + xy. */
static void
test_direction_when_pairs_then_the_matrix_times_the_gradient(void **state)
{
	static const double a[N][N] = {{4, 1, 0}, {1, 2, 0}, {0, 0, 0.5}};
	double s[4][N], y[4][N] = {{0}}, h[N][N] = {{0}};
	double g[N] = {1, -2, 3}, want[N] = {0}, sy = 0, yy = 0;
	struct sqn *q = sqn_new(N, 1, 2);
	uint64_t seed = 7;

	(void)state;
	for (size_t p = 0; p < 4; p++) {
		for (size_t i = 0; i < N; i++)
			s[p][i] = prng_uniform(&seed) - 0.5;
		for (size_t i = 0; i < N; i++)
			for (size_t j = 0; j < N; j++)
				y[p][i] += a[i][j] * s[p][j];
		assert_true(sqn_add_pair(q, s[p], y[p]));
	}
	for (size_t i = 0; i < N; i++) {
		sy += s[3][i] * y[3][i];
		yy += y[3][i] * y[3][i];
	}
	for (size_t i = 0; i < N; i++)
		h[i][i] = sy / yy;
	update(h, s[2], y[2]);
	update(h, s[3], y[3]);
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < N; j++)
			want[i] += h[i][j] * g[j];
	sqn_direction(q, g);
	assert_near(g, want);
	sqn_free(q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mean_when_an_interval_ends_then_its_change),
	    cmocka_unit_test(
		test_direction_when_there_is_no_pair_then_the_gradient),
	    cmocka_unit_test(
		test_direction_when_pairs_then_the_matrix_times_the_gradient),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
