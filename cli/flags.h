/*
 * The command line's flags: FATE's single-dash words, each also with two
 * dashes, and our own with two, in one table that parsing and help share.
 */
#ifndef FF_CLI_FLAGS_H
#define FF_CLI_FLAGS_H

#include <stdbool.h>

#include "lib/base/json.h"

/* Every value is the text of the flag or NULL; argv owns it. */
struct flags {
	const char *function;
	const char *config;
	const char *dsl;
	const char *job_id;
	const char *party_id;
	const char *role;
	const char *component_name;
	const char *status;
	const char *name_space;
	const char *table_name;
	const char *work_mode;
	const char *file;
	const char *output_path;
	const char *model;
	const char *drop;
	const char *limit;
	const char *verbose;
	const char *src_party_id;
	const char *src_role;
	const char *privilege_role;
	const char *privilege_command;
	const char *privilege_component;
	/* Ours: */
	const char *model_id;
	const char *model_version;
	const char *head;
	const char *partition;
	const char *service_id;
	const char *session_id;
	const char *server;
	const char *profile;
	const char *timeout;
	const char *part_size;
	const char *token;
	const char *reason;
	const char *operate;
	bool wait;
	bool resume;
	bool no_resume;
	bool force;
	bool help;
};

/*
 * Reads argv; a double-dash word may be cut short, may have "-" for "_" and
 * may hold its value behind "=". ERR_INVALID with a usage message for an
 * unknown flag, a missing value, a second value, or text where an integer or a
 * size is expected.
 */
enum err
flags_parse(int argc, char *const *argv, struct flags *out, struct buf *err);

/*
 * Adds every given flag that goes into the request, by its request key, and
 * makes output_path absolute, wherever it came from.
 */
void flags_merge(const struct flags *f, cJSON *request);

/*
 * The word of a given flag for which reads(name, arg) is false ("name" is the
 * word without dashes), or NULL. Flags that belong to every command are not
 * asked for; neither are FATE's own when `own_only`, since its scripts give
 * more than a command reads.
 */
typedef bool flags_reads(const char *name, const void *arg);
const char *flags_unread(
    const struct flags *f, bool own_only, flags_reads *reads, const void *arg);

/* One line for the flag of that name (without dashes); false if none has it. */
bool flags_print_one(const char *name, const char *note, struct buf *out);

/* One line per flag. */
void flags_print_help(struct buf *out);

#endif
