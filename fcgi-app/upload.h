/*
 * What the ways of uploading share: the parameters, the question whether the
 * table is there already, and the job. How the file comes in is theirs.
 */
#ifndef FF_FCGI_UPLOAD_H
#define FF_FCGI_UPLOAD_H

#include "fcgi-app/token.h"

struct upload {
	int64_t work_mode, head, partition, drop;
	bool has_drop;
	const char *name_space, *name; /* borrowed from the parameters */
	struct buf append_to;	       /* table file to add to, or "" */

	/* What the task reads, and what is known of it. */
	struct buf file;
	int64_t file_bytes;
	char sha256[DIGEST_HEX_LEN]; /* "": not known */
	const char *session;	     /* whose file it is, or NULL */
	struct token *token;	     /* as in struct create */
};

void upload_init(struct upload *u);
void upload_release(struct upload *u);

/* False after FATE's answer for what is missing. */
bool upload_has_all(const cJSON *params, struct reply *rp);

/* Reads the parameters through `in`, which may have more to read. */
void upload_read(struct upload *u, struct json_in *in);

/*
 * All that can be refused before the file comes. When the table has rows
 * already that is ERR_CONFLICT, or append_to is set, or it is to be replaced.
 */
enum err upload_check(struct app *app, struct upload *u, struct buf *err);

/* Stores the job and fills the answer in. */
enum err upload_submit(
    struct app *app, const struct upload *u, struct reply *rp, struct buf *err);
/* The data of that answer that is an upload's own. */
void upload_describe(const struct upload *u, cJSON *data);

#endif
