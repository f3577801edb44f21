/* Leases are on the database's clock, so it is asked what time it is. */
#include "lib/store/instance_query.h"

enum { INSTANCE_ALIVE, INSTANCE__MAX };

static const char *const stmts[INSTANCE__MAX] = {
    [INSTANCE_ALIVE] = "SELECT COUNT(*) FROM scheduler_instance"
		       " WHERE expires_at > UTC_TIMESTAMP(3)",
};
DB_STATEMENTS(stmts);

enum err
instance_query_alive(struct db *db, int64_t *n_out, struct buf *err)
{
	return db_number(db, stmts[INSTANCE_ALIVE], DB_NONE, 0, n_out, err);
}
