/*
 * fateflow-task: runs one component of one party in its task directory.
 */
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "task/run.h"
#include "task/supervise.h"

int
main(int argc, char **argv)
{
	struct buf err = BUF_INIT;
	bool is_child = false;
	enum err rc;

	if (argc != 2 || argv[1][0] == '-') {
		fputs(
		    "usage: fateflow-task DIRECTORY\n"
		    "Runs what DIRECTORY/task.json says; the scheduler starts "
		    "it.\n",
		    argc == 2 ? stdout : stderr);
		return argc == 2 ? 0 : 2;
	}
	log_open("fateflow-task", 0);
	json_init();
	rc = supervise_claim(argv[1], &err);
	if (!rc)
		rc = supervise_run(argv[1], &is_child, &err);
	if (rc)
		log_error("%s", err.ptr);
	buf_release(&err);
	if (rc)
		return rc == ERR_CONFLICT ? TASK_EXIT_CLAIMED : 1;
	return is_child ? run_task(argv[1]) : 0;
}
