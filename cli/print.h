/*
 * What the user sees: exactly one JSON document on stdout, and an empty line.
 */
#ifndef FF_CLI_PRINT_H
#define FF_CLI_PRINT_H

#include "cli/commands.h"

struct http_response;

/* Prints {"retcode":100,"retmsg":...}. */
enum cli_exit print_failure(enum cli_exit code, const char *message);

/*
 * Prints a server's answer without the members in `drop`; CLI_OK or
 * CLI_REFUSED by its retcode. An answer that is no JSON is a failure.
 */
enum cli_exit
print_answer(const struct http_response *response, const char *const *drop);

/*
 * Prints that `path`, a "file" or a "directory", was written, as FATE's client
 * does.
 */
enum cli_exit print_downloaded(const char *kind, const char *path);

/* Prints an object of our own and takes it. */
enum cli_exit print_object(enum cli_exit code, cJSON *object);

#endif
