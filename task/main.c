/* fateflow-task DIR: runs the task that the folder describes, once. */
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/task/run.h"
#include "task/task.h"

int
main(int argc, char **argv)
{
	log_open("fateflow-task", 0);
	json_init();
	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: fateflow-task DIR\n"
				"runs the task of DIR/task.json; "
				"75: it was started before\n");
		return 2;
	}
	return task_supervise(argv[1], &task_components);
}
