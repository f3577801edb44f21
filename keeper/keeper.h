/*
 * fateflow-keeper: the tasks that need a database, which fateflow-task never
 * sees. It obeys the same task directory and reads the site's configuration
 * by itself, so that no password passes through task.json.
 */
#ifndef FF_KEEPER_KEEPER_H
#define FF_KEEPER_KEEPER_H

#include "lib/base/cfg.h"
#include "lib/model/model_path.h"
#include "lib/store/model_store.h"
#include "lib/task/task.h"

/* Once, before the task runs. Borrowed. */
void keeper_configure(const struct cfg *cfg);
const struct cfg *keeper_cfg(void);

/* What both modules begin with. */
struct keeper {
	const char *party_model_id;
	const char *version;
	char *parts; /* party_model_id, cut */
	struct model_ref model;
	struct cfg where; /* a copy that names the store's database */
	struct db *db;
	int fd; /* of an archive without a name, empty */
};

typedef enum err keeper_work(struct task *t, struct keeper *k, struct buf *err);

/*
 * Opens, works, closes. A failure says "<what> model <id> <version> <way>
 * mysql failed: " and why.
 */
struct keeper_verb {
	const char *what; /* "Store" */
	const char *way;  /* "to" */
	keeper_work *work;
};
enum err
keeper_run(struct task *t, const struct keeper_verb *verb, struct buf *err);

component_run keeper_store;   /* keeper/store.c */
component_run keeper_restore; /* keeper/restore.c */

#endif
