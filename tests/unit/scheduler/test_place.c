/* A model goes to its place whole, and with nothing else. */
#include "tests/unit/scheduler/run_jobs.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/base/json.h"
#include "lib/base/path.h"
#include "scheduler/launch.h"
#include "scheduler/place.h"

#define DSL                                                             \
	"{\"components\":{"                                             \
	"\"a_0\":{\"module\":\"DataIO\",\"input\":{\"data\":{\"data\":" \
	"[\"args.x\"]}},\"output\":{\"data\":[\"train\"],"              \
	"\"model\":[\"dataio\"]}}}}"
#define CONF                                                         \
	"{\"initiator\":{\"role\":\"guest\",\"party_id\":9999},"     \
	"\"job_parameters\":{\"work_mode\":0},\"role\":{\"guest\":[" \
	"9999]},\"role_parameters\":{}}"
#define RESULT "{\"model\":[{\"buffer\":\"B\",\"message\":\"M\"}]}"
#define INDEX  "DataIO\nB M\n"

#define WORK "/tmp/fateflow-place-XXXXXX"

static char work[sizeof(WORK)];
static struct cfg cfg;
static struct scheduler s = {.cfg = &cfg};
static struct run_job *job;
static struct run_task *task;
static struct buf model, place, mark;

/* An attempt that has ended well and left a model of one buffer. */
static int
make_attempt(void **state)
{
	struct job_run row = {.job_id = "2026112312000012345671",
	    .dsl = (char *)(uintptr_t)DSL,
	    .conf = (char *)(uintptr_t)CONF};
	struct model_ref m;
	struct buf file = BUF_INIT;

	(void)state;
	snprintf(work, sizeof(work), "%s", WORK);
	cfg.site.work_dir = mkdtemp(work);
	job = run_job_of(&row);
	task = &job->components[0].tasks[0];
	json_parse(RESULT, strlen(RESULT), "result", &task->result, NULL);
	path_set(&task->dir, "%s/attempt", work);
	path_set(&model, "%s/model", task->dir.ptr);
	path_set(&mark, "%s/model.module", task->dir.ptr);
	m = launch_model(&s, task);
	model_path_component(&m, "a_0", "dataio", &place, NULL);
	path_set(&file, "%s/B", model.ptr);
	path_mkdirs(model.ptr, NULL);
	path_write_file(file.ptr, "b", 1, PATH_SCRATCH, NULL);
	buf_release(&file);
	return 0;
}

static int
remove_attempt(void **state)
{
	(void)state;
	job_free(job);
	buf_release(&model);
	buf_release(&place);
	buf_release(&mark);
	path_remove_tree(work, NULL);
	return 0;
}

static void
check_place(void)
{
	struct buf path = BUF_INIT, text = BUF_INIT;

	path_set(&path, "%s/module", place.ptr);
	assert_int_equal(path_read_file(path.ptr, 100, &text, NULL), ERR_OK);
	assert_string_equal(text.ptr, INDEX);
	path_set(&path, "%s/B", place.ptr);
	assert_true(path_exists(path.ptr));
	assert_false(path_exists(model.ptr));
	buf_release(&path);
	buf_release(&text);
}

static void
test_place_when_watched_then_makes_only_the_index_in_the_model(void **state)
{
	char events[4096] __attribute__((aligned(8)));
	int fd = inotify_init1(IN_NONBLOCK);
	ssize_t n, at = 0;
	int made = 0;

	(void)state;
	inotify_add_watch(fd, model.ptr, IN_CREATE | IN_MOVED_TO);
	assert_int_equal(place_model(&s, task, NULL), ERR_OK);
	for (n = read(fd, events, sizeof(events)); at < n; made++) {
		struct inotify_event *e = (struct inotify_event *)(events + at);

		assert_string_equal(e->name, "module");
		at += (ssize_t)sizeof(*e) + e->len;
	}
	assert_int_equal(made, 1);
	close(fd);
	check_place();
}

/* Whoever is killed in between has left one of these. */
static void
test_place_when_begun_before_then_goes_on(void **state)
{
	struct buf module = BUF_INIT;

	(void)state;
	path_write_file(mark.ptr, INDEX, strlen(INDEX), PATH_SCRATCH, NULL);
	assert_int_equal(place_model(&s, task, NULL), ERR_OK);
	check_place();
	assert_int_equal(place_model(&s, task, NULL), ERR_OK);
	check_place();
	path_set(&module, "%s/module", place.ptr);
	assert_int_equal(unlink(module.ptr), 0);
	assert_int_equal(place_model(&s, task, NULL), ERR_CONFLICT);
	buf_release(&module);
}

static void
test_place_when_the_index_is_not_ours_then_conflict(void **state)
{
	struct buf module = BUF_INIT, err = BUF_INIT;

	(void)state;
	path_set(&module, "%s/module", model.ptr);
	path_write_file(module.ptr, "x", 1, PATH_SCRATCH, NULL);
	assert_int_equal(place_model(&s, task, &err), ERR_CONFLICT);
	assert_non_null(strstr(err.ptr, "is not the attempt's own"));
	assert_false(path_exists(place.ptr));
	buf_release(&module);
	buf_release(&err);
}

/* By a scheduler that wakes late: nobody looks at that folder any more. */
static void
test_place_when_the_model_was_swept_then_nothing_is_made(void **state)
{
	(void)state;
	assert_int_equal(path_remove_tree(model.ptr, NULL), ERR_OK);
	assert_int_equal(place_model(&s, task, NULL), ERR_CONFLICT);
	assert_false(path_exists(mark.ptr));
	assert_false(path_exists(place.ptr));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_place_when_watched_then_makes_only_the_index_in_the_model,
		make_attempt, remove_attempt),
	    cmocka_unit_test_setup_teardown(
		test_place_when_begun_before_then_goes_on, make_attempt,
		remove_attempt),
	    cmocka_unit_test_setup_teardown(
		test_place_when_the_index_is_not_ours_then_conflict,
		make_attempt, remove_attempt),
	    cmocka_unit_test_setup_teardown(
		test_place_when_the_model_was_swept_then_nothing_is_made,
		make_attempt, remove_attempt),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
