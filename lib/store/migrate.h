/*
 * Brings the schema up to the numbered files of a folder (sql/): 0001_x.sql,
 * 0002_y.sql, ... without a gap, one DDL statement each, never edited after
 * they were applied. The table schema_version remembers each with its digest.
 *
 * DDL commits by itself, so a file is marked as started before and as applied
 * after it ran. One that was cut off between is run again, and "it exists
 * already" then counts as done.
 */
#ifndef FF_STORE_MIGRATE_H
#define FF_STORE_MIGRATE_H

#include "lib/store/db.h"

struct migrate_report {
	int from;   /* version found, 0 for an empty database */
	int to;	    /* version now */
	int newest; /* of the folder */
};

/*
 * Applies what is missing; `report` may be NULL. ERR_CONFLICT when an applied
 * file was edited, is missing, or the database is newer than the folder;
 * nothing is applied then.
 */
enum err migrate_run(struct db *db, const char *dir,
    struct migrate_report *report, struct buf *err);

/* The same look without applying: from == to. */
enum err migrate_look(struct db *db, const char *dir,
    struct migrate_report *report, struct buf *err);

/* The version alone, 0 for an empty database. */
enum err migrate_version(struct db *db, int *version_out, struct buf *err);

#endif
