/*
 * The names of things, as FATE-Flow forms them (contract: jobs, section 1).
 */
#ifndef FF_CORE_IDS_H
#define FF_CORE_IDS_H

#include <stdbool.h>

#include "lib/base/json.h"

#define ID_JOB_MAX    25  /* characters of a job id */
#define ID_NAME_MAX   512 /* bytes of table names, model ids, ... */
#define ID_PARTY_MAX  10
#define ID_RANDOM_LEN 33 /* 32 hex digits and a NUL */

/*
 * A new job id: local time to the microsecond and a number 1..99999 that
 * differs between processes. Uniqueness is the database's key on it: whoever
 * inserts and meets ERR_CONFLICT takes another.
 */
void ids_new_job(char out[ID_JOB_MAX + 1]);

/* Digits only, 21..25 of them. */
bool ids_is_job(const char *s);

/* 128 random bits in lower-case hex: a name that nobody guesses. */
void ids_random(char out[ID_RANDOM_LEN]);

/* "<job>_<component>" appended to out. */
void ids_task(const char *job_id, const char *component, struct buf *out);

/*
 * A party id out of JSON: an integer >= 0 or a string of one, at most
 * ID_PARTY_MAX digits without leading zeros. False (out untouched) otherwise.
 */
bool ids_party(const cJSON *v, char out[ID_PARTY_MAX + 1]);

/*
 * `roles` is {"guest":[9999],...}. Roles by name, ids sorted as numbers and
 * without repeats: "arbiter-10000#guest-9999#host-10000"; "all" if empty.
 */
void ids_all_party(const cJSON *roles, struct buf *out);

/* all_party + "#model" */
void ids_model(const cJSON *roles, struct buf *out);

/* "<role>#<party>#<model_id>" */
void ids_party_model(const char *role, const char *party_id,
    const char *model_id, struct buf *out);

/* "<role>-<party>": the name of a folder or a mailbox. */
void ids_party_dir(const char *role, const char *party_id, struct buf *out);

#endif
