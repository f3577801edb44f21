#include "lib/store/instance.h"
#include "lib/base/proc.h"

#include <unistd.h>

enum {
	INSTANCE_NEW,
	INSTANCE_RENEW,
	INSTANCE_REVIVE,
	INSTANCE_END,
	INSTANCE_SWEEP,
	INSTANCE__MAX
};

static const char *const stmts[INSTANCE__MAX] = {
    [INSTANCE_NEW] = "INSERT INTO scheduler_instance"
		     " (host, pid, boot_id, started_at, expires_at)"
		     " VALUES (?, ?, ?, UTC_TIMESTAMP(3),"
		     " DATE_ADD(UTC_TIMESTAMP(3), INTERVAL ? MICROSECOND))",
    [INSTANCE_RENEW] = "UPDATE scheduler_instance SET expires_at ="
		       " DATE_ADD(UTC_TIMESTAMP(3), INTERVAL ? MICROSECOND)"
		       " WHERE id = ? AND expires_at > UTC_TIMESTAMP(3)",
    [INSTANCE_REVIVE] = "UPDATE scheduler_instance SET expires_at ="
			" DATE_ADD(UTC_TIMESTAMP(3), INTERVAL ? MICROSECOND)"
			" WHERE id = ?",
    [INSTANCE_END] = "UPDATE scheduler_instance"
		     " SET expires_at = UTC_TIMESTAMP(3) WHERE id = ?",
    [INSTANCE_SWEEP] =
	"DELETE FROM scheduler_instance WHERE expires_at <"
	" DATE_SUB(UTC_TIMESTAMP(3), INTERVAL 1 DAY) AND id NOT IN"
	" (SELECT owner FROM job_run WHERE live = 1)",
};
DB_STATEMENTS(stmts);

enum err
instance_new(struct db *db, int64_t lease_ms, int64_t *id_out, struct buf *err)
{
	char host[256], boot[64];
	enum err rc;

	proc_host_name(host);
	proc_boot_id(boot);
	rc = db_exec(db, stmts[INSTANCE_NEW],
	    DB_BINDS(DB_TEXT(host), DB_INT(getpid()), DB_TEXT(boot),
		DB_INT(lease_ms * 1000)),
	    err);
	if (!rc)
		*id_out = db_last_id(db);
	return rc;
}

enum err
instance_renew(struct db *db, int64_t id, int64_t lease_ms, struct buf *err)
{
	return db_exec_one(db, stmts[INSTANCE_RENEW],
	    DB_BINDS(DB_INT(lease_ms * 1000), DB_INT(id)), err);
}

enum err
instance_revive(struct db *db, int64_t id, int64_t lease_ms, struct buf *err)
{
	return db_exec_one(db, stmts[INSTANCE_REVIVE],
	    DB_BINDS(DB_INT(lease_ms * 1000), DB_INT(id)), err);
}

enum err
instance_end(struct db *db, int64_t id, struct buf *err)
{
	return db_exec(db, stmts[INSTANCE_END], DB_BINDS(DB_INT(id)), err);
}

enum err
instance_sweep(struct db *db, struct buf *err)
{
	return db_exec(db, stmts[INSTANCE_SWEEP], DB_NONE, err);
}
