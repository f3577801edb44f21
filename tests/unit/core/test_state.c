/* The table of transitions: what is legal, and what must never be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/core/state.h"

static void
test_next_when_legal_then_leads_there(void **state)
{
	static const struct state_row cases[] = {
	    {STATE_JOB, STATE_WAITING, STATE_START, STATE_RUNNING,
		STATE_BY_SCHEDULER},
	    {STATE_JOB, STATE_WAITING, STATE_CANCEL, STATE_CANCELED,
		STATE_BY_WORKER},
	    {STATE_JOB, STATE_RUNNING, STATE_EXPIRE, STATE_TIMEOUT,
		STATE_BY_SCHEDULER},
	    {STATE_TASK, STATE_RUNNING, STATE_CANCEL, STATE_FAILED,
		STATE_BY_SCHEDULER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    state_next(cases[i].subject, cases[i].from, cases[i].event,
			(enum state_who)cases[i].by),
		    cases[i].to);
}

static void
test_next_when_a_worker_touches_a_running_job_then_refused(void **state)
{
	(void)state;
	for (int e = 0; e < STATE_EVENT__MAX; e++)
		assert_int_equal(state_next(STATE_JOB, STATE_RUNNING,
				     (enum state_event)e, STATE_BY_WORKER),
		    STATE_NONE);
}

static void
test_next_when_final_then_nothing_is_legal(void **state)
{
	(void)state;
	for (int s = STATE_SUCCESS; s < STATE__MAX; s++)
		for (int e = 0; e < STATE_EVENT__MAX; e++)
			for (int k = 0; k < STATE_SUBJECT__MAX; k++)
				assert_int_equal(
				    state_next((enum state_subject)k,
					(enum state)s, (enum state_event)e,
					STATE_BY_SCHEDULER),
				    STATE_NONE);
}

static void
test_rows_when_read_then_each_pair_stands_once(void **state)
{
	size_t n;
	const struct state_row *r = state_rows(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			assert_false(r[i].subject == r[j].subject &&
				     r[i].from == r[j].from &&
				     r[i].event == r[j].event);
}

/* Random events from any start end in a final state or stay legal. */
static void
test_next_when_events_are_random_then_final_states_hold(void **state)
{
	uint32_t x = 12345;

	(void)state;
	for (int run = 0; run < 1000; run++) {
		enum state s = STATE_NONE;

		for (int i = 0; i < 50; i++) {
			enum state next;

			x = x * 1664525u + 1013904223u;
			next = state_next(STATE_JOB, s,
			    (enum state_event)((x >> 16) % STATE_EVENT__MAX),
			    x >> 31 ? STATE_BY_WORKER : STATE_BY_SCHEDULER);
			if (!next)
				continue;
			assert_false(state_is_final(s));
			s = next;
		}
	}
}

static void
test_parse_when_name_is_printed_then_reads_back(void **state)
{
	(void)state;
	for (int s = STATE_WAITING; s < STATE__MAX; s++)
		assert_int_equal(state_parse(state_name((enum state)s)), s);
	assert_int_equal(state_parse("none"), STATE_NONE);
	assert_int_equal(state_parse("partial"), STATE_NONE);
	assert_int_equal(state_parse(NULL), STATE_NONE);
}

static void
test_markdown_when_printed_then_has_a_line_per_row(void **state)
{
	struct buf out = BUF_INIT;
	size_t n, lines = 0;

	(void)state;
	state_rows(&n);
	state_print_markdown(&out);
	for (const char *p = out.ptr; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, n + 2);
	buf_release(&out);
}

static void
test_markdown_when_docs_are_read_then_they_hold_it(void **state)
{
	struct buf docs = BUF_INIT, out = BUF_INIT;

	(void)state;
	assert_int_equal(
	    path_read_file(SOURCE_DIR "/docs/states.md", 1 << 20, &docs, NULL),
	    ERR_OK);
	state_print_markdown(&out);
	assert_non_null(strstr(docs.ptr, out.ptr));
	buf_release(&docs);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_next_when_legal_then_leads_there),
	    cmocka_unit_test(
		test_next_when_a_worker_touches_a_running_job_then_refused),
	    cmocka_unit_test(test_next_when_final_then_nothing_is_legal),
	    cmocka_unit_test(test_rows_when_read_then_each_pair_stands_once),
	    cmocka_unit_test(
		test_next_when_events_are_random_then_final_states_hold),
	    cmocka_unit_test(test_parse_when_name_is_printed_then_reads_back),
	    cmocka_unit_test(
		test_markdown_when_printed_then_has_a_line_per_row),
	    cmocka_unit_test(
		test_markdown_when_docs_are_read_then_they_hold_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
