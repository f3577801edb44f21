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
test_next_when_final_then_only_another_run_is_legal(void **state)
{
	(void)state;
	for (int s = STATE_SUCCESS; s < STATE__MAX; s++)
		for (int e = 0; e < STATE_EVENT__MAX; e++) {
			enum state job = state_next(STATE_JOB, (enum state)s,
				       (enum state_event)e, STATE_BY_WORKER),
				   task = state_next(STATE_TASK, (enum state)s,
				       (enum state_event)e, STATE_BY_SCHEDULER);

			assert_true(job == STATE_NONE ||
				    (e == STATE_RERUN && s != STATE_SUCCESS &&
					job == STATE_WAITING));
			assert_true(
			    task == STATE_NONE ||
			    (e == STATE_RETRY && task == STATE_RUNNING));
			assert_int_equal(
			    state_next(STATE_JOB, (enum state)s,
				(enum state_event)e, STATE_BY_SCHEDULER),
			    STATE_NONE);
		}
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

struct walk {
	enum state_subject subject;
	enum state at;
	int runs; /* times that it was put to work */
};

static void
walk_on(struct walk *w, enum state_event event, enum state_who by)
{
	enum state next = state_next(w->subject, w->at, event, by);

	if (next == STATE_NONE)
		return;
	/* Nobody leaves an end but by asking for another run. */
	if (state_is_final(w->at))
		assert_true(event == STATE_RERUN || event == STATE_RETRY);
	/* A worker never touches what runs, nor ends what it did not cancel. */
	if (by == STATE_BY_WORKER) {
		assert_int_not_equal(w->at, STATE_RUNNING);
		assert_true(next == STATE_WAITING || next == STATE_CANCELED);
	}
	/* Success is only reached out of work. */
	if (next == STATE_SUCCESS)
		assert_int_equal(w->at, STATE_RUNNING);
	if (next == STATE_NONE || next == STATE_WAITING)
		assert_int_equal(w->subject, STATE_JOB);
	w->runs += next == STATE_RUNNING && w->at != STATE_RUNNING;
	w->at = next;
}

/* Random events by random programs, many times over; seeded. */
static void
test_next_when_events_are_random_then_the_rules_hold(void **state)
{
	uint32_t x = 12345;

	(void)state;
	for (int run = 0; run < 20000; run++) {
		struct walk w = {(enum state_subject)(run & 1), STATE_NONE, 0};

		for (int i = 0; i < 60; i++) {
			x = x * 1664525u + 1013904223u;
			walk_on(&w,
			    (enum state_event)((x >> 16) % STATE_EVENT__MAX),
			    x >> 31 ? STATE_BY_WORKER : STATE_BY_SCHEDULER);
		}
		/* There is a way out of every state but success of a job. */
		if (w.at == STATE_WAITING || w.at == STATE_RUNNING)
			assert_true(state_is_final(state_next(
			    w.subject, w.at, STATE_FAIL, STATE_BY_SCHEDULER)));
	}
}

static void
test_parse_when_name_is_printed_then_reads_back(void **state)
{
	(void)state;
	for (int s = STATE_WAITING; s < STATE__MAX; s++)
		assert_int_equal(state_parse(state_name((enum state)s)), s);
	for (int e = 0; e < STATE_EVENT__MAX; e++)
		assert_int_equal(
		    state_event_parse(state_event_name((enum state_event)e)),
		    e);
	assert_int_equal(state_event_parse("die"), STATE_EVENT__MAX);
	assert_int_equal(state_event_parse(NULL), STATE_EVENT__MAX);
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
	    cmocka_unit_test(
		test_next_when_final_then_only_another_run_is_legal),
	    cmocka_unit_test(test_rows_when_read_then_each_pair_stands_once),
	    cmocka_unit_test(
		test_next_when_events_are_random_then_the_rules_hold),
	    cmocka_unit_test(test_parse_when_name_is_printed_then_reads_back),
	    cmocka_unit_test(
		test_markdown_when_printed_then_has_a_line_per_row),
	    cmocka_unit_test(
		test_markdown_when_docs_are_read_then_they_hold_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
