/*
 * The command line's flags: FATE's single-dash words, each also with two
 * dashes, in one table that parsing and the help share.
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
	const char *server;
	const char *timeout;
	bool wait;
	bool help;
};

/*
 * Reads argv; a double-dash word may be cut short and may hold its value
 * behind "=". ERR_INVALID with a usage message for an unknown flag, a missing
 * value, a second value, or text where an integer is expected.
 */
enum err
flags_parse(int argc, char *const *argv, struct flags *out, struct buf *err);

/*
 * Adds every given flag that goes into the request, by its request key, and
 * makes output_path absolute, wherever it came from.
 */
void flags_merge(const struct flags *f, cJSON *request);

/* One line per flag. */
void flags_print_help(struct buf *out);

#endif
