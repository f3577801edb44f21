/*
 * The modules as data: which roles run them, what parameters they take, what
 * they read and write. One table drives the merge of a job's parameters, the
 * validation at submit, the run mode of a task and docs/modules.md.
 */
#ifndef FF_SPEC_SPEC_H
#define FF_SPEC_SPEC_H

#include <stdbool.h>

#include "lib/base/json.h"

enum spec_role {
	SPEC_GUEST = 1 << 0,
	SPEC_HOST = 1 << 1,
	SPEC_ARBITER = 1 << 2,
	SPEC_LOCAL = 1 << 3,
};

enum spec_type {
	SPEC_INT,    /* integral number within min..max */
	SPEC_NUMBER, /* any number within min..max */
	SPEC_BOOL,
	SPEC_STRING, /* any text, or one of `choices` */
	SPEC_LIST,   /* an array, see `check` */
	SPEC_ANY,    /* a type of its own: `check` decides */
	SPEC_OBJECT, /* replaced as a whole (maps) */
};

enum spec_flag {
	SPEC_NULLABLE = 1 << 0,	   /* null is legal */
	SPEC_IGNORE_CASE = 1 << 1, /* of `choices` */
	SPEC_SHOWN_ONLY = 1 << 2,  /* cannot be set (allowed_metrics) */
	SPEC_SECRET = 1 << 3,	   /* no message or answer shows the value */
	SPEC_SAME = 1 << 4,	   /* all parties must agree on it */
};

struct spec_param {
	const char *name; /* dotted for nested: "init_param.init_method" */
	enum spec_type type;
	unsigned flags;
	const char *fallback;	    /* the default, as JSON text */
	double min, max;	    /* both 0: unbounded */
	const char *const *choices; /* NULL-ended, or NULL */
	const char *meaning;	    /* one sentence for people */
	/*
	 * NULL, or returns what is legal (a phrase) when `v` is not; for NULL
	 * always. Called after the type was checked, never for a legal null.
	 */
	const char *(*check)(const cJSON *v);
};

struct spec_module {
	const char *name;	 /* "HeteroLR" */
	const char *param_class; /* "HeteroLogisticParam" */
	const char *code_path;	 /* FATE's CodePath of the guest, or of all */
	unsigned roles;		 /* enum spec_role */
	bool deploy;		 /* part of the inference DSL by default */
	bool by_keeper;		 /* run by fateflow-keeper: needs MySQL */
	/*
	 * Makes a table under a name of the user's: its parameters are
	 * save_out_table_namespace, save_out_table_name, and drop: 1 replaces
	 * one that is there.
	 */
	bool saves_table;
	bool is_pair; /* for one guest and one host alone */
	const struct spec_param *params;
	size_t n_params;
	/* NULL, or looks at parameters together; returns a complaint or NULL.
	 */
	const char *(*check)(const cJSON *params);
	/* NULL, or adds a complaint when so many hosts are none for it */
	void (*check_hosts)(
	    const cJSON *params, size_t n_hosts, struct buf *complaint);
};

/* NULL when there is none of that name. */
const struct spec_module *spec_find(const char *name);
const struct spec_module *const *spec_all(size_t *n_out);

/* "guest" -> SPEC_GUEST; 0 for an unknown word. */
unsigned spec_role_bit(const char *role);

/*
 * FATE's CodePath of a role, appended to out: the guest's with the role's
 * word in its place (".../hetero_lr_host.py/HeteroLRHost").
 */
void
spec_code_path(const struct spec_module *m, const char *role, struct buf *out);

/* "guest, host" appended to out. */
void spec_print_roles(unsigned set, struct buf *out);

/* A fresh object with every parameter at its default, nested where dotted. */
cJSON *spec_defaults(const struct spec_module *m);

/*
 * Merges `given` into `into` (from spec_defaults): objects key by key, all
 * else replaced. `party` is -1 for values that hold for all parties; else each
 * leaf of `given` is a list and element `party` counts (a list too short
 * leaves the value alone; a leaf that is no list is an error naming it).
 * A key the module lacks goes as "component.key" into `warnings` (an array of
 * strings, may be NULL) and is otherwise ignored.
 */
enum err spec_merge(const struct spec_module *m, const char *component,
    const cJSON *given, int party, cJSON *into, cJSON *warnings,
    struct buf *err);

/*
 * Checks merged parameters. A fault names the component, the parameter, the
 * value and what is legal; all faults are collected.
 */
enum err spec_check(const struct spec_module *m, const char *component,
    const cJSON *params, struct buf *err);

/*
 * Do two parties, which are called so ("guest 9999"), agree where they must?
 * ERR_INVALID names what they disagree on and both values.
 */
enum err spec_check_same(const struct spec_module *m, const char *component,
    const cJSON *const params[2], const char *const parties[2],
    struct buf *err);

/* The value under a dotted name, or NULL. */
const cJSON *spec_value(const cJSON *params, const char *name);

/* What is legal, as a phrase: "an integer >= 1, or null". */
void spec_print_legal(const struct spec_param *p, struct buf *out);

/* What stands in place of a secret. */
#define SPEC_HIDDEN "(not shown)"

/* Is any parameter of the module one? */
bool spec_has_secret(const struct spec_module *m);
/* Replaces, in a configuration or parameters, every secret that is there. */
void spec_hide(cJSON *tree);
/* The same of a text; false, and nothing is appended, when it holds none. */
bool spec_hide_text(const char *json, struct buf *out);

/* docs/modules.md, from the tables. */
void spec_print_markdown(struct buf *out);

#endif
