/*
 * fateflow-fcgi: the HTTP face behind nginx or Apache. With --workers it is a
 * pool master; without, one plain worker on descriptor 0 (mod_fcgid, inetd
 * style) or on the first of LISTEN_FDS (systemd).
 */
#include "fcgi-app/pool.h"
#include "fcgi-app/route.h"
#include "fcgi-app/worker.h"
#include "lib/core/quota.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/num.h"

#include <getopt.h>
#include <sys/socket.h>
#include <unistd.h>

#define SD_FIRST_FD 3

static const char usage[] =
    "usage: fateflow-fcgi [-c CONF] [-d] [-v] [-n]\n"
    "                     [--listen SOCKET --workers N [--pool NAME]]\n"
    "                     [--routes]\n"
    "  -c CONF           configuration file\n"
    "  -d                log to stderr instead of syslog\n"
    "  -v                say more (repeat for more yet)\n"
    "  -n                check the configuration and exit\n"
    "  --listen SOCKET   unix socket to make and listen on\n"
    "  --workers N       keep N workers; without it: one worker on\n"
    "                    descriptor 0 or LISTEN_FDS\n"
    "  --pool NAME       the pool's name in the log (api)\n"
    "  --routes          list the endpoints, '-' behind what is not offered\n";

struct options {
	struct pool_options pool;
	bool is_foreground;
	bool is_check;
	bool is_list;
	int verbose;
};

static int
usage_error(void)
{
	fputs(usage, stderr);
	return 64;
}

static bool
set_workers(const char *text, struct options *o)
{
	struct buf err = BUF_INIT;
	int64_t n = 0;
	bool ok = !num_parse_int(text, "--workers", 1, 256, &n, &err);

	if (!ok)
		fprintf(stderr, "fateflow-fcgi: %s\n", err.ptr);
	o->pool.n_workers = (int)n;
	buf_release(&err);
	return ok;
}

static bool
set_option(int c, const char *arg, struct options *o)
{
	switch (c) {
	case 'c':
		o->pool.conf_path = arg;
		return true;
	case 'l':
		o->pool.socket = arg;
		return true;
	case 'p':
		o->pool.name = arg;
		return true;
	case 'w':
		return set_workers(arg, o);
	case 'd':
		o->is_foreground = true;
		return true;
	case 'n':
		o->is_check = true;
		return true;
	case 'r':
		o->is_list = true;
		return true;
	case 'v':
		o->verbose++;
		return true;
	default:
		return false;
	}
}

static bool
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
	    {"listen", required_argument, NULL, 'l'},
	    {"workers", required_argument, NULL, 'w'},
	    {"pool", required_argument, NULL, 'p'},
	    {"routes", no_argument, NULL, 'r'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:dvn", longs, NULL)) != -1)
		if (!set_option(c, optarg, o))
			return false;
	return optind == argc && !o->pool.socket == !o->pool.n_workers;
}

/* The listening socket that whoever started us left open. */
static int
inherited_socket(void)
{
	const char *fds = getenv("LISTEN_FDS");
	int fd = fds && *fds && strcmp(fds, "0") ? SD_FIRST_FD : 0;
	int is_listening = 0;
	socklen_t len = sizeof(is_listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) ||
	    !is_listening)
		log_fatal("descriptor %d is no listening socket; give --listen "
			  "and --workers, or start from a web server or "
			  "systemd",
		    fd);
	return fd;
}

int
main(int argc, char **argv)
{
	struct options o = {.pool = {.name = "api"}};
	struct buf err = BUF_INIT;
	struct cfg cfg;
	enum err rc;

	o.pool.conf_path = cfg_default_path();
	if (!parse_options(argc, argv, &o))
		return usage_error();
	if (o.is_list) {
		route_print(stdout);
		return 0;
	}
	log_open("fateflow-fcgi", !o.is_foreground && !o.is_check);
	log_set_level(o.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	json_init();
	if (cfg_load(&cfg, o.pool.conf_path, &err) || quota_check(&cfg, &err))
		log_fatal("%s", err.ptr);
	if (o.is_check)
		rc = ERR_OK;
	else if (o.pool.n_workers)
		rc = pool_run(&cfg, &o.pool, &err);
	else
		rc = worker_run(&cfg, inherited_socket(), &err);
	if (rc)
		log_error("%s", err.ptr);
	cfg_release(&cfg);
	buf_release(&err);
	return rc ? 1 : 0;
}
