/*
 * migrate and version talk to the database alone; doctor looks at all that
 * this site needs. Answers go to standard output, a line a fact.
 */
#include "admin/verbs.h"
#include "lib/store/migrate.h"

static enum err
migrate_verb(const struct verb_args *args, struct buf *err)
{
	struct db *db = db_new(args->cfg);
	struct migrate_report r = {0};
	enum err rc = migrate_run(db, args->sql_dir, &r, err);

	if (rc == ERR_OK)
		printf("schema version %d (was %d)\n", r.to, r.from);
	db_close(&db);
	return rc;
}

static enum err
version_verb(const struct verb_args *args, struct buf *err)
{
	struct db *db = db_new(args->cfg);
	int version = 0;
	enum err rc = migrate_version(db, &version, err);

	if (rc == ERR_OK)
		printf("fateflow %s, schema version %d, server %s\n",
		    FATEFLOW_VERSION, version, db_server(db));
	db_close(&db);
	return rc;
}

static enum err
config_verb(const struct verb_args *args, struct buf *err)
{
	struct buf out = BUF_INIT;

	(void)err;
	cfg_print(args->cfg, &out);
	fputs(out.ptr, stdout);
	buf_release(&out);
	return ERR_OK;
}

const struct verb verbs[] = {
    {"migrate", migrate_verb, "bring the schema up to the files of sql/", 0,
	""},
    {"version", version_verb, "versions of program, schema and server", 0, ""},
    {"doctor", doctor_run, "look at all that this site needs", 0, ""},
    {"config", config_verb, "print the configuration with every default", 0,
	""},
    {"retain", retain_verb,
	"remove what has outlived `retention`; with --dry-run say what would "
	"go",
	0, ""},
    {"model list", model_list,
	"role, party, model id, version, bytes, creation, state", 0, ""},
    {"model delete", model_delete, "remove a model from this site", 4,
	" ROLE PARTY MODEL_ID VERSION"},
    {NULL, NULL, NULL, 0, NULL},
};

/* How many of the words are the name; 0: they are others. */
static int
match(const char *name, char **argv, int argc)
{
	for (int i = 0; i < argc; i++) {
		size_t n = strcspn(name, " ");

		if (strlen(argv[i]) != n || strncmp(argv[i], name, n) != 0)
			return 0;
		if (name[n] == '\0')
			return i + 1;
		name += n + 1;
	}
	return 0;
}

const struct verb *
verb_find(char **argv, int argc, char ***words_out)
{
	for (const struct verb *v = verbs; v->name; v++) {
		int n = match(v->name, argv, argc);

		if (n == 0 || argc - n != v->n_words)
			continue;
		*words_out = argv + n;
		return v;
	}
	return NULL;
}
