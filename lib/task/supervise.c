/*
 * The parent takes `lock` and then `owner`, so that nobody ever sees an owner
 * without the lock of a task that lives. It forks the child and outlives it: as
 * subreaper it inherits whatever the child leaves behind, kills that, and
 * writes `exit`. The lock's descriptor is inherited by every descendant, so
 * the lock is held for as long as any of them lives.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/proc.h"
#include "lib/core/failure.h"
#include "lib/task/run.h"

/* Both less than what the scheduler allows: the exit is to be written. */
#define GRACE_MS     2500
#define HEARTBEAT_MS 5000

static enum err
take_owner(const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	cJSON *task = NULL, *o = cJSON_CreateObject();
	char host[256], boot[64];
	enum err rc;
	int fd = -1;

	path_set(&path, "%s/task.json", dir);
	rc = json_read_file(path.ptr, &task, err);
	if (rc != ERR_OK)
		goto out;
	proc_host_name(host);
	proc_boot_id(boot);
	json_add_str(o, "host", host);
	json_add_str(o, "boot_id", boot);
	json_add_int(o, "pid", getpid());
	json_add_int(o, "fence", json_int(task, "fence", 0));
	json_print(o, JSON_COMPACT, &text);
	path_set(&path, "%s/owner", dir);
	fd = open(path.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		rc = err_set_errno(err, errno == EEXIST ? ERR_BUSY : ERR_IO,
		    "creating %s", path.ptr);
	else if (write(fd, text.ptr, text.len) != (ssize_t)text.len)
		rc = err_set_errno(err, ERR_IO, "writing %s", path.ptr);
out:
	if (fd >= 0)
		close(fd);
	cJSON_Delete(task);
	cJSON_Delete(o);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

static enum err
take_lock(const char *dir, int *fd_out, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum err rc;

	path_set(&path, "%s/lock", dir);
	rc = proc_lock(path.ptr, fd_out, err);
	/* Programs that the component starts hold it too. */
	if (rc == ERR_OK)
		fcntl(*fd_out, F_SETFD, 0);
	buf_release(&path);
	return rc;
}

static pid_t
start_child(const char *dir, const struct component_table *table)
{
	sigset_t none;
	pid_t parent = getpid(), pid = fork();

	if (pid != 0) {
		if (pid > 0)
			setpgid(pid, pid);
		return pid;
	}
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	exit(task_run(dir, table));
}

/*
 * Waits for the child; TERM and INT are passed on, KILL follows. The time of
 * `lock` tells how long ago this process last had its turn.
 */
static int
await_child(pid_t child, int lock_fd, const sigset_t *set, struct rusage *use)
{
	const struct timespec tick = {.tv_nsec = 100000000};
	const struct timespec beat = {.tv_sec = HEARTBEAT_MS / 1000};
	int64_t kill_at = 0;
	int status = 0, sig;
	pid_t pid;

	for (;;) {
		while ((pid = wait4(-1, &status, WNOHANG, use)) > 0)
			if (pid == child)
				return status;
		sig = sigtimedwait(set, NULL, kill_at != 0 ? &tick : &beat);
		if (sig < 0)
			(void)!futimens(lock_fd, NULL);
		if ((sig == SIGTERM || sig == SIGINT) && kill_at == 0) {
			kill(-child, SIGTERM);
			kill_at = clock_mono_ms() + GRACE_MS;
		}
		if (kill_at != 0 && clock_mono_ms() >= kill_at)
			kill(-child, SIGKILL);
	}
}

/* Kills orphans, which are our children now, until there are none. */
static void
kill_stragglers(pid_t child)
{
	struct buf path = BUF_INIT, list = BUF_INIT;
	int64_t pid;
	char *next, *word;

	kill(-child, SIGKILL);
	path_set(&path, "/proc/self/task/%d/children", (int)getpid());
	while (waitpid(-1, NULL, WNOHANG) >= 0) {
		FILE *f = fopen(path.ptr, "re");
		char line[4096];

		buf_reset(&list);
		if (f != NULL && fgets(line, sizeof(line), f) != NULL)
			buf_adds(&list, line);
		if (f != NULL)
			fclose(f);
		next = list.ptr;
		while ((word = strsep(&next, " \n")) != NULL)
			if (num_parse_int(word, "pid", 2, INT32_MAX, &pid,
				NULL) == ERR_OK)
				kill((pid_t)pid, SIGKILL);
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	buf_release(&path);
	buf_release(&list);
}

static int64_t
ms_of(struct timeval tv)
{
	return (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000;
}

static enum err
write_exit(
    const char *dir, int status, const struct rusage *use, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	cJSON *o = cJSON_CreateObject();
	enum err rc;

	json_add_int(o, "status", status);
	json_add_int(
	    o, "exit_code", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	json_add_int(o, "signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	json_add_int(o, "utime_ms", ms_of(use->ru_utime));
	json_add_int(o, "stime_ms", ms_of(use->ru_stime));
	json_add_int(o, "maxrss_kb", use->ru_maxrss);
	json_print(o, JSON_COMPACT, &text);
	path_set(&path, "%s/exit", dir);
	rc = path_write_file(path.ptr, text.ptr, text.len, PATH_SCRATCH, err);
	cJSON_Delete(o);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

/*
 * Signals wait until somebody looks. The launcher may have ignored some:
 * with SIGCHLD ignored there would be nothing to wait for.
 */
static void
hold_signals(sigset_t *set)
{
	static const int held[] = {SIGTERM, SIGINT, SIGCHLD};

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_LEN(held); i++) {
		signal(held[i], SIG_DFL);
		sigaddset(set, held[i]);
	}
	sigprocmask(SIG_SETMASK, set, NULL);
}

/* What the parent has taken, and what it waits for. */
struct claim {
	int lock_fd;
	sigset_t set;
};

static enum err
supervise(const char *dir, const struct component_table *table,
    const struct claim *claim, int *code_out, struct buf *err)
{
	struct rusage use = {0};
	pid_t child;
	int status;

	setsid(); /* fails when the launcher did it */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	child = start_child(dir, table);
	if (child < 0)
		return err_set_errno(err, ERR_IO, "fork");
	status = await_child(child, claim->lock_fd, &claim->set, &use);
	kill_stragglers(child);
	if (WIFSIGNALED(status))
		log_error("the component's process was ended by signal %d",
		    WTERMSIG(status));
	*code_out =
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return write_exit(dir, status, &use, err);
}

int
task_supervise(const char *dir, const struct component_table *table)
{
	struct buf err = BUF_INIT;
	struct claim claim = {.lock_fd = -1};
	int code = 1;
	enum err rc;

	log_set_form(LOG_FORM_TASK);
	/* Before the claim: who has claimed leaves an exit. */
	hold_signals(&claim.set);
	signal(SIGXFSZ, SIG_IGN); /* a full task.log must not end the task */
	rc = take_lock(dir, &claim.lock_fd, &err);
	if (rc == ERR_OK)
		rc = take_owner(dir, &err);
	if (rc == ERR_BUSY)
		code = TASK_EXIT_OWNED;
	if (failure_of_text(err.ptr) == FAILURE_DISK_FULL)
		code = TASK_EXIT_UNWRITTEN;
	if (rc == ERR_OK)
		rc = supervise(dir, table, &claim, &code, &err);
	if (rc != ERR_OK)
		log_error("%s", err.ptr);
	buf_release(&err);
	return code;
}
