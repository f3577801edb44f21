#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/federation/mailbox.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TAG "intersect_blinded"

static char guest_dir[64], host_dir[64];
static struct mailbox_party guest = {"guest", "1", guest_dir};
static struct mailbox_party host = {"host", "2", host_dir};

static bool
give_up(void *arg)
{
	(void)arg;
	return false;
}

static struct mailbox *
open_box(const struct mailbox_party *self, struct mailbox_options o)
{
	struct mailbox *m = NULL;

	o.self = *self;
	o.peers = self == &guest ? &host : &guest;
	o.n_peers = 1;
	assert_int_equal(mailbox_open(&o, &m, NULL), ERR_OK);
	return m;
}

static int
make_dirs(void **state)
{
	static int n;

	(void)state;
	n++;
	snprintf(guest_dir, sizeof(guest_dir), "/tmp/fateflow-mail-%d-%d/g",
	    (int)getpid(), n);
	snprintf(host_dir, sizeof(host_dir), "/tmp/fateflow-mail-%d-%d/h",
	    (int)getpid(), n);
	return 0;
}

static int
remove_dirs(void **state)
{
	struct buf parent = BUF_INIT;

	(void)state;
	path_remove_tree(path_parent(guest_dir, &parent), NULL);
	buf_release(&parent);
	return 0;
}

static enum err
send(struct mailbox *m, const char *text, struct buf *err)
{
	return mailbox_send(
	    m, &host, TAG, MESSAGE_BLINDED, 1, text, strlen(text), err);
}

static void
test_receive_while_another_process_sends_keeps_the_order(void **state)
{
	struct mailbox *m = open_box(&host, (struct mailbox_options){0});
	struct buf got = BUF_INIT;
	int64_t n = 0;
	pid_t child;

	(void)state;
	child = fork();
	if (child == 0) {
		struct mailbox *g =
		    open_box(&guest, (struct mailbox_options){0});

		for (int i = 0; i < 100; i++) {
			char text[8];

			snprintf(text, sizeof(text), "%d,", i);
			usleep(i % 10 * 100);
			if (send(g, text, NULL))
				_exit(1);
		}
		mailbox_close(&g);
		_exit(0);
	}
	for (int i = 0; i < 100; i++) {
		char text[8];

		buf_reset(&got);
		snprintf(text, sizeof(text), "%d,", i);
		assert_int_equal(mailbox_receive(m, &guest, TAG,
				     MESSAGE_BLINDED, &got, &n, NULL),
		    ERR_OK);
		assert_string_equal(got.ptr, text);
		assert_int_equal(n, 1);
	}
	waitpid(child, NULL, 0);
	mailbox_close(&m);
	buf_release(&got);
}

static void
test_send_of_the_same_again_succeeds_and_of_other_content_fails(void **state)
{
	struct buf err = BUF_INIT, got = BUF_INIT;
	struct mailbox *g = open_box(&guest, (struct mailbox_options){0});
	struct mailbox *h = open_box(&host, (struct mailbox_options){0});

	(void)state;
	assert_int_equal(send(g, "x", NULL), ERR_OK);
	mailbox_close(&g);
	g = open_box(&guest, (struct mailbox_options){0});
	assert_int_equal(send(g, "x", NULL), ERR_OK);
	assert_int_equal(
	    mailbox_receive(h, &guest, TAG, MESSAGE_BLINDED, &got, NULL, NULL),
	    ERR_OK);
	mailbox_close(&g);
	g = open_box(&guest, (struct mailbox_options){0});
	assert_int_equal(send(g, "x", NULL), ERR_OK);
	mailbox_close(&g);
	g = open_box(&guest, (struct mailbox_options){0});
	assert_int_equal(send(g, "y", &err), ERR_CONFLICT);
	assert_non_null(strstr(err.ptr, "other content"));
	mailbox_close(&g);
	mailbox_close(&h);
	buf_release(&err);
	buf_release(&got);
}

static void
test_send_of_what_no_tag_lists_is_refused(void **state)
{
	struct mailbox *g = open_box(&guest, (struct mailbox_options){0});

	(void)state;
	assert_int_equal(
	    mailbox_send(g, &host, TAG, MESSAGE_IDS, 1, "x", 1, NULL),
	    ERR_INTERNAL);
	assert_int_equal(
	    mailbox_send(g, &host, "nosuch", MESSAGE_BLINDED, 1, "x", 1, NULL),
	    ERR_INTERNAL);
	mailbox_close(&g);
}

static void
test_receive_of_a_damaged_message_says_so(void **state)
{
	struct mailbox *g = open_box(&guest, (struct mailbox_options){0});
	struct mailbox *h = open_box(&host, (struct mailbox_options){0});
	struct buf path = BUF_INIT, err = BUF_INIT, got = BUF_INIT;

	(void)state;
	assert_int_equal(send(g, "hello", NULL), ERR_OK);
	path_set(&path, "%s/guest-1~" TAG "~000000000", host_dir);
	assert_int_equal(truncate(path.ptr, 200), 0);
	assert_int_not_equal(
	    mailbox_receive(h, &guest, TAG, MESSAGE_BLINDED, &got, NULL, &err),
	    ERR_OK);
	assert_non_null(strstr(err.ptr, TAG));
	mailbox_close(&g);
	mailbox_close(&h);
	buf_release(&path);
	buf_release(&err);
	buf_release(&got);
}

static void
test_receive_when_told_to_give_up_is_busy(void **state)
{
	struct mailbox *h =
	    open_box(&host, (struct mailbox_options){.waiting = give_up});
	struct buf got = BUF_INIT;

	(void)state;
	assert_int_equal(
	    mailbox_receive(h, &guest, TAG, MESSAGE_BLINDED, &got, NULL, NULL),
	    ERR_BUSY);
	mailbox_close(&h);
}

static void
test_receive_when_the_peer_has_ended_takes_the_rest_and_fails(void **state)
{
	struct mailbox *g = open_box(&guest, (struct mailbox_options){0});
	struct mailbox *h = open_box(&host, (struct mailbox_options){0});
	struct buf got = BUF_INIT, err = BUF_INIT;

	(void)state;
	assert_int_equal(send(g, "last", NULL), ERR_OK);
	assert_int_equal(mailbox_say_ended(&guest, NULL), ERR_OK);
	assert_int_equal(mailbox_say_ended(&guest, NULL), ERR_OK);
	assert_int_equal(
	    mailbox_receive(h, &guest, TAG, MESSAGE_BLINDED, &got, NULL, NULL),
	    ERR_OK);
	assert_string_equal(got.ptr, "last");
	assert_int_equal(
	    mailbox_receive(h, &guest, TAG, MESSAGE_BLINDED, &got, NULL, &err),
	    ERR_INVALID);
	assert_non_null(strstr(err.ptr, "has ended without sending " TAG));
	mailbox_close(&g);
	mailbox_close(&h);
	buf_release(&got);
	buf_release(&err);
}

/* So a task that is killed leaves no half of it beside its mailbox. */
static void
test_say_ended_makes_one_file_and_no_other(void **state)
{
	char events[4096] __attribute__((aligned(8)));
	const struct inotify_event *e = (const void *)events;
	struct buf parent = BUF_INIT;
	int fd = inotify_init1(IN_NONBLOCK);
	ssize_t n;

	(void)state;
	path_parent(guest_dir, &parent);
	assert_int_equal(path_mkdirs(parent.ptr, NULL), ERR_OK);
	inotify_add_watch(fd, parent.ptr, IN_CREATE | IN_MOVED_TO);
	assert_int_equal(mailbox_say_ended(&guest, NULL), ERR_OK);
	n = read(fd, events, sizeof(events));
	assert_int_equal(n, sizeof(*e) + e->len);
	assert_string_equal(e->name, "g" MAILBOX_ENDED);
	assert_true(e->mask & IN_CREATE);
	assert_true(mailbox_has_ended(&guest));
	close(fd);
	buf_release(&parent);
}

static void
test_send_beyond_the_quota_is_busy(void **state)
{
	struct mailbox *g = open_box(&guest,
	    (struct mailbox_options){.quota = 2500, .waiting = give_up});
	char text[1001];

	(void)state;
	memset(text, 'x', 1000);
	text[1000] = '\0';
	assert_int_equal(send(g, text, NULL), ERR_OK);
	assert_int_equal(send(g, text, NULL), ERR_OK);
	assert_int_equal(send(g, text, NULL), ERR_BUSY);
	mailbox_close(&g);
}

static void
test_kept_messages_stay_whole_beside_their_marker(void **state)
{
	struct mailbox *g = open_box(&guest, (struct mailbox_options){0});
	struct mailbox *h =
	    open_box(&host, (struct mailbox_options){.keep_messages = true});
	struct buf path = BUF_INIT, text = BUF_INIT, got = BUF_INIT;

	(void)state;
	assert_int_equal(send(g, "payload", NULL), ERR_OK);
	assert_int_equal(
	    mailbox_receive(h, &guest, TAG, MESSAGE_BLINDED, &got, NULL, NULL),
	    ERR_OK);
	path_set(&path, "%s/guest-1~" TAG "~000000000.kept", host_dir);
	assert_int_equal(path_read_file(path.ptr, 4096, &text, NULL), ERR_OK);
	assert_non_null(strstr(text.ptr, "\npayload"));
	assert_non_null(strstr(text.ptr, "\"kind\":\"blinded\""));
	path_set(&path, "%s/guest-1~" TAG "~000000000", host_dir);
	assert_false(path_exists(path.ptr));
	path_set(&path, "%s/guest-1~" TAG "~000000000.done", host_dir);
	assert_true(path_exists(path.ptr));
	mailbox_close(&g);
	mailbox_close(&h);
	buf_release(&path);
	buf_release(&text);
	buf_release(&got);
}

/* A receiver may be killed between the marker's name and its being cut. */
static void
test_send_again_when_its_marker_is_whole_or_cut_is_known(void **state)
{
	struct mailbox *g, *h = open_box(&host, (struct mailbox_options){0});
	struct buf done = BUF_INIT, text = BUF_INIT, got = BUF_INIT;

	(void)state;
	g = open_box(&guest, (struct mailbox_options){0});
	assert_int_equal(send(g, "payload", NULL), ERR_OK);
	mailbox_close(&g);
	path_set(&done, "%s/guest-1~" TAG "~000000000", host_dir);
	assert_int_equal(path_read_file(done.ptr, 4096, &text, NULL), ERR_OK);
	assert_int_equal(
	    mailbox_receive(h, &guest, TAG, MESSAGE_BLINDED, &got, NULL, NULL),
	    ERR_OK);
	assert_false(path_exists(done.ptr));
	path_set(&done, "%s/guest-1~" TAG "~000000000.done", host_dir);
	for (int turn = 0; turn < 2; turn++) {
		g = open_box(&guest, (struct mailbox_options){0});
		assert_int_equal(send(g, "other", NULL), ERR_CONFLICT);
		assert_int_equal(send(g, "payload", NULL), ERR_OK);
		mailbox_close(&g);
		buf_reset(&got);
		assert_int_equal(
		    path_read_file(done.ptr, 4096, &got, NULL), ERR_OK);
		assert_int_equal(got.len, turn ? text.len : 64);
		path_write_file(
		    done.ptr, text.ptr, text.len, PATH_SCRATCH, NULL);
	}
	mailbox_close(&h);
	buf_release(&done);
	buf_release(&text);
	buf_release(&got);
}

/* How many of the names end so. */
static size_t
count_names(const char *dir, const char *end, ino_t *inodes)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0, len;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		len = strlen(e->d_name);
		if (len < strlen(end) ||
		    strcmp(e->d_name + len - strlen(end), end) != 0)
			continue;
		if (inodes)
			inodes[n] = e->d_ino;
		n++;
	}
	closedir(d);
	return n;
}

/* Long and short ones in turn, so that what was longer shows. */
static void
pass(struct mailbox *g, struct mailbox *h, int i)
{
	struct buf got = BUF_INIT, text = BUF_INIT;

	buf_addf(&text, "%d", i);
	for (int k = 0; k < (i % 2 ? 5000 : 1); k++)
		buf_addc(&text, 'x');
	assert_int_equal(send(g, text.ptr, NULL), ERR_OK);
	assert_int_equal(
	    mailbox_receive(h, &guest, TAG, MESSAGE_BLINDED, &got, NULL, NULL),
	    ERR_OK);
	assert_string_equal(got.ptr, text.ptr);
	buf_release(&got);
	buf_release(&text);
}

static void
test_send_after_many_writes_over_the_markers_of_the_earlier(void **state)
{
	struct mailbox *g = open_box(&guest, (struct mailbox_options){0});
	struct mailbox *h = open_box(&host, (struct mailbox_options){0});
	ino_t before[8], after[8];
	size_t same = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		pass(g, h, i);
	assert_int_equal(count_names(host_dir, ".done", before), 3);
	for (int i = 10; i < 20; i++)
		pass(g, h, i);
	assert_int_equal(count_names(host_dir, ".done", after), 3);
	assert_int_equal(count_names(host_dir, "", NULL), 3 + 2);
	for (size_t i = 0; i < 9; i++)
		same += before[i / 3] == after[i % 3];
	assert_int_equal(same, 3);
	/* the first one's is still there for a second sender */
	mailbox_close(&g);
	g = open_box(&guest, (struct mailbox_options){0});
	assert_int_equal(send(g, "other", NULL), ERR_CONFLICT);
	mailbox_close(&g);
	mailbox_close(&h);
}

/* Nobody has read them: their files are not to be touched. */
static void
test_send_when_none_is_taken_makes_a_file_each(void **state)
{
	struct mailbox *g = open_box(&guest, (struct mailbox_options){0});
	struct mailbox *h = open_box(&host, (struct mailbox_options){0});
	struct buf got = BUF_INIT, want = BUF_INIT;

	(void)state;
	for (int i = 0; i < 3; i++)
		pass(g, h, i);
	for (int i = 3; i < 9; i++) {
		path_set(&want, "late %d", i);
		assert_int_equal(send(g, want.ptr, NULL), ERR_OK);
	}
	for (int i = 3; i < 9; i++) {
		path_set(&want, "late %d", i);
		assert_int_equal(mailbox_receive(h, &guest, TAG,
				     MESSAGE_BLINDED, &got, NULL, NULL),
		    ERR_OK);
		assert_string_equal(got.ptr, want.ptr);
	}
	mailbox_close(&g);
	mailbox_close(&h);
	buf_release(&got);
	buf_release(&want);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_dirs, remove_dirs)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_receive_while_another_process_sends_keeps_the_order),
	    CASE(
		test_send_of_the_same_again_succeeds_and_of_other_content_fails),
	    CASE(test_send_of_what_no_tag_lists_is_refused),
	    CASE(test_receive_of_a_damaged_message_says_so),
	    CASE(test_receive_when_told_to_give_up_is_busy),
	    CASE(test_receive_when_the_peer_has_ended_takes_the_rest_and_fails),
	    CASE(test_say_ended_makes_one_file_and_no_other),
	    CASE(test_send_beyond_the_quota_is_busy),
	    CASE(test_send_again_when_its_marker_is_whole_or_cut_is_known),
	    CASE(test_send_after_many_writes_over_the_markers_of_the_earlier),
	    CASE(test_send_when_none_is_taken_makes_a_file_each),
	    CASE(test_kept_messages_stay_whole_beside_their_marker),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
