/*
 * The commands: one row each, from which dispatch, the check of required
 * arguments and the help are made.
 */
#ifndef FF_CLI_COMMANDS_H
#define FF_CLI_COMMANDS_H

#include "cli/flags.h"

/* What a script can tell from the exit status; printed by --help. */
enum cli_exit {
	CLI_OK = 0,	     /* retcode 0 */
	CLI_REFUSED = 1,     /* the server answered another retcode */
	CLI_USAGE = 2,	     /* wrong arguments */
	CLI_UNREACHABLE = 3, /* no answer */
	CLI_JOB_FAILED = 4,  /* --wait: failed, canceled, timeout */
	CLI_TIMEOUT = 5,     /* --wait: not at its end within --timeout */
};

struct command;

/* What a handler works on. */
struct call {
	const struct command *command;
	const struct flags *flags;
	const char *base; /* "http://127.0.0.1:9380/v1" */
	cJSON *request;	  /* the merged request object */
	bool is_terminal; /* stderr is one: progress may be shown */
};

typedef enum cli_exit command_run(struct call *call);

struct command {
	const char *name;
	const char *method;
	const char *path;
	const char *required; /* comma-joined request keys, or "" */
	command_run *run;     /* NULL: known, not offered yet */
	const char *help;
};

const struct command *command_find(const char *name);
void commands_print_help(struct buf *out);
void command_print_help(const struct command *c, struct buf *out);

/* Handlers. */
command_run call_plain;	      /* send the request, print the answer */
command_run call_query_job;   /* without the two big texts */
command_run call_submit_job;  /* cli/submit.c */
command_run call_wait_job;    /* cli/submit.c */
command_run call_upload;      /* cli/upload.c */
command_run call_output_data; /* cli/output_data.c */

#endif
