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
	const char *name;	   /* FATE's, behind -f */
	const char *noun, *verb;   /* the same as two words */
	const char *method, *path; /* NULL: asks no server */
	const char *keys;	   /* see command_next_key() */
	command_run *run;
	const char *help;
	const char *example; /* what may stand behind the two words */
};

/*
 * What a command reads, "job_id! status": the words of flags without their
 * dashes, in the order in which missing ones are told. Behind one, "!" says
 * that it is required, "*" that it is and that the handler or the server tells
 * it; "." before one says that it is a member of the -c file that no flag
 * gives.
 */
#define COMMAND_KEY_MAX 40

struct command_key {
	char name[COMMAND_KEY_MAX];
	bool is_required, is_checked, is_member;
};

/* Starts with *at = c->keys; false at the end. */
bool command_next_key(const char **at, struct command_key *out);
/* Whether the command reads that key. */
bool command_reads(const struct command *c, const char *name);

const struct command *command_find(const char *name);
const struct command *command_find_words(const char *noun, const char *verb);
/* The row after c, or the first for NULL; NULL at the end. */
const struct command *command_next(const struct command *c);

/* cli/help.c */
void help_all(struct buf *out);
void help_noun(const char *noun, struct buf *out);
void help_command(const struct command *c, struct buf *out);

/* Handlers. */
command_run call_plain;	       /* send the request, print the answer */
command_run call_started;      /* the same; --wait for the job it started */
command_run call_query_job;    /* without the two big texts */
command_run call_submit_job;   /* cli/submit.c */
command_run call_wait_job;     /* cli/submit.c */
command_run call_job_config;   /* cli/job_config.c */
command_run call_job_log;      /* cli/fetch_folder.c */
command_run call_output_data;  /* cli/fetch_folder.c */
command_run call_upload;       /* cli/upload.c */
command_run call_export;       /* cli/model.c */
command_run call_import;       /* cli/model.c */
command_run call_profile_list; /* cli/profile_show.c */
command_run call_profile_show; /* cli/profile_show.c */

#endif
