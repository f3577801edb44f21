/*
 * Preloaded into our programs by tests/crash: counts the effects that the
 * chosen process has on the outside, writes down each, and kills the process
 * before or after the n-th. Which process and which effect stands in a file
 * that is mapped, so that a program that runs already can be chosen.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum when { BEFORE, AFTER };
enum who { ANY, STARTED, FORKED };

/* control.py writes it. */
struct control {
	atomic_uint armed;
	atomic_uint n; /* that it is killed at */
	uint32_t when;
	uint32_t who;
	atomic_uint count;
	atomic_uint killed; /* the pid */
	char program[40];
	char words[192]; /* part of the command line */
	char like[128];	 /* a pattern: n becomes that of the first like it */
};

static struct control *control;
static char log_path[PATH_MAX];
static char command[4096];
static pid_t started;

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("FATEFLOW_CRASH_CONTROL");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	ssize_t n;

	if (fd < 0)
		return;
	control = mmap(
	    NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (control == MAP_FAILED)
		control = NULL;
	snprintf(log_path, sizeof(log_path), "%s.log", path);
	started = getpid();
	fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	n = read(fd, command, sizeof(command) - 1);
	close(fd);
	for (ssize_t i = 0; i < n; i++)
		if (!command[i])
			command[i] = ' ';
}

/* ---- what a statement is called ---- */

enum { PREPARE = 0x16, EXECUTE = 0x17, QUERY = 0x03, HEAD = 5, TEXT = 72 };

/* By the number that the server answers to each. */
static char prepared[512][TEXT];
static char preparing[TEXT]; /* the last: -1 means it too */
static bool is_preparing;

static void
name_packet(const unsigned char *p, size_t len, char out[TEXT + 8])
{
	size_t n = len > HEAD ? len - HEAD : 0;
	unsigned id;

	n = n < TEXT - 1 ? n : TEXT - 1;
	if (len >= HEAD && p[3]) {
		snprintf(out, TEXT, "(login or more of a message)");
	} else if (len >= HEAD && (p[4] == QUERY || p[4] == PREPARE)) {
		snprintf(out, TEXT + 8, "%s%.*s",
		    p[4] == PREPARE ? "prep: " : "", (int)n,
		    (const char *)p + HEAD);
		is_preparing = p[4] == PREPARE;
		if (is_preparing)
			snprintf(preparing, TEXT, "%.*s", (int)n,
			    (const char *)p + HEAD);
	} else if (len >= HEAD + 4 && p[4] == EXECUTE) {
		id = p[HEAD] | (unsigned)p[HEAD + 1] << 8;
		snprintf(out, TEXT, "%s", id < 512 ? prepared[id] : preparing);
	} else {
		snprintf(out, TEXT, "command %d", len >= HEAD ? p[4] : -1);
	}
}

static bool
is_database(int fd)
{
	struct sockaddr_un at = {.sun_family = AF_UNSPEC};
	socklen_t len = sizeof(at) - 1;

	return !getpeername(fd, (struct sockaddr *)&at, &len) &&
	       at.sun_family == AF_UNIX && strstr(at.sun_path, "my.sock");
}

/* ---- counting ---- */

static bool
is_ours(void)
{
	return control && atomic_load(&control->armed) &&
	       (control->who == ANY ||
		   (control->who == STARTED) == (getpid() == started)) &&
	       !strcmp(program_invocation_short_name, control->program) &&
	       strstr(command, control->words);
}

static void
note(unsigned n, const char *what, const char *name)
{
	char line[PATH_MAX + 200];
	int len = snprintf(line, sizeof(line), "%u %d %s %.3000s\n", n,
	    (int)getpid(), what, name);
	long fd = syscall(SYS_openat, AT_FDCWD, log_path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	for (int i = 0; i < len - 1; i++)
		if (line[i] == '\n')
			line[i] = ' ';
	syscall(SYS_write, fd, line, (size_t)len);
	syscall(SYS_close, fd);
}

static void
end_here(void)
{
	atomic_store(&control->killed, (unsigned)getpid());
	for (;;)
		syscall(SYS_kill, getpid(), SIGKILL);
}

static void
choose(unsigned n, const char *what, const char *name)
{
	char text[PATH_MAX + 64];
	unsigned never = UINT32_MAX;

	if (!*control->like)
		return;
	snprintf(text, sizeof(text), "%s %s", what, name);
	if (!fnmatch(control->like, text, 0))
		atomic_compare_exchange_strong(&control->n, &never, n);
}

/* The number of this effect; 0: not to be counted. */
static unsigned
before(const char *what, const char *name)
{
	int saved = errno;
	unsigned n = 0;

	if (is_ours()) {
		n = atomic_fetch_add(&control->count, 1) + 1;
		note(n, what, name);
		choose(n, what, name);
		if (n == control->n && control->when == BEFORE)
			end_here();
	}
	errno = saved;
	return n;
}

static void
after(unsigned n)
{
	if (n && n == control->n && control->when == AFTER)
		end_here();
}

static const char *
name_of(int fd, char out[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
	return out;
}

/* ---- the calls ---- */

#define REAL(name) ((__typeof__(&(name)))(uintptr_t)dlsym(RTLD_NEXT, #name))

/* A call by that name, known in the log by one of its arguments. */
#define WRAP(type, name, known_by, params, ...)              \
	type name params                                     \
	{                                                    \
		static __typeof__(&(name)) real;             \
		unsigned n_effect = before(#name, known_by); \
		type rc;                                     \
                                                             \
		if (!real)                                   \
			real = REAL(name);                   \
		rc = real(__VA_ARGS__);                      \
		after(n_effect);                             \
		return rc;                                   \
	}

WRAP(int, rename, to, (const char *from, const char *to), from, to)
WRAP(int, renameat, to, (int a, const char *from, int b, const char *to), a,
    from, b, to)
WRAP(int, renameat2, to,
    (int a, const char *from, int b, const char *to, unsigned flags), a, from,
    b, to, flags)
WRAP(int, link, to, (const char *from, const char *to), from, to)
WRAP(int, linkat, to,
    (int a, const char *from, int b, const char *to, int flags), a, from, b, to,
    flags)
WRAP(int, unlink, path, (const char *path), path)
WRAP(
    int, unlinkat, path, (int at, const char *path, int flags), at, path, flags)
WRAP(int, remove, path, (const char *path), path)
WRAP(int, rmdir, path, (const char *path), path)
WRAP(int, posix_spawn, path,
    (pid_t * pid, const char *path, const posix_spawn_file_actions_t *files,
	const posix_spawnattr_t *attr, char *const argv[], char *const env[]),
    pid, path, files, attr, argv, env)

/* A folder that is there already: nothing happens. */
#define WRAP_MKDIR(name, at, params, ...)                           \
	int name params                                             \
	{                                                           \
		static __typeof__(&(name)) real;                    \
		unsigned n_effect = 0;                              \
		int rc;                                             \
                                                                    \
		if (faccessat(at, path, F_OK, AT_SYMLINK_NOFOLLOW)) \
			n_effect = before(#name, path);             \
		if (!real)                                          \
			real = REAL(name);                          \
		rc = real(__VA_ARGS__);                             \
		after(n_effect);                                    \
		return rc;                                          \
	}

WRAP_MKDIR(mkdir, AT_FDCWD, (const char *path, mode_t mode), path, mode)
WRAP_MKDIR(mkdirat, at, (int at, const char *path, mode_t mode), at, path, mode)

#define OF_FD(name, ...) \
	WRAP(int, name, name_of(fd, (char[PATH_MAX]){""}), __VA_ARGS__)

OF_FD(fsync, (int fd), fd)
OF_FD(fdatasync, (int fd), fd)
OF_FD(ftruncate, (int fd, off_t len), fd, len)
OF_FD(ftruncate64, (int fd, off64_t len), fd, len)

static bool
makes(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

#define WRAP_OPEN(name, params, ...)                                        \
	int name params                                                     \
	{                                                                   \
		static __typeof__(&(name)) real;                            \
		unsigned n_effect = makes(flags) ? before(#name, path) : 0; \
		mode_t mode = 0;                                            \
		va_list ap;                                                 \
		int fd;                                                     \
                                                                            \
		va_start(ap, flags);                                        \
		if (makes(flags))                                           \
			mode = va_arg(ap, mode_t);                          \
		va_end(ap);                                                 \
		if (!real)                                                  \
			real = REAL(name);                                  \
		fd = real(__VA_ARGS__, flags, mode);                        \
		after(n_effect);                                            \
		return fd;                                                  \
	}

WRAP_OPEN(open, (const char *path, int flags, ...), path)
WRAP_OPEN(open64, (const char *path, int flags, ...), path)
WRAP_OPEN(openat, (int at, const char *path, int flags, ...), at, path)
WRAP_OPEN(openat64, (int at, const char *path, int flags, ...), at, path)

/* What goes to the database; the rest is answers and serving. */
#define WRAP_SEND(name, bytes, len, params, ...)                        \
	ssize_t name params                                             \
	{                                                               \
		static __typeof__(&(name)) real;                        \
		char text[TEXT + 8];                                    \
		unsigned n_effect = 0;                                  \
		ssize_t rc;                                             \
                                                                        \
		if (!real)                                              \
			real = REAL(name);                              \
		if (control && is_database(fd)) {                       \
			name_packet(                                    \
			    (const unsigned char *)(bytes), len, text); \
			n_effect = before("tell", text);                \
		}                                                       \
		rc = real(__VA_ARGS__);                                 \
		after(n_effect);                                        \
		return rc;                                              \
	}

WRAP_SEND(
    send, p, n, (int fd, const void *p, size_t n, int flags), fd, p, n, flags)
WRAP_SEND(write, p, n, (int fd, const void *p, size_t n), fd, p, n)
WRAP_SEND(writev, v[0].iov_base, v[0].iov_len,
    (int fd, const struct iovec *v, int n), fd, v, n)

ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
	static __typeof__(&(recv)) real;
	const unsigned char *p = buf;
	ssize_t n;

	if (!real)
		real = REAL(recv);
	n = real(fd, buf, len, flags);
	if (is_preparing && n >= HEAD + 4 && p[4] == 0 && is_database(fd)) {
		unsigned id = p[HEAD] | (unsigned)p[HEAD + 1] << 8;

		if (id < 512)
			memcpy(prepared[id], preparing, TEXT);
		is_preparing = false;
	}
	return n;
}
