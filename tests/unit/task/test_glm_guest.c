/* What a guest does with a batch's residuals. */
#include "task/components/glm_steps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ROWS ((size_t)3)

/* A bare [[0]] for each row. */
static enum err
residuals_of_none(struct glm *glm, const struct glm_batch *b, size_t at,
    size_t n, struct buf *err)
{
	(void)b;
	(void)at;
	(void)err;
	exchange_vector_reserve(&glm->c, n);
	for (size_t i = 0; i < n; i++)
		mpz_set_ui(glm->c.v[i], 1);
	return ERR_OK;
}

static const struct glm_model model = {
    .target = glm_same, .residuals = residuals_of_none};

/* Inverting residuals is dear, and here no gradient and no loss adds them. */
static void
test_batch_when_nothing_is_summed_then_no_row_is_made_ready(void **state)
{
	double values[1] = {0}, y[ROWS] = {1, 2, 3};
	struct glm_data data = {.n = ROWS, .values = values};
	struct glm glm = {.model = &model};
	struct glm_batch b = {.set = &glm.set, .hi = ROWS, .y = y};
	char hex[PAILLIER_BITS_MIN / 4 + 1] = "";
	struct buf err = BUF_INIT;

	(void)state;
	memset(hex, 'f', sizeof(hex) - 1);
	assert_int_equal(paillier_public_parse(hex, &glm.pub, &err), ERR_OK);
	assert_int_equal(glm_set_init(&glm.set, &data, &err), ERR_OK);
	assert_int_equal(glm_batch_guest(&glm, &b, &err), ERR_OK);
	assert_null(glm.set.rows);
	glm_set_release(&glm.set);
	exchange_vector_release(&glm.c);
	paillier_public_free(glm.pub);
	buf_release(&err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		test_batch_when_nothing_is_summed_then_no_row_is_made_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
