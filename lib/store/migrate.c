/*
 * The folder is read whole and compared with schema_version first; only when
 * both tell the same history is anything run. Two that migrate at once are
 * harmless: the row of schema_version is inserted before the file runs, and
 * the second finds it there.
 */
#include <dirent.h>
#include <errno.h>
#include <mysqld_error.h>
#include <stdlib.h>

#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/store/db_internal.h"
#include "lib/store/migrate.h"

enum { FILE_LIMIT = 256 * 1024, VERSION_DIGITS = 4, VERSION_MAX = 9999 };

enum {
	MIGRATE_HAS_TABLE,
	MIGRATE_LIST,
	MIGRATE_START,
	MIGRATE_DONE,
	MIGRATE__MAX
};

static const char *const stmts[MIGRATE__MAX] = {
    [MIGRATE_HAS_TABLE] = "SELECT COUNT(*) FROM information_schema.tables"
			  " WHERE table_schema = DATABASE()"
			  " AND table_name = 'schema_version'",
    [MIGRATE_LIST] = "SELECT version, name, sha256, applied_at"
		     " FROM schema_version ORDER BY version",
    [MIGRATE_START] = "INSERT INTO schema_version"
		      " (version, name, sha256, applied_at)"
		      " VALUES (?, ?, ?, NULL)",
    [MIGRATE_DONE] = "UPDATE schema_version"
		     " SET applied_at = UTC_TIMESTAMP(3)"
		     " WHERE version = ?",
};
DB_STATEMENTS(stmts);

/* Errors of a file that was cut off after its statement had run. */
static const unsigned already[] = {ER_TABLE_EXISTS_ERROR, ER_DUP_FIELDNAME,
    ER_DUP_KEYNAME, ER_CANT_DROP_FIELD_OR_KEY};

struct file {
	char *name;
	struct buf text;
	char sha256[DIGEST_HEX_LEN];
	bool is_started;
	bool is_applied;
};

struct folder {
	const char *dir;
	struct file *files; /* [0] is version 1 */
	int n;
	int version; /* applied */
};

static void
folder_release(struct folder *f)
{
	for (int i = 0; i < f->n; i++) {
		free(f->files[i].name);
		buf_release(&f->files[i].text);
	}
	free(f->files);
}

static int
is_migration(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return strspn(e->d_name, "0123456789") == VERSION_DIGITS &&
	       e->d_name[VERSION_DIGITS] == '_' && len > 4 &&
	       strcmp(e->d_name + len - 4, ".sql") == 0;
}

static enum err
read_one(struct folder *f, const char *name, struct buf *err)
{
	struct file *file = &f->files[f->n];
	uint8_t digest[DIGEST_SHA256_LEN];
	struct buf path = BUF_INIT;
	enum err rc;

	if (strtol(name, NULL, 10) != f->n + 1)
		return err_set(err, ERR_CONFLICT,
		    "%s: expected the file of version %04d, found %s", f->dir,
		    f->n + 1, name);
	buf_init(&file->text);
	file->name = xstrdup(name);
	f->n++;
	rc = path_read_file(path_set(&path, "%s/%s", f->dir, name), FILE_LIMIT,
	    &file->text, err);
	digest_sha256(file->text.ptr, file->text.len, digest);
	digest_hex(digest, sizeof(digest), file->sha256);
	buf_release(&path);
	return rc;
}

static enum err
read_folder(struct folder *f, struct buf *err)
{
	struct dirent **list = NULL;
	int n = scandir(f->dir, &list, is_migration, alphasort);
	enum err rc = ERR_OK;

	if (n < 0)
		return err_set_errno(err, ERR_IO, "%s", f->dir);
	f->files = xcalloc((size_t)n + 1, sizeof(*f->files));
	for (int i = 0; i < n; i++) {
		if (rc == ERR_OK)
			rc = read_one(f, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	if (rc == ERR_OK && !f->n)
		rc = err_set(err, ERR_NOTFOUND,
		    "%s holds no migration (0001_*.sql)", f->dir);
	return rc;
}

static enum err
compare_row(struct folder *f, const struct db_rows *row, struct buf *err)
{
	int64_t version = db_int(row, 0);
	struct file *file;

	if (version < 1 || version > f->n)
		return err_set(err, ERR_CONFLICT,
		    "the database has version %d (%s), which %s lacks: this "
		    "program is older than the database",
		    (int)version, db_text(row, 1), f->dir);
	file = &f->files[version - 1];
	if (strcmp(file->sha256, db_text(row, 2)) != 0)
		return err_set(err, ERR_CONFLICT,
		    "%s/%s was changed after it was applied (as %s)", f->dir,
		    file->name, db_text(row, 1));
	file->is_started = true;
	file->is_applied = !db_is_null(row, 3);
	return ERR_OK;
}

static enum err
has_history(struct db *db, bool *out, struct buf *err)
{
	int64_t n = 0;
	enum err rc =
	    db_number(db, stmts[MIGRATE_HAS_TABLE], DB_NONE, 0, &n, err);

	*out = n > 0;
	return rc;
}

static enum err
compare_history(struct db *db, struct folder *f, struct buf *err)
{
	struct db_rows *rows = NULL;
	bool is_there;
	enum err rc = has_history(db, &is_there, err);

	if (rc != ERR_OK || !is_there)
		return rc;
	rc = db_query(db, stmts[MIGRATE_LIST], DB_NONE, &rows, err);
	while (rc == ERR_OK && (rc = db_next(rows, err)) == ERR_OK)
		rc = compare_row(f, rows, err);
	if (rc == ERR_NOTFOUND)
		rc = ERR_OK;
	db_end(&rows);
	while (rc == ERR_OK && f->version < f->n &&
	       f->files[f->version].is_applied)
		f->version++;
	return rc;
}

static bool
was_done_before(struct db *db)
{
	for (size_t i = 0; i < ARRAY_LEN(already); i++)
		if (already[i] == db->code)
			return true;
	return false;
}

static enum err
apply(struct db *db, struct file *file, int version, struct buf *err)
{
	struct buf why = BUF_INIT;
	enum err rc = ERR_OK;

	/* The first file makes the table that remembers it. */
	if (version == 1)
		rc = db_script(db, file->text.ptr, file->text.len, &why);
	if (rc == ERR_OK && !file->is_started)
		rc = db_exec(db, stmts[MIGRATE_START],
		    DB_BINDS(DB_INT(version), DB_TEXT(file->name),
			DB_TEXT(file->sha256)),
		    &why);
	if (rc == ERR_OK && version > 1) {
		rc = db_script(db, file->text.ptr, file->text.len, &why);
		if (rc != ERR_OK && file->is_started && was_done_before(db))
			rc = ERR_OK;
	}
	if (rc == ERR_OK)
		rc = db_exec(
		    db, stmts[MIGRATE_DONE], DB_BINDS(DB_INT(version)), &why);
	if (rc == ERR_OK)
		log_info("migration applied version=%d file=%s", version,
		    file->name);
	else
		err_set(err, rc, "%s: %s", file->name, why.ptr);
	buf_release(&why);
	return rc;
}

static enum err
look(struct db *db, struct folder *f, struct migrate_report *report,
    struct buf *err)
{
	enum err rc = read_folder(f, err);

	if (rc == ERR_OK)
		rc = compare_history(db, f, err);
	report->from = report->to = f->version;
	report->newest = f->n;
	return rc;
}

enum err
migrate_look(struct db *db, const char *dir, struct migrate_report *report,
    struct buf *err)
{
	struct folder f = {.dir = dir};
	enum err rc = look(db, &f, report, err);

	folder_release(&f);
	return rc;
}

enum err
migrate_run(struct db *db, const char *dir, struct migrate_report *report,
    struct buf *err)
{
	struct migrate_report own;
	struct folder f = {.dir = dir};
	enum err rc;

	if (!report)
		report = &own;
	rc = look(db, &f, report, err);
	while (rc == ERR_OK && report->to < f.n) {
		rc = apply(db, &f.files[report->to], report->to + 1, err);
		if (rc == ERR_OK)
			report->to++;
	}
	folder_release(&f);
	return rc;
}

enum err
migrate_version(struct db *db, int *version_out, struct buf *err)
{
	struct db_rows *rows = NULL;
	bool is_there;
	enum err rc = has_history(db, &is_there, err);

	*version_out = 0;
	if (rc != ERR_OK || !is_there)
		return rc;
	rc = db_query(db, stmts[MIGRATE_LIST], DB_NONE, &rows, err);
	while (rc == ERR_OK && (rc = db_next(rows, err)) == ERR_OK)
		if (!db_is_null(rows, 3))
			*version_out = (int)db_int(rows, 0);
	db_end(&rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}
