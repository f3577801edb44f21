/*
 * An upload by parts, which goes on where it stood after a crash or a broken
 * connection: the server knows the file by its digest.
 */
#ifndef FF_CLI_SESSION_H
#define FF_CLI_SESSION_H

#include "cli/commands.h"

/*
 * Sends the file and prints, as a plain upload does; *code_out is then the
 * exit status. False and nothing printed when the server knows no such
 * sessions and --resume was not asked for.
 */
bool
session_upload(struct call *call, const char *path, enum cli_exit *code_out);

#endif
