/*
 * fateflow-scheduler: moves jobs from waiting to their end.
 */
#include <getopt.h>
#include <unistd.h>

#include "lib/base/cfg.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/core/quota.h"
#include "scheduler/loop.h"

struct options {
	const char *cfg_path;
	bool foreground;
	bool check_only;
	int verbose;
	enum loop_mode mode;
};

static const char usage[] =
    "usage: fateflow-scheduler [-c FILE] [-d] [-v] [-n] [--once]\n\n"
    "  -c FILE  configuration (else $FATEFLOW_CONF, else "
    "/etc/fateflow.conf)\n"
    "  -d       stay in the foreground, log to standard error\n"
    "  -v       more in the log; repeat for still more\n"
    "  -n       check the configuration and exit\n"
    "  --once   work until idle or for 55 seconds, then exit (for cron)\n";

static void
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"once", no_argument, NULL, 'o'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:dvnh", longs, NULL)) != -1) {
		if (c == 'c')
			o->cfg_path = optarg;
		else if (c == 'd')
			o->foreground = true;
		else if (c == 'v')
			o->verbose++;
		else if (c == 'n')
			o->check_only = true;
		else if (c == 'o')
			o->mode = LOOP_ONCE;
		else {
			fputs(usage, c == 'h' ? stdout : stderr);
			exit(c == 'h' ? 0 : 2);
		}
	}
	if (optind != argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

static void
start_log(const struct options *o)
{
	bool foreground = o->foreground || o->mode == LOOP_ONCE;

	log_set_level(o->verbose > 0 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	if (foreground)
		return;
	if (daemon(0, 0) < 0)
		log_fatal("cannot go into the background");
	log_open("fateflow-scheduler", 1);
}

int
main(int argc, char **argv)
{
	struct options o = {
	    .cfg_path = cfg_default_path(), .mode = LOOP_DAEMON};
	struct buf err = BUF_INIT;
	struct cfg cfg;
	enum err rc;

	log_open("fateflow-scheduler", 0);
	json_init();
	parse_options(argc, argv, &o);
	if (cfg_load(&cfg, o.cfg_path, &err) || quota_check(&cfg, &err))
		log_fatal("%s", err.ptr);
	if (o.check_only) {
		cfg_release(&cfg);
		return 0;
	}
	start_log(&o);
	rc = loop_run(&cfg, o.mode, &err);
	if (rc)
		log_error("%s", err.ptr);
	cfg_release(&cfg);
	buf_release(&err);
	return rc ? 1 : 0;
}
