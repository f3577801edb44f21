/*
 * The lock alone says whether a task lives: pids are reused, files stay. A
 * process is signalled when its group was made by our own spawn, when it has
 * the lock file open, or when its environment carries the mark that the spawn
 * gave: a daemon can leave its session and close everything, but what it was
 * started with stays readable in /proc.
 */
#include "scheduler/taskdir.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/proc.h"
#include "lib/core/ids.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_LEN	   8
#define SMALL_FILE ((size_t)4 << 20)
#define ENV_MAX	   ((size_t)64 << 10)

void
taskdir_job(const char *work_dir, const char *job_id, struct buf *out)
{
	path_set(out, "%s/jobs/%.*s/%s", work_dir, DAY_LEN, job_id, job_id);
}

static void
named_path(const struct taskdir_name *n, const char *below, struct buf *out)
{
	taskdir_job(n->work_dir, n->job_id, out);
	buf_addf(out, "/%s%s-%s/%s/%d", below, n->role, n->party_id,
	    n->component, n->attempt);
}

void
taskdir_path(const struct taskdir_name *n, struct buf *out)
{
	named_path(n, "", out);
}

enum err
taskdir_make(const struct taskdir_name *n, const char *path, struct buf *err)
{
	struct buf base = BUF_INIT;
	enum err rc;

	taskdir_job(n->work_dir, n->job_id, &base);
	rc = path_mkdirs_below(base.ptr, path, err);
	buf_release(&base);
	return rc;
}

void
taskdir_table_file(
    const struct taskdir_name *n, const char *what, struct buf *out)
{
	buf_reset(out);
	ids_task(n->job_id, n->component, out);
	buf_addf(out, "_%s_%s_%d.%s", n->role, n->party_id, n->attempt, what);
}

void
taskdir_mailbox(const struct taskdir_name *n, struct buf *out)
{
	named_path(n, "mail/", out);
}

/* A small JSON file of the folder, or NULL. */
static cJSON *
read_json(const char *dir, const char *name, bool *exists)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	cJSON *value = NULL;

	path_set(&path, "%s/%s", dir, name);
	*exists = !path_read_file(path.ptr, SMALL_FILE, &text, NULL);
	if (*exists)
		(void)json_parse(text.ptr, text.len, name, &value, NULL);
	buf_release(&path);
	buf_release(&text);
	return value;
}

static void
look_at_owner(const char *dir, struct taskdir_facts *f)
{
	cJSON *owner = read_json(dir, "owner", &f->has_owner);
	char boot[64], host[256];

	proc_boot_id(boot);
	proc_host_name(host);
	if (!strcmp(json_str(owner, "host", ""), host) &&
	    !strcmp(json_str(owner, "boot_id", ""), boot))
		f->owner_pid = (pid_t)json_int(owner, "pid", 0);
	f->is_tombstone = json_bool(owner, "tombstone", false);
	cJSON_Delete(owner);
}

bool
taskdir_has_owner(const char *dir)
{
	struct buf path = BUF_INIT;
	bool has = path_exists(path_set(&path, "%s/owner", dir));

	buf_release(&path);
	return has;
}

void
taskdir_look(const char *dir, struct taskdir_facts *f)
{
	struct buf path = BUF_INIT;
	bool exists;
	cJSON *e;

	memset(f, 0, sizeof(*f));
	/* The lock first: what a task wrote before it let go is then seen. */
	f->is_locked = proc_is_locked(path_set(&path, "%s/lock", dir));
	look_at_owner(dir, f);
	f->state = read_json(dir, "state.json", &exists);
	if (exists && !f->state)
		f->state = cJSON_CreateObject();
	e = read_json(dir, "exit", &exists);
	f->has_exit = json_get(e, "status") != NULL;
	f->wait_status = (int)json_int(e, "status", 0);
	cJSON_Delete(e);
	buf_release(&path);
}

void
taskdir_facts_release(struct taskdir_facts *f)
{
	cJSON_Delete(f->state);
	f->state = NULL;
}

static enum err
create_tombstone(const char *dir, int64_t fence, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct taskdir_facts f = {0};
	enum err rc = ERR_OK;
	int fd;

	path_set(&path, "%s/owner", dir);
	fd = open(path.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	buf_addf(
	    &text, "{\"tombstone\":true,\"fence\":%lld}\n", (long long)fence);
	if (fd < 0 && errno == EEXIST) {
		look_at_owner(dir, &f);
		if (!f.is_tombstone)
			rc =
			    err_set(err, ERR_CONFLICT, "%s is there", path.ptr);
	} else if (fd < 0 || write(fd, text.ptr, text.len) < 0) {
		rc = err_set_errno(err, ERR_IO, "cannot create %s", path.ptr);
	}
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

enum err
taskdir_bury(const struct taskdir_name *n, int64_t fence, struct buf *err)
{
	struct buf dir = BUF_INIT;
	enum err rc;

	taskdir_path(n, &dir);
	rc = taskdir_make(n, dir.ptr, err);
	if (!rc)
		rc = create_tombstone(dir.ptr, fence, err);
	else if (rc == ERR_NOTFOUND)
		rc = ERR_OK;
	buf_release(&dir);
	return rc;
}

/* ---- processes ---- */

/* Does the process have that file open? */
static bool
has_open(const char *pid, const char *file)
{
	char dir[64], link[PATH_MAX];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%.20s/fd", pid);
	d = opendir(dir);
	while (d && !found && (e = readdir(d)) != NULL) {
		ssize_t n =
		    readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);

		if (n > 0) {
			link[n] = '\0';
			found = !strcmp(link, file);
		}
	}
	if (d)
		closedir(d);
	return found;
}

/* Was it started for that folder? */
static bool
has_mark(const char *pid, const char *mark)
{
	struct buf path = BUF_INIT, env = BUF_INIT;
	bool found = false;

	path_set(&path, "/proc/%.20s/environ", pid);
	(void)path_read_file(path.ptr, ENV_MAX, &env, NULL);
	for (size_t at = 0; !found && at < env.len;
	     at += strlen(env.ptr + at) + 1)
		found = !strcmp(env.ptr + at, mark);
	buf_release(&path);
	buf_release(&env);
	return found;
}

static size_t
kill_holders(const char *dir, int signo)
{
	struct buf lock = BUF_INIT, mark = BUF_INIT;
	char real[PATH_MAX] = "";
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	(void)!realpath(path_set(&lock, "%s/lock", dir), real);
	path_set(&mark, "%s=%s", PROC_MARK, dir);
	d = opendir("/proc");
	while (d && (e = readdir(d)) != NULL) {
		int64_t pid;

		if (num_parse_int(e->d_name, "pid", 2, INT_MAX, &pid, NULL) ||
		    pid == getpid())
			continue;
		if ((*real && has_open(e->d_name, real)) ||
		    has_mark(e->d_name, mark.ptr))
			n += kill((pid_t)pid, signo) == 0;
	}
	if (d)
		closedir(d);
	buf_release(&lock);
	buf_release(&mark);
	return n;
}

size_t
taskdir_kill(const char *dir, pid_t pid, int signo)
{
	if (pid > 1)
		kill(-pid, signo);
	return kill_holders(dir, signo);
}

bool
taskdir_is_headless(const char *dir, pid_t owner_pid)
{
	struct buf lock = BUF_INIT;
	char real[PATH_MAX], pid[24], fds[64];
	bool is_headless = false;

	path_set(&lock, "%s/lock", dir);
	snprintf(pid, sizeof(pid), "%d", (int)owner_pid);
	snprintf(fds, sizeof(fds), "/proc/%s/fd", pid);
	/* What may not be looked at is not known to have let go. */
	if (access(fds, R_OK) < 0 && errno != ENOENT)
		is_headless = false;
	else if (realpath(lock.ptr, real))
		is_headless = !has_open(pid, real) && proc_is_locked(real);
	buf_release(&lock);
	return is_headless;
}
