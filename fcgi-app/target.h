/*
 * What most endpoints ask about: a job, a component of it, and the party
 * whose view is wanted.
 */
#ifndef FF_FCGI_TARGET_H
#define FF_FCGI_TARGET_H

#include "fcgi-app/app.h"
#include "lib/core/conf.h"

enum target_need {
	TARGET_COMPONENT = 1 << 0, /* component_name is required */
	TARGET_PARTY = 1 << 1,	   /* role and party_id are required */
};

/* Texts are borrowed from the request's body or stand in the struct. */
struct target {
	const char *job_id;
	const char *component;
	char role[51];
	char party_id[ID_PARTY_MAX + 1];
};

/*
 * Reads job_id, component_name, role and party_id through `in`, which may
 * have more to read; ends it (json_in_done). Without role and party_id they
 * are the initiator's, or "" when there is no such job.
 */
enum err target_read(struct app *app, struct json_in *in, unsigned need,
    struct target *out, struct buf *err);

/* The stored job, read and parsed. */
struct target_job {
	struct conf conf;
	struct dsl dsl;
	const struct conf_party *party; /* the target's, or NULL */
};

/* ERR_NOTFOUND (and no text) when there is no such job. */
enum err target_job_read(struct app *app, const struct target *t,
    struct target_job *out, struct buf *err);
void target_job_release(struct target_job *j);

/* Index of the component; ERR_INVALID names one that the job lacks. */
enum err target_component(const struct target_job *j, const struct target *t,
    size_t *index_out, struct buf *err);

/*
 * FATE's answer for what is missing: "the following arguments are required:
 * a,b ". True when all are there (and nothing was said).
 */
bool target_has_all(
    const cJSON *body, const char *const *names, size_t n, struct reply *rp);

#endif
