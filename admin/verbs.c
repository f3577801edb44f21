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
    {"migrate", migrate_verb, "bring the schema up to the files of sql/"},
    {"version", version_verb, "versions of program, schema and server"},
    {"doctor", doctor_run, "look at all that this site needs"},
    {"config", config_verb, "print the configuration with every default"},
    {NULL, NULL, NULL},
};

const struct verb *
verb_find(const char *name)
{
	for (const struct verb *v = verbs; v->name; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}
