/*
 * One loop around sigtimedwait(): all signals are blocked, so nothing runs
 * beside it. What is due is decided by looking at the slots, not by events.
 */
#include "fcgi-app/pool.h"
#include "fcgi-app/worker.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/core/quota.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKLOG	       511
#define YOUNG_MS       1000 /* died before this: wait before the next */
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   5000
#define TERM_AGAIN_MS  500
#define KILL_AFTER_MS  10000
#define TICK_MAX_MS    1000

struct slot {
	pid_t pid; /* 0: empty */
	int64_t started_at;
	int64_t start_at; /* when the next may start */
	int64_t pause_ms;
	int64_t stop_at; /* when the first TERM went out, 0: none */
	int64_t term_at; /* when the last one did */
	int64_t round;	 /* of replacements that it belongs to */
};

struct pool {
	const struct pool_options *o;
	struct cfg *cfg;
	int fd;
	struct slot *slots;
	bool is_ending;
	int64_t round;
};

/* Bound under another name and renamed: no moment without a socket. */
static enum err
listen_on(const char *path, int *fd_out, struct buf *err)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd, rc;

	if ((size_t)snprintf(at.sun_path, sizeof(at.sun_path), "%s.%d", path,
		(int)getpid()) >= sizeof(at.sun_path))
		return err_set(err, ERR_INVALID,
		    "the socket path %s is too long, at most %zu bytes", path,
		    sizeof(at.sun_path) - 12);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "socket");
	unlink(at.sun_path);
	mask = umask(0117);
	rc = bind(fd, (struct sockaddr *)&at, sizeof(at));
	umask(mask);
	if (rc || listen(fd, BACKLOG) || rename(at.sun_path, path)) {
		err_set_errno(err, ERR_IO, "%s", path);
		unlink(at.sun_path);
		close(fd);
		return ERR_IO;
	}
	*fd_out = fd;
	return ERR_OK;
}

static _Noreturn void
be_worker(struct pool *p, pid_t master)
{
	struct buf err = BUF_INIT;
	enum err rc;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != master)
		_exit(0);
	if (p->fd != 0) {
		dup2(p->fd, 0);
		close(p->fd);
	}
	rc = worker_run(p->cfg, 0, &err);
	if (rc)
		log_error("worker: %s", err.ptr);
	buf_release(&err);
	exit(rc ? 1 : 0);
}

static void
start(struct pool *p, struct slot *s, int64_t now)
{
	pid_t master = getpid(), pid = fork();

	if (pid == 0)
		be_worker(p, master);
	if (pid < 0) {
		log_error("pool=%s fork: %s", p->o->name, strerror(errno));
		s->start_at = now + PAUSE_MAX_MS;
		return;
	}
	s->pid = pid;
	s->started_at = now;
	s->stop_at = s->term_at = 0;
	s->round = p->round;
	log_debug("pool=%s worker started pid=%d", p->o->name, (int)pid);
}

static void
note_end(struct pool *p, struct slot *s, int status, int64_t now)
{
	bool is_young = now - s->started_at < YOUNG_MS;
	bool is_planned = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (!is_planned)
		log_warn("pool=%s worker ended pid=%d %s=%d", p->o->name,
		    (int)s->pid, WIFSIGNALED(status) ? "signal" : "exit",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status));
	s->pid = 0;
	s->pause_ms = is_planned || !is_young ? 0
		      : s->pause_ms == 0      ? PAUSE_FIRST_MS
					      : s->pause_ms * 2;
	if (s->pause_ms > PAUSE_MAX_MS)
		s->pause_ms = PAUSE_MAX_MS;
	s->start_at = now + s->pause_ms;
}

static void
reap(struct pool *p, int64_t now)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < p->o->n_workers; i++)
			if (p->slots[i].pid == pid)
				note_end(p, &p->slots[i], status, now);
}

static void
ask_to_end(struct slot *s, int64_t now)
{
	if (!s->stop_at)
		s->stop_at = now;
	if (now - s->stop_at >= KILL_AFTER_MS)
		kill(s->pid, SIGKILL);
	else if (!s->term_at || now - s->term_at >= TERM_AGAIN_MS)
		kill(s->pid, SIGTERM);
	else
		return;
	s->term_at = now;
}

/* One step: starts what is missing, ends what is to end, one by one. */
static bool
step(struct pool *p, int64_t now)
{
	bool is_replacing = false, any = false;

	for (int i = 0; i < p->o->n_workers; i++) {
		struct slot *s = &p->slots[i];

		if (!s->pid && !p->is_ending && now >= s->start_at)
			start(p, s, now);
		if (!s->pid) {
			is_replacing = true;
			continue;
		}
		any = true;
		if (p->is_ending || s->stop_at)
			ask_to_end(s, now);
		is_replacing |= s->stop_at != 0;
	}
	for (int i = 0; i < p->o->n_workers && !is_replacing; i++) {
		if (p->slots[i].round == p->round)
			continue;
		ask_to_end(&p->slots[i], now);
		is_replacing = true;
	}
	return any || !p->is_ending;
}

static void
reload(struct pool *p)
{
	struct buf err = BUF_INIT;
	struct cfg fresh;
	enum err rc;

	rc = cfg_load(&fresh, p->o->conf_path, &err);
	if (!rc && quota_check(&fresh, &err)) {
		cfg_release(&fresh);
		rc = ERR_INVALID;
	}
	if (rc) {
		log_error(
		    "pool=%s configuration kept: %s", p->o->name, err.ptr);
	} else {
		cfg_release(p->cfg);
		*p->cfg = fresh;
	}
	p->round++;
	buf_release(&err);
}

static int
next_tick(const struct pool *p, int64_t now)
{
	int64_t tick = TICK_MAX_MS;

	for (int i = 0; i < p->o->n_workers; i++) {
		const struct slot *s = &p->slots[i];
		int64_t due = s->pid ? s->stop_at ? s->term_at + TERM_AGAIN_MS
						  : now + TICK_MAX_MS
				     : s->start_at;

		if (due - now < tick)
			tick = due - now;
	}
	return tick < 10 ? 10 : (int)tick;
}

static void
loop(struct pool *p, const sigset_t *signals)
{
	int64_t now = clock_mono_ms();

	while (step(p, now)) {
		int ms = next_tick(p, now);
		struct timespec tick = {ms / 1000, (ms % 1000) * 1000000L};
		int signo = sigtimedwait(signals, NULL, &tick);

		if (signo == SIGTERM || signo == SIGINT)
			p->is_ending = true;
		else if (signo == SIGHUP)
			reload(p);
		now = clock_mono_ms();
		reap(p, now);
	}
}

/* Once nobody of ours listens: whoever answers there is another master. */
static void
remove_socket(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (connect(probe, (struct sockaddr *)&at, sizeof(at)))
		unlink(path);
	close(probe);
}

enum err
pool_run(struct cfg *cfg, const struct pool_options *o, struct buf *err)
{
	struct pool p = {.o = o, .cfg = cfg, .round = 1};
	sigset_t signals;
	enum err rc;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	rc = listen_on(o->socket, &p.fd, err);
	if (rc)
		return rc;
	p.slots = xcalloc((size_t)o->n_workers, sizeof(*p.slots));
	log_info("pool=%s listening socket=%s workers=%d", o->name, o->socket,
	    o->n_workers);
	loop(&p, &signals);
	close(p.fd);
	remove_socket(o->socket);
	free(p.slots);
	return ERR_OK;
}
