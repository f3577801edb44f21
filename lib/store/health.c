/*
 * What doctor and operators ask; nothing here decides anything.
 */
#include "lib/store/health.h"

enum { HEALTH_LIVE_SCHEDULERS, HEALTH__MAX };

static const char *const stmts[HEALTH__MAX] = {
    [HEALTH_LIVE_SCHEDULERS] = "SELECT COUNT(*) FROM scheduler_instance"
			       " WHERE expires_at > UTC_TIMESTAMP(3)",
};
DB_STATEMENTS(stmts);

enum err
health_live_schedulers(struct db *db, int64_t *n_out, struct buf *err)
{
	return db_number(
	    db, stmts[HEALTH_LIVE_SCHEDULERS], DB_NONE, 0, n_out, err);
}
