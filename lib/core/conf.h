/*
 * A job's runtime configuration: roles, initiator, the tables and the merged
 * parameters of each party. Pure: no I/O.
 */
#ifndef FF_CORE_CONF_H
#define FF_CORE_CONF_H

#include "lib/core/conf_run.h"
#include "lib/core/dsl.h"
#include "lib/core/ids.h"

struct conf_party {
	const char *role; /* "guest" */
	char party_id[ID_PARTY_MAX + 1];
	int index; /* position within its role */
	bool is_initiator;
};

struct conf {
	cJSON *root; /* the whole configuration; owns role words */
	const cJSON *job_parameters;
	const cJSON *roles; /* {"guest":[9999],...} as given */
	int work_mode;
	bool is_predict;
	struct conf *train; /* of a predict job: the training's, or NULL */
	int64_t timeout_ms; /* 0: the site's default */
	struct conf_run run;
	const char *initiator_role;
	char initiator_party_id[ID_PARTY_MAX + 1];
	struct conf_party
	    *parties; /* every (role, party), roles in conf order */
	size_t n_parties;
};

/*
 * Checks and reads a configuration (borrowed; a copy is kept, to which the
 * caller may add model_id and model_version through root). The checks and
 * their order are those of the contract: rest, section 3.1.
 */
enum err conf_parse(const cJSON *object, struct conf *out, struct buf *err);
void conf_release(struct conf *c);

/* The party (role, party id), or NULL. */
const struct conf_party *
conf_find_party(const struct conf *c, const char *role, const char *party_id);

/*
 * Gives a predict job the configuration of the training whose models it
 * applies (borrowed; a copy is kept): from there come the parameters. The
 * parties must be the same; ERR_INVALID names those that are not. In which
 * work mode it was trained does not matter: models come from other sites too.
 */
enum err conf_set_train(struct conf *c, const cJSON *train, struct buf *err);

/*
 * The merged and checked parameters of one party's component, in a predict
 * job those of the training: a fresh object
 * {"<ParamClass>": {...}, "module": "<Module>"}; *out is NULL when the role
 * does not run the module. Unknown keys are added to `warnings`.
 */
enum err conf_parameters(const struct conf *c, const struct dsl *d,
    size_t component, const struct conf_party *party, cJSON *warnings,
    cJSON **out, struct buf *err);

/* Does the party's role run the component, and is its need_run not false? */
bool conf_needs_run(const struct conf *c, const struct dsl *d, size_t component,
    const struct conf_party *party);

/*
 * The table that `args.<key>` names for a party: borrowed name and namespace;
 * ERR_NOTFOUND when the party has none (which is legal).
 */
enum err conf_args_table(const struct conf *c, const struct conf_party *party,
    const char *key, const char **name_out, const char **namespace_out);

/* Does the configuration name any table for a party? */
bool conf_has_tables(const struct conf *c, const struct conf_party *party);

/*
 * job_parameters of FATE that have no effect here and are given all the same:
 * a sentence each into `warnings`.
 */
void conf_warn_unused(const struct conf *c, cJSON *warnings);

/*
 * Everything a submit must refuse: parameters of all parties and components,
 * modules, roles. All faults are collected into err.
 */
enum err conf_check(const struct conf *c, const struct dsl *d, cJSON *warnings,
    struct buf *err);

#endif
