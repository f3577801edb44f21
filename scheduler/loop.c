/*
 * Nothing here decides anything: whatever wakes the loop, a pass follows, and
 * the pass says how long it has nothing to do. Signals come as a descriptor,
 * so there are no handlers and no races with poll().
 */
#include "scheduler/loop.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/retain/trash.h"
#include "scheduler/doorbell.h"
#include "scheduler/pass.h"
#include "scheduler/watch.h"

#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define ONCE_MS	    55000
#define PATIENCE_MS 30000

struct loop {
	struct scheduler s;
	enum loop_mode mode;
	int64_t ends_at;
	int signal_fd;
	int bell_fd;
	bool is_told_to_end;
};

static enum err
open_signals(struct loop *l, struct buf *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		l->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a log at its limit must not end us */
	if (l->signal_fd < 0)
		return err_set_errno(err, ERR_IO, "cannot wait for signals");
	return ERR_OK;
}

static enum err
open_all(struct loop *l, struct buf *err)
{
	enum err rc = open_signals(l, err);

	l->s.watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (l->s.watch_fd < 0)
		log_warn("no inotify: adopted tasks are polled");
	if (!rc && l->mode == LOOP_DAEMON)
		rc =
		    doorbell_open(l->s.cfg->site.runtime_dir, &l->bell_fd, err);
	return rc;
}

static void
close_all(struct loop *l)
{
	doorbell_close(l->s.cfg->site.runtime_dir, &l->bell_fd);
	if (l->s.watch_fd >= 0)
		close(l->s.watch_fd);
	if (l->signal_fd >= 0)
		close(l->signal_fd);
}

/* ---- what woke us ---- */

static void
on_signal(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signal_fd, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			l->is_told_to_end = true;
}

static void
on_bell(struct loop *l)
{
	if (doorbell_drain(l->bell_fd))
		l->s.is_rung = true;
}

static void
on_change(struct loop *l)
{
	char events[4096];

	while (read(l->s.watch_fd, events, sizeof(events)) > 0)
		watch_hint(&l->s);
}

static void
wait_for_something(struct loop *l)
{
	void (*const on[])(struct loop *) = {on_signal, on_bell, on_change};
	struct pollfd fds[] = {
	    {.fd = l->signal_fd, .events = POLLIN},
	    {.fd = l->bell_fd, .events = POLLIN},
	    {.fd = l->s.watch_fd, .events = POLLIN},
	};
	int64_t ms = pass_due(&l->s);

	if (poll(fds, ARRAY_LEN(fds), (int)ms) <= 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i].revents)
			on[i](l);
}

static bool
is_over(const struct loop *l)
{
	if (l->is_told_to_end)
		return true;
	return l->mode == LOOP_ONCE &&
	       (pass_is_idle(&l->s) || clock_mono_ms() >= l->ends_at);
}

enum err
loop_run(const struct cfg *cfg, enum loop_mode mode, struct buf *err)
{
	struct loop l = {
	    .s = {.cfg = cfg, .watch_fd = -1},
	    .mode = mode,
	    .ends_at = clock_mono_ms() + ONCE_MS,
	    .signal_fd = -1,
	    .bell_fd = -1,
	};
	enum err rc = quota_init(&l.s.quota, cfg, err);

	if (rc)
		return rc;
	if (mode == LOOP_ONCE)
		trash_any_day(cfg->site.work_dir, l.s.orphan_day);
	rc = open_all(&l, err);
	l.s.db = db_new(cfg);
	db_set_patience(l.s.db, PATIENCE_MS);
	if (!rc) {
		pass_run(&l.s);
		while (!is_over(&l)) {
			wait_for_something(&l);
			pass_run(&l.s);
		}
		log_info("ending: running tasks go on");
		pass_end(&l.s);
	}
	quota_use_release(&l.s.queue.seen);
	quota_release(&l.s.quota);
	db_close(&l.s.db);
	close_all(&l);
	return rc;
}
