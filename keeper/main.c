/* fateflow-keeper [-c FILE] DIR: runs the task that the folder describes. */
#include <getopt.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/task/run.h"

static const struct component components[] = {
    {"ModelStore", keeper_store, false},
    {"ModelRestore", keeper_restore, false},
};
static const struct component_table table = {components, ARRAY_LEN(components)};

static void
usage(void)
{
	fputs("usage: fateflow-keeper [-c FILE] DIR\n"
	      "runs the task of DIR/task.json; 75: it was started before\n",
	    stderr);
	exit(2);
}

int
main(int argc, char **argv)
{
	const char *cfg_path = cfg_default_path();
	struct buf err = BUF_INIT;
	struct cfg cfg;
	int o, code;

	log_open("fateflow-keeper", 0);
	json_init();
	while ((o = getopt(argc, argv, "c:")) != -1) {
		if (o != 'c')
			usage();
		cfg_path = optarg;
	}
	if (optind != argc - 1)
		usage();
	if (cfg_load(&cfg, cfg_path, &err))
		log_fatal("%s", err.ptr);
	keeper_configure(&cfg);
	code = task_supervise(argv[optind], &table);
	cfg_release(&cfg);
	return code;
}
