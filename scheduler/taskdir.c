/*
 * The lock alone says whether a task lives: pids are reused, files stay. A
 * process is signalled only when the lock is held and the process group was
 * made by our own spawn, or when it has the lock file open itself.
 */
#include "scheduler/taskdir.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#define DAY_LEN	   8
#define SMALL_FILE ((size_t)4 << 20)

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

enum err
taskdir_bury(const char *dir, int64_t fence, struct buf *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	enum err rc = path_mkdirs(dir, err);
	int fd = -1;

	if (rc)
		goto out;
	path_set(&path, "%s/owner", dir);
	fd = open(path.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0 && errno == EEXIST) {
		rc = err_set(err, ERR_CONFLICT, "%s is there", path.ptr);
		goto out;
	}
	buf_addf(
	    &text, "{\"tombstone\":true,\"fence\":%lld}\n", (long long)fence);
	if (fd < 0 || write(fd, text.ptr, text.len) < 0)
		rc = err_set_errno(err, ERR_IO, "cannot create %s", path.ptr);
out:
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	buf_release(&text);
	return rc;
}

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

static void
kill_holders(const char *lock, int signo)
{
	char real[PATH_MAX];
	struct dirent *e;
	DIR *d;

	if (!realpath(lock, real))
		return;
	d = opendir("/proc");
	while (d && (e = readdir(d)) != NULL) {
		int64_t pid;

		if (num_parse_int(e->d_name, "pid", 2, INT_MAX, &pid, NULL))
			continue;
		if (pid != getpid() && has_open(e->d_name, real))
			kill((pid_t)pid, signo);
	}
	if (d)
		closedir(d);
}

void
taskdir_kill(const char *dir, pid_t pid, int signo)
{
	struct buf lock = BUF_INIT;

	path_set(&lock, "%s/lock", dir);
	if (pid > 1)
		kill(-pid, signo);
	if (pid <= 1 || signo == SIGKILL)
		kill_holders(lock.ptr, signo);
	buf_release(&lock);
}
