/* The verbs of fateflow-admin, one row each in verbs.c. */
#ifndef FF_ADMIN_VERBS_H
#define FF_ADMIN_VERBS_H

#include "lib/base/cfg.h"

struct verb_args {
	const char *cfg_path;
	const struct cfg *cfg;
	const char *sql_dir; /* --dir, or the installed folder */
	bool is_dry;	     /* --dry-run */
	char **words;	     /* behind the verb, verb->n_words of them */
};

struct verb {
	const char *name; /* one word or two */
	enum err (*run)(const struct verb_args *args, struct buf *err);
	const char *help;
	int n_words;
	const char *words; /* their names, for the help */
};

extern const struct verb verbs[]; /* ends with a NULL name */

/*
 * The verb that the words begin with, if as many follow as it wants; these go
 * to *words_out. NULL: there is none.
 */
const struct verb *verb_find(char **argv, int argc, char ***words_out);

/* doctor.c */
enum err doctor_run(const struct verb_args *args, struct buf *err);

/* retain.c */
enum err retain_verb(const struct verb_args *args, struct buf *err);

/* model.c */
enum err model_list(const struct verb_args *args, struct buf *err);
enum err model_delete(const struct verb_args *args, struct buf *err);

#endif
