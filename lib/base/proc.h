/*
 * Processes and locks: one audited way to start a program.
 */
#ifndef FF_BASE_PROC_H
#define FF_BASE_PROC_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/buf.h"

/* By this a process can be found that was started for something. */
#define PROC_MARK "FATEFLOW_TASK_DIR"

struct proc_options {
	const char *const *argv; /* argv[0] is the program's path */
	const char *dir;	 /* working folder, or NULL */
	const char *output;	 /* stdout and stderr append here, or NULL */
	const char *const *env;	 /* NULL-ended; NULL: PATH, LANG, TZ only */
	const char *mark;	 /* as PROC_MARK in that short one, or NULL */
};

/*
 * Starts a program in a session of its own: no shell, clean environment,
 * standard input from /dev/null, no other descriptor inherited, default
 * signal handling. Uses posix_spawn, so a large parent costs nothing.
 */
enum err
proc_spawn(const struct proc_options *options, pid_t *pid_out, struct buf *err);

/*
 * Takes an exclusive lock on `path` (created if absent). *fd_out holds it
 * until closed in every process that inherited it, whatever became of
 * the first. The descriptor is close-on-exec. ERR_BUSY when held.
 */
enum err proc_lock(const char *path, int *fd_out, struct buf *err);

/* The same of a file that is open for writing; `path` is for the message. */
enum err proc_lock_fd(int fd, const char *path, struct buf *err);

/* Does anybody hold the lock? An absent file counts as free. */
bool proc_is_locked(const char *path);
/* Is it there and free for certain? Not where that cannot be told. */
bool proc_is_unlocked(const char *path);

/* This boot's id and host name, for `owner` files. */
void proc_boot_id(char out[64]);
void proc_host_name(char out[256]);

#endif
