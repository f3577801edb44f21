/*
 * The worker accepts by itself and hands the connection to libfcgi, for three
 * reasons: signals are unblocked in ppoll() alone, so that a TERM can neither
 * cut a request off nor get lost between a flag's check and accept(); the
 * time limits stand before the first byte is read; and a connection that
 * another worker took costs nothing, since the socket does not block.
 */
#include "fcgi-app/worker.h"
#include "fcgi-app/route.h"
#include "lib/base/log.h"
#include "lib/base/num.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct {
	volatile sig_atomic_t stop;
} state;

static void
on_stop(int signo)
{
	(void)signo;
	state.stop = 1;
}

/* Blocks the signals; *wait is the mask to wait with. */
static void
take_signals(sigset_t *wait)
{
	struct sigaction stop = {.sa_handler = on_stop};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGUSR1, &stop, NULL); /* mod_fcgid's graceful end */
	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL); /* write() says EFBIG then */
	sigemptyset(wait);
}

static void
set_limits(int fd, int64_t ms)
{
	struct timeval tv = {
	    .tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

/* The next connection, or -1 when it is time to look at the flags. */
static int
next_connection(int listen_fd, const sigset_t *wait)
{
	struct pollfd p = {.fd = listen_fd, .events = POLLIN};
	int fd;

	if (ppoll(&p, 1, NULL, wait) <= 0)
		return -1;
	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 && errno != EAGAIN && errno != EINTR &&
	    errno != ECONNABORTED) {
		log_error("accept: %s", strerror(errno));
		poll(NULL, 0, 100); /* out of descriptors: no busy loop */
	}
	return fd;
}

static ssize_t
read_body(void *arg, void *bytes, size_t len)
{
	FCGX_Request *fr = arg;
	int n = FCGX_GetStr(bytes, (int)len, fr->in);

	return n == 0 && FCGX_GetError(fr->in) ? -1 : n;
}

static bool
write_answer(void *arg, const void *bytes, size_t len)
{
	FCGX_Request *fr = arg;
	const char *p = bytes;

	while (len) {
		int step = len > 65536 ? 65536 : (int)len;

		if (FCGX_PutStr(p, step, fr->out) != step)
			return false;
		p += step;
		len -= (size_t)step;
	}
	return true;
}

static const char *
param(FCGX_Request *fr, const char *name)
{
	const char *v = FCGX_GetParam(name, fr->envp);

	return v ? v : "";
}

/* What was announced, a hint only; 0 when nothing was. */
static int64_t
body_len(FCGX_Request *fr)
{
	int64_t n = 0;

	return num_parse_int(param(fr, "CONTENT_LENGTH"), "Content-Length", 0,
		   INT64_MAX, &n, NULL)
		   ? 0
		   : n;
}

static void
serve(struct app *app, FCGX_Request *fr)
{
	struct reply_out out = {write_answer, fr};
	struct request rq = {
	    .method_name = param(fr, "REQUEST_METHOD"),
	    .uri = param(fr, "REQUEST_URI"),
	    .content_type = param(fr, "CONTENT_TYPE"),
	    .client = param(fr, "REMOTE_ADDR"),
	    .token = param(fr, "HTTP_IDEMPOTENCY_KEY"),
	    .body_len = body_len(fr),
	    .read = read_body,
	    .arg = fr,
	};
	struct reply rp;

	request_parse(&rq, app->cfg->api.url_prefix);
	reply_init(&rp, &out);
	route_serve(app, &rq, &rp);
	reply_release(&rp);
	request_release(&rq);
}

/* libfcgi takes a connection that its request structure holds already. */
static void
serve_connection(struct app *app, int fd)
{
	FCGX_Request fr;
	int rc;

	set_limits(fd, app->cfg->api.read_timeout_ms);
	FCGX_InitRequest(&fr, -1, FCGI_FAIL_ACCEPT_ON_INTR);
	fr.keepConnection = 1;
	fr.ipcFd = fd;
	rc = FCGX_Accept_r(&fr);
	if (rc < 0) {
		log_debug("connection without a request rc=%d", rc);
		return;
	}
	serve(app, &fr);
	fr.keepConnection = 0;
	FCGX_Finish_r(&fr);
}

enum err
worker_run(const struct cfg *cfg, int listen_fd, struct buf *err)
{
	struct app app = {.cfg = cfg, .db = db_new(cfg)};
	int64_t n_done = 0;
	sigset_t wait;

	if (FCGX_Init()) {
		db_close(&app.db);
		return err_set(err, ERR_INTERNAL, "libfcgi did not start");
	}
	db_set_patience(app.db, cfg->database.answer_timeout_ms);
	take_signals(&wait);
	fcntl(listen_fd, F_SETFL, fcntl(listen_fd, F_GETFL) | O_NONBLOCK);
	while (!state.stop && n_done < cfg->api.requests_per_worker) {
		int fd = next_connection(listen_fd, &wait);

		if (fd < 0)
			continue;
		serve_connection(&app, fd);
		n_done++;
	}
	db_close(&app.db);
	return ERR_OK;
}
