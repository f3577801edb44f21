/*
 * fateflow-admin: what needs the database or the disk, from the shell.
 */
#include <getopt.h>

#include "admin/verbs.h"
#include "lib/base/json.h"
#include "lib/base/log.h"

static void
print_help(FILE *out)
{
	fputs("usage: fateflow-admin [-c FILE] VERB [--dir FOLDER]\n\n", out);
	for (const struct verb *v = verbs; v->name; v++)
		fprintf(out, "  %s%s\n      %s\n", v->name, v->words, v->help);
	fprintf(out,
	    "\n  -c FILE       configuration (else $FATEFLOW_CONF, else "
	    "/etc/fateflow.conf)\n"
	    "  --dir FOLDER  migrations (else %s)\n"
	    "  --dry-run     retain: change nothing\n",
	    FATEFLOW_SQL_DIR);
}

/* Exit codes by error: 2 is for a wrong call, as everywhere. */
static int
exit_code(enum err rc)
{
	return rc == ERR_OK ? 0 : 1;
}

static const struct verb *
parse_options(int argc, char **argv, struct verb_args *args)
{
	static const struct option longs[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"dir", required_argument, NULL, 'd'},
	    {"dry-run", no_argument, NULL, 'n'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	const struct verb *verb;
	int o;

	while ((o = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
		if (o == 'h') {
			print_help(stdout);
			exit(0);
		} else if (o == 'c') {
			args->cfg_path = optarg;
		} else if (o == 'd') {
			args->sql_dir = optarg;
		} else if (o == 'n') {
			args->is_dry = true;
		} else {
			exit(2);
		}
	}
	verb = verb_find(argv + optind, argc - optind, &args->words);
	if (!verb) {
		print_help(stderr);
		exit(2);
	}
	return verb;
}

int
main(int argc, char **argv)
{
	struct verb_args args = {
	    .cfg_path = cfg_default_path(), .sql_dir = FATEFLOW_SQL_DIR};
	struct buf err = BUF_INIT;
	const struct verb *verb;
	struct cfg cfg;
	enum err rc;

	log_open("fateflow-admin", 0);
	json_init();
	verb = parse_options(argc, argv, &args);
	rc = cfg_load(&cfg, args.cfg_path, &err);
	if (rc == ERR_OK) {
		args.cfg = &cfg;
		rc = verb->run(&args, &err);
		cfg_release(&cfg);
	}
	fflush(stdout);
	if (rc != ERR_OK)
		fprintf(stderr, "fateflow-admin: %s\n", err.ptr);
	buf_release(&err);
	return exit_code(rc);
}
