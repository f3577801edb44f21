/*
 * Answers: the envelope {"data","jobId","meta","retcode","retmsg"} with keys
 * sorted and falsy values left out (contract: rest, section 1), or a stream.
 */
#ifndef FF_FCGI_REPLY_H
#define FF_FCGI_REPLY_H

#include <stdbool.h>

#include "lib/base/json.h"

/* Where bytes go; false when the other end is gone. */
struct reply_out {
	bool (*write)(void *arg, const void *bytes, size_t len);
	void *arg;
};

struct reply {
	int status; /* of HTTP */
	int retcode;
	struct buf retmsg;
	cJSON *data;
	cJSON *meta;
	char *job_id;
	const char *allow; /* of a 405 */
	struct reply_out out;
	struct buf pending; /* rows not sent yet */
	size_t n_rows;	    /* of reply_row() */
	bool is_head_sent;  /* nothing but bytes can follow */
	bool is_broken;	    /* the other end is gone */
};

void reply_init(struct reply *r, const struct reply_out *out);
void reply_release(struct reply *r);

/* A business answer: HTTP 200 with this retcode and text; always ERR_OK. */
enum err reply_say(struct reply *r, int retcode, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* retcode 0, "success"; `data` (may be NULL) passes to the reply. */
enum err reply_ok(struct reply *r, cJSON *data);
/* The answer that belongs to an error. */
void reply_error(struct reply *r, enum err code, const char *text);
void reply_http(struct reply *r, int status, int retcode, const char *text);

/*
 * One element of a list that is `data`, printed at once; `row` is deleted.
 * A long list goes out while it grows. reply_rows_end() ends it.
 */
void reply_row(struct reply *r, cJSON *row);
enum err reply_rows_end(struct reply *r);

/*
 * An object that is `data`, sent piece by piece: reply_open() sends the head
 * and its brace, reply_close() what follows it. Between them the caller prints
 * the members.
 */
void reply_open(struct reply *r);
enum err reply_close(struct reply *r);

/* Starts a body of another type; `disposition` may be NULL. */
void
reply_head(struct reply *r, const char *content_type, const char *disposition);
void reply_bytes(struct reply *r, const void *bytes, size_t len);

/* Sends the envelope unless bytes went out already. */
void reply_send(struct reply *r);

#endif
