/* Steps against sequences worked out by hand from the formulas. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/math/optimizer.h"

#include <math.h>

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9)

/* lr0 0.1, no decay, gradients 2 and then -1 */
static const struct {
	const char *name;
	double first;
	double second;
} steps[] = {
    /* 0.1 * 2; 0.1 * -1 */
    {"sgd", 0.2, -0.1},
    /* m = 0.04; m = 0.0396 + 0.01 */
    {"rmsprop", 0.9999875002343702, -0.44900872879208176},
    /* m = 4; m = 5 */
    {"adagrad", 0.099999995000000250, -0.044721357549995885},
    /* first step is lr; then m^ = 0.08 / 0.19, v^ = 0.004996 / 0.001999 */
    {"adam", 0.0999999995, -999},
    /* v = -0.2, 1.9 * 0.2; m = -0.2, v = -0.08, -0.18 + 0.152 */
    {"nesterov_momentum_sgd", 0.38, -0.028},
};

static void
test_step_when_two_gradients_then_as_by_hand(void **state)
{
	const double g1 = 2, g2 = -1;
	double delta, want;
	struct optimizer *o;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct optimizer_param p = {
		    .name = steps[i].name, .learning_rate = 0.1};

		assert_int_equal(optimizer_new(&p, 1, &o, NULL), ERR_OK);
		optimizer_step(o, 0, &g1, &delta);
		NEAR(delta, steps[i].first);
		optimizer_step(o, 1, &g2, &delta);
		want = steps[i].second;
		if (want < -900)
			want = 0.1 * (0.08 / 0.19) /
			       (sqrt(0.004996 / 0.001999) + 1e-8);
		NEAR(delta, want);
		optimizer_free(o);
	}
}

static void
test_new_when_name_is_unknown_then_refused(void **state)
{
	struct optimizer_param p = {.name = "sqn"};
	struct optimizer *o = NULL;

	(void)state;
	assert_int_equal(optimizer_new(&p, 1, &o, NULL), ERR_INVALID);
}

static void
test_rate_when_decaying_then_both_forms(void **state)
{
	struct optimizer_param p = {.learning_rate = 1, .decay = 3};

	(void)state;
	NEAR(optimizer_rate(&p, 1), 0.25);
	p.decay_sqrt = true;
	NEAR(optimizer_rate(&p, 0), 1);
	NEAR(optimizer_rate(&p, 1), 0.5);
}

static void
test_update_when_l1_then_all_zero_first_and_soft_later(void **state)
{
	struct penalty_step s = {
	    .penalty = PENALTY_L1, .alpha = 0.1, .learning_rate = 1, .t = 0};
	double w[] = {5, -5}, delta[] = {1, 1};

	(void)state;
	penalty_update(&s, delta, w, 2);
	NEAR(w[0], 0);
	NEAR(w[1], 0);
	s.t = 4; /* cut = 0.1 / 2 */
	penalty_update(&s, delta, w, 2);
	NEAR(w[0], -0.95);
	s.penalty = PENALTY_L2;
	penalty_update(&s, delta, w, 2);
	NEAR(w[0], -1.95);
	NEAR(penalty_loss(PENALTY_L1, 2, w, 2), 7.8);
	NEAR(penalty_loss(PENALTY_L2, 2, w, 2), 2 * 1.95 * 1.95);
	NEAR(penalty_loss(PENALTY_NONE, 2, w, 2), 0);
}

static void
test_converge_when_each_rule_then_as_defined(void **state)
{
	struct converge_state c = {.rule = CONVERGE_DIFF, .tol = 0.1};
	double small[] = {0.03, 0.04}, large[] = {3, 4};

	(void)state;
	assert_false(converge_reached(&c, 0, NULL, 0));
	assert_false(converge_reached(&c, 1, NULL, 0));
	assert_true(converge_reached(&c, 1.05, NULL, 0));
	c.rule = CONVERGE_ABS;
	assert_true(converge_reached(&c, 0.1, NULL, 0));
	assert_false(converge_reached(&c, 0.11, NULL, 0));
	c.rule = CONVERGE_WEIGHT_DIFF;
	assert_true(converge_reached(&c, 9, small, 2));
	assert_false(converge_reached(&c, 0, large, 2));
}

static void
test_init_when_seeded_then_same_again(void **state)
{
	double a[1000], b[1000], sum = 0;

	(void)state;
	assert_int_equal(
	    init_weights("random_normal", 0, 5, a, 1000, NULL), ERR_OK);
	init_weights("random_normal", 0, 5, b, 1000, NULL);
	assert_memory_equal(a, b, sizeof(a));
	for (size_t i = 0; i < 1000; i++)
		sum += a[i] * a[i];
	assert_true(sum > 800 && sum < 1200);
	init_weights("random_uniform", 0, 5, a, 1000, NULL);
	for (size_t i = 0; i < 1000; i++)
		assert_true(a[i] >= 0 && a[i] < 1);
	init_weights("const", 7, 0, a, 2, NULL);
	NEAR(a[1], 7);
	assert_int_equal(init_weights("other", 7, 0, a, 2, NULL), ERR_INVALID);
}

static void
test_sigmoid_when_extreme_then_no_overflow(void **state)
{
	(void)state;
	NEAR(sigmoid(0), 0.5);
	NEAR(sigmoid(1e5), 1);
	NEAR(sigmoid(-1e5), 0);
	NEAR(sigmoid(1), 0.7310585786300049);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_step_when_two_gradients_then_as_by_hand),
	    cmocka_unit_test(test_new_when_name_is_unknown_then_refused),
	    cmocka_unit_test(test_rate_when_decaying_then_both_forms),
	    cmocka_unit_test(
		test_update_when_l1_then_all_zero_first_and_soft_later),
	    cmocka_unit_test(test_converge_when_each_rule_then_as_defined),
	    cmocka_unit_test(test_init_when_seeded_then_same_again),
	    cmocka_unit_test(test_sigmoid_when_extreme_then_no_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
