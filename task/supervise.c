/*
 * The parent is a subreaper: whatever the component forked and lost comes
 * back to it and is killed once the component has ended. TERM is passed on to
 * the child's group; a second one kills it. The child dies with its parent.
 */
#include "task/supervise.h"
#include "lib/base/json.h"
#include "lib/base/path.h"
#include "lib/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	volatile sig_atomic_t child;
	volatile sig_atomic_t n_terms;
} state;

static void
on_term(int number)
{
	int saved = errno;

	(void)number;
	if (state.child > 0)
		kill(-(pid_t)state.child, state.n_terms ? SIGKILL : SIGTERM);
	state.n_terms = 1;
	errno = saved;
}

static enum err
write_owner(const char *path, struct buf *err)
{
	char host[256], boot[64];
	struct buf text = BUF_INIT;
	cJSON *owner;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	enum err rc = ERR_OK;

	if (fd < 0)
		return err_set_errno(err,
		    errno == EEXIST ? ERR_CONFLICT : ERR_IO, "cannot claim %s",
		    path);
	proc_host_name(host);
	proc_boot_id(boot);
	owner = cJSON_CreateObject();
	json_add_str(owner, "host", host);
	json_add_str(owner, "boot_id", boot);
	json_add_int(owner, "pid", getpid());
	json_print(owner, JSON_COMPACT, &text);
	if (write(fd, text.ptr, text.len) != (ssize_t)text.len)
		rc = err_set_errno(err, ERR_IO, "cannot write %s", path);
	close(fd);
	cJSON_Delete(owner);
	buf_release(&text);
	return rc;
}

/* The lock comes first: an owner without a lock would look like a dead one. */
enum err
supervise_claim(const char *dir, struct buf *err)
{
	struct buf path = BUF_INIT;
	int fd = -1;
	enum err rc;

	path_set(&path, "%s/lock", dir);
	rc = proc_lock(path.ptr, &fd, err);
	if (rc == ERR_BUSY)
		rc = ERR_CONFLICT;
	if (!rc) {
		path_set(&path, "%s/owner", dir);
		rc = write_owner(path.ptr, err);
	}
	if (rc && fd >= 0)
		close(fd);
	buf_release(&path);
	return rc;
}

static int64_t
to_ms(struct timeval tv)
{
	return (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000;
}

static enum err
write_exit(const char *dir, int status, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	cJSON *end = cJSON_CreateObject();
	struct rusage usage;
	enum err rc;

	getrusage(RUSAGE_CHILDREN, &usage);
	json_add_int(end, "status", status);
	json_add_int(
	    end, "exit_code", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	json_add_int(end, "signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	json_add_int(end, "utime_ms", to_ms(usage.ru_utime));
	json_add_int(end, "stime_ms", to_ms(usage.ru_stime));
	json_add_int(end, "maxrss_kb", usage.ru_maxrss);
	json_print(end, JSON_COMPACT, &text);
	path_set(&path, "%s/exit", dir);
	rc = path_write_file(path.ptr, text.ptr, text.len, PATH_SCRATCH, err);
	cJSON_Delete(end);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

/* Kills what the component left behind, wherever it went. */
static void
kill_stragglers(pid_t group)
{
	char path[64];
	long pid;

	kill(-group, SIGKILL);
	for (int round = 0; round < 100; round++) {
		FILE *f;
		int got = 0;

		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		    (int)getpid());
		f = fopen(path, "re");
		while (f && fscanf(f, "%ld", &pid) == 1) {
			kill((pid_t)pid, SIGKILL);
			got++;
		}
		if (f)
			fclose(f);
		if (!got)
			return;
		usleep(1000);
	}
}

static void
watch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_term};

	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
}

static void
become_child(pid_t parent)
{
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

enum err
supervise_run(const char *dir, bool *is_child, struct buf *err)
{
	pid_t parent = getpid(), child;
	int status = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	watch_signals();
	child = fork();
	if (child < 0)
		return err_set_errno(err, ERR_IO, "cannot fork");
	if (child == 0) {
		become_child(parent);
		*is_child = true;
		return ERR_OK;
	}
	setpgid(child, child);
	state.child = child;
	if (state.n_terms)
		kill(-child, SIGTERM);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	state.child = 0;
	kill_stragglers(child);
	return write_exit(dir, status, err);
}
