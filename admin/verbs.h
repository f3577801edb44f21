/* The verbs of fateflow-admin, one row each in verbs.c. */
#ifndef FF_ADMIN_VERBS_H
#define FF_ADMIN_VERBS_H

#include "lib/base/cfg.h"

struct verb_args {
	const char *cfg_path;
	const struct cfg *cfg;
	const char *sql_dir; /* --dir, or the installed folder */
};

struct verb {
	const char *name;
	enum err (*run)(const struct verb_args *args, struct buf *err);
	const char *help;
};

extern const struct verb verbs[]; /* ends with a NULL name */

const struct verb *verb_find(const char *name);

/* doctor.c */
enum err doctor_run(const struct verb_args *args, struct buf *err);

#endif
