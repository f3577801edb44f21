/*
 * A submit that may be repeated: with a token the server makes one job of it,
 * however often it comes.
 */
#ifndef FF_CLI_REPEAT_H
#define FF_CLI_REPEAT_H

#include "cli/call.h"

#define REPEAT_TOKEN_LEN 33 /* 32 hex digits and a NUL */

/* A token that nobody else has. */
void repeat_token(char out[REPEAT_TOKEN_LEN]);

/*
 * Posts the body, which holds `token`, and again while the connection breaks
 * off or the server has no worker or no database (502, 503, 504), a few times
 * with growing pauses; each is told on a terminal. The result is that of the
 * last try.
 */
enum err repeat_post(const struct call *call, const cJSON *body,
    const char *token, struct http_response *response, struct buf *err);

/* The answer leaves open whether there is a job. */
bool repeat_is_open(enum err rc, const struct http_response *response);

#endif
