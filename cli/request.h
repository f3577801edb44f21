/* The request object: the -c file with the flags over it. */
#ifndef FF_CLI_REQUEST_H
#define FF_CLI_REQUEST_H

#include "cli/commands.h"

/*
 * A JSON file of the user's: behind links, or a pipe, as a shell gives one for
 * <(command). ERR_NOTFOUND or ERR_INVALID.
 */
enum err request_read_json(const char *path, cJSON **out, struct buf *err);

/* *out is the caller's; ERR_INVALID or ERR_NOTFOUND for the -c file. */
enum err request_make(const struct flags *flags, cJSON **out, struct buf *err);

/* FATE's text: "the following arguments are required: a,b " */
enum err
request_check(const struct command *c, const cJSON *request, struct buf *err);

/*
 * The file that the request names, to be sent: as it is, or beside the
 * configuration that names it. ERR_NOTFOUND unless it can be read.
 */
enum err
request_find_file(const struct call *call, struct buf *path, struct buf *err);

/* What a server is shown as the name of a file: the path's last part. */
const char *request_file_name(const char *path);

/* A member as form fields and query strings have it: text without quotes. */
void request_text(const cJSON *member, struct buf *out);

#endif
