/*
 * A client's token: the same request with the same token makes one job, however
 * often it comes, and each time the same answer.
 */
#ifndef FF_FCGI_TOKEN_H
#define FF_FCGI_TOKEN_H

#include "fcgi-app/app.h"
#include "lib/base/digest.h"

#define TOKEN_FIELD  "submit_token"
#define TOKEN_HEADER "Idempotency-Key"
#define TOKEN_MAX    128

struct token {
	const char *value;	     /* borrowed; NULL: the client gave none */
	char digest[DIGEST_HEX_LEN]; /* of what comes with it */
	bool is_repeat;		     /* token_answer() gave the answer */
};

/*
 * Out of the header, or the field of `in`; what is no token, and two that
 * differ, are faults of `in`.
 */
void token_read(struct token *t, const struct request *rq, struct json_in *in);

/*
 * What counts as content: the endpoint, `content` (NULL: nothing) without its
 * token, whatever the order of its keys, and the digest of a file or "".
 */
void token_digest(struct token *t, const char *endpoint, const cJSON *content,
    const char *file_sha256);

/* Whether a job has it already, so that its checks were made then. */
enum err token_is_known(
    struct app *app, const struct token *t, bool *known_out, struct buf *err);

/*
 * Whether a check that failed so may have done so because of the job that an
 * earlier request with the token has made meanwhile.
 */
bool token_may_excuse(const struct token *t, enum err failed);

/*
 * Fills in the answer of the job that has it and sets is_repeat; else nothing.
 * ERR_CONFLICT when that job came with other content.
 */
enum err token_answer(
    struct app *app, struct token *t, struct reply *rp, struct buf *err);

#endif
