/*
 * A refused connection has sent nothing and is told at once; behind one that
 * broke off it is the same server on its way up again.
 */
#include "cli/repeat.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define TRIES_MAX      6
#define FIRST_PAUSE_MS 200

void
repeat_token(char out[REPEAT_TOKEN_LEN])
{
	unsigned char bytes[(REPEAT_TOKEN_LEN - 1) / 2];

	while (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		if (errno != EINTR)
			abort();
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

bool
repeat_is_open(enum err rc, const struct http_response *response)
{
	if (rc)
		return rc == ERR_IO;
	return response->status >= 502 && response->status <= 504;
}

static void
tell(const struct call *call, enum err rc, const struct http_response *response,
    const char *token, int next)
{
	if (!call->is_terminal)
		return;
	fputs("fateflow: ", stderr);
	if (rc)
		fputs("the connection broke off", stderr);
	else
		fprintf(stderr, "HTTP status %d", response->status);
	fprintf(stderr, "; asking again with token %s, %d of %d\n", token, next,
	    TRIES_MAX);
}

enum err
repeat_post(const struct call *call, const cJSON *body, const char *token,
    struct http_response *response, struct buf *err)
{
	useconds_t pause_ms = FIRST_PAUSE_MS;
	enum err rc;

	for (int i = 1;; i++) {
		buf_reset(err);
		rc = call_post(call, call->command->path, body, response, err);
		if (i == TRIES_MAX || (!repeat_is_open(rc, response) &&
					  !(rc == ERR_BUSY && i > 1)))
			return rc;
		tell(call, rc, response, token, i + 1);
		http_response_release(response);
		*response = (struct http_response)HTTP_RESPONSE_INIT;
		usleep(pause_ms * 1000);
		pause_ms *= 2;
	}
}
