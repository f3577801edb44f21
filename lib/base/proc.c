#include "lib/base/proc.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <unistd.h>

#define CLEAN_ENV_MAX 10

/* The few variables that a program started by us may see. */
static void
clean_env(const char *mark, const char *env[CLEAN_ENV_MAX],
    struct buf texts[CLEAN_ENV_MAX])
{
	static const char *const names[] = {"PATH", "LANG", "LC_ALL", "TZ",
	    "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
	    "FATEFLOW_PORTABLE"};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);

		if (!value)
			continue;
		buf_addf(&texts[n], "%s=%s", names[i], value);
		env[n] = texts[n].ptr;
		n++;
	}
	if (mark) {
		buf_addf(&texts[n], "%s=%s", PROC_MARK, mark);
		env[n] = texts[n].ptr;
		n++;
	}
	env[n] = NULL;
}

static void
reset_signals(posix_spawnattr_t *attr)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID |
					   POSIX_SPAWN_SETSIGDEF |
					   POSIX_SPAWN_SETSIGMASK);
}

static void
set_files(posix_spawn_file_actions_t *files, const struct proc_options *o)
{
	posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
	if (o->output) {
		posix_spawn_file_actions_addopen(
		    files, 1, o->output, O_WRONLY | O_CREAT | O_APPEND, 0640);
		posix_spawn_file_actions_adddup2(files, 1, 2);
	}
	if (o->dir)
		posix_spawn_file_actions_addchdir_np(files, o->dir);
	posix_spawn_file_actions_addclosefrom_np(files, 3);
}

enum err
proc_spawn(const struct proc_options *o, pid_t *pid_out, struct buf *err)
{
	struct buf texts[CLEAN_ENV_MAX];
	const char *env[CLEAN_ENV_MAX];
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	enum err rc = ERR_OK;

	for (size_t i = 0; i < CLEAN_ENV_MAX; i++)
		buf_init(&texts[i]);
	clean_env(o->mark, env, texts);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	set_files(&files, o);
	reset_signals(&attr);
	errno = posix_spawn(pid_out, o->argv[0], &files, &attr,
	    (char *const *)(uintptr_t)o->argv,
	    (char *const *)(uintptr_t)(o->env ? o->env : env));
	if (errno)
		rc = err_set_errno(err, ERR_IO, "cannot start %s", o->argv[0]);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	for (size_t i = 0; i < CLEAN_ENV_MAX; i++)
		buf_release(&texts[i]);
	return rc;
}

/*
 * Locks of the open file description: as flock they live on in every process
 * that inherited the descriptor, and unlike flock they can be asked about
 * without being taken, so that a look never makes the owner's attempt fail.
 */
enum err
proc_lock_fd(int fd, const char *path, struct buf *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (!fcntl(fd, F_OFD_SETLK, &lock))
		return ERR_OK;
	return err_set_errno(err,
	    errno == EAGAIN || errno == EACCES ? ERR_BUSY : ERR_IO,
	    "cannot lock %s", path);
}

enum err
proc_lock(const char *path, int *fd_out, struct buf *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	enum err rc;

	if (fd < 0)
		return err_set_errno(err, ERR_IO, "cannot open %s", path);
	rc = proc_lock_fd(fd, path, err);
	if (rc)
		close(fd);
	else
		*fd_out = fd;
	return rc;
}

/* F_UNLCK, F_WRLCK, or -1: cannot be told. */
static int
lock_of(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	/* For reading: the end of writing would wake whoever watches it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc = fd < 0 ? -1 : fcntl(fd, F_OFD_GETLK, &lock);

	if (fd >= 0)
		close(fd);
	return rc < 0 ? -1 : lock.l_type;
}

bool
proc_is_locked(const char *path)
{
	int type = lock_of(path);

	return type >= 0 && type != F_UNLCK;
}

bool
proc_is_unlocked(const char *path)
{
	return lock_of(path) == F_UNLCK;
}

void
proc_boot_id(char out[64])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	out[0] = '\0';
	if (!f)
		return;
	if (!fgets(out, 64, f))
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	fclose(f);
}

void
proc_host_name(char out[256])
{
	if (gethostname(out, 256) < 0)
		out[0] = '\0';
	out[255] = '\0';
}
