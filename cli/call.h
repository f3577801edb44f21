/* Sending a call's request to the server. */
#ifndef FF_CLI_CALL_H
#define FF_CLI_CALL_H

#include "cli/commands.h"
#include "lib/http/http.h"

/* Silence that is allowed where the server first packs, unpacks or reads. */
#define CALL_SLOW_MS 600000

/* The request as JSON to the command's path. */
enum err call_send(
    const struct call *call, struct http_response *response, struct buf *err);

/* A JSON body to another path below the base. */
enum err call_post(const struct call *call, const char *path, const cJSON *body,
    struct http_response *response, struct buf *err);

/*
 * What `request` says, to the command's path by its method; with the request
 * as JSON body unless there is another. Its url, method and json are set here.
 */
enum err call_perform(const struct call *call, struct http_request *request,
    struct http_response *response, struct buf *err);

/* Prints the answer; with --wait that and the end of the job it names. */
enum cli_exit
print_reply(const struct call *call, const struct http_response *response);

/* Prints why one of the above failed. */
enum cli_exit call_failed(enum err rc, const char *why);

#endif
