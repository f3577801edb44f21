/*
 * A new job: its row and one row per party, in one transaction.
 */
#ifndef FF_STORE_JOB_SUBMIT_H
#define FF_STORE_JOB_SUBMIT_H

#include "lib/store/db.h"

struct job_submit_party {
	const char *role;
	const char *party_id;
	bool is_initiator;
};

/* All borrowed. Texts of roles, dsl and conf are JSON. */
struct job_submit {
	const char *job_id;
	const char *kind; /* "train", "upload", ... */
	const char *initiator_role;
	const char *initiator_party_id;
	int work_mode;
	int64_t n_components;
	int64_t max_width; /* most tasks that a component has */
	int64_t timeout_ms;
	int64_t priority;    /* a higher one starts earlier */
	int64_t task_cores;  /* what each task counts for */
	int64_t task_memory; /* bytes */
	const char *demand;  /* tasks at once by role and party, as a list */
	int64_t auto_retries;
	const char *token;  /* the client's, or NULL */
	const char *digest; /* of what it came with, or NULL */
	const char *answer; /* what a repetition is told, or NULL */
	const char *roles;
	const char *dsl;
	const char *conf;
	const char *train_conf;
	const char *run_ip;
	int64_t now;
	const struct job_submit_party *parties;
	size_t n_parties;
	const char *upload_session; /* whose file it takes, or NULL */
};

/*
 * ERR_CONFLICT: another job has the id, or the token. ERR_DENIED: the upload
 * session is not open any more.
 */
enum err job_submit(struct db *db, const struct job_submit *s, struct buf *err);

#endif
