/* Sending a call's request to the server. */
#ifndef FF_CLI_CALL_H
#define FF_CLI_CALL_H

#include "cli/commands.h"
#include "lib/http/http.h"

/* The request as JSON to the command's path. */
enum err call_send(
    const struct call *call, struct http_response *response, struct buf *err);

/* A JSON body to another path below the base. */
enum err call_post(const struct call *call, const char *path, const cJSON *body,
    struct http_response *response, struct buf *err);

/* Waits for the job that an answer names; prints the answer and its end. */
enum cli_exit
print_waited(const struct call *call, const struct http_response *response);

/* Prints why call_send() or call_post() failed. */
enum cli_exit call_failed(enum err rc, const char *why);

#endif
