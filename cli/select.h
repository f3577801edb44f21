/*
 * Which command is meant: "-f submit_job" or "job submit". Words stand first
 * and flags behind them, so that none is taken for the other; a third word is
 * the id of the job that the command asks for.
 */
#ifndef FF_CLI_SELECT_H
#define FF_CLI_SELECT_H

#include "cli/commands.h"

struct selection {
	const struct command *command; /* NULL: help is asked for */
	const char *noun;	       /* of all its verbs, or NULL: of all */
	struct flags flags;
};

/*
 * ERR_INVALID with a usage message: an unknown word with the nearest known
 * one, two commands, a wrong flag, a flag that the command does not read.
 */
enum err select_command(
    int argc, char *const *argv, struct selection *out, struct buf *err);

#endif
