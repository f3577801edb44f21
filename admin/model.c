/* Models of this site, for whoever has its database and its disk. */
#include "admin/verbs.h"
#include "lib/base/clock.h"
#include "lib/base/path.h"
#include "lib/center/center.h"
#include "lib/core/ids.h"
#include "lib/model/model_path.h"
#include "lib/store/model_meta.h"

/* ---- list ---- */

static void
print_row(const struct db_rows *r, const char *work_dir)
{
	struct model_ref m = {work_dir, db_text(r, 0), db_text(r, 1),
	    db_text(r, 2), db_text(r, 3)};
	struct buf root = BUF_INIT;
	char at[CLOCK_TEXT_LEN];
	bool there = !model_path_root(&m, &root, NULL) && path_exists(root.ptr);

	clock_format(db_int(r, 5), at);
	printf("%s\t%s\t%s\t%s\t%lld\t%s\t%s\n", m.role, m.party_id, m.model_id,
	    m.version, (long long)db_int(r, 4), at,
	    there ? "ok" : "files missing");
	buf_release(&root);
}

enum err
model_list(const struct verb_args *args, struct buf *err)
{
	struct db *db = db_new(args->cfg);
	struct db_rows *r = NULL;
	enum err rc = model_meta_stream(db, &r, err);

	while (!rc && !(rc = db_next(r, err)))
		print_row(r, args->cfg->site.work_dir);
	db_end(&r);
	db_close(&db);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

/* ---- delete ---- */

enum err
model_delete(const struct verb_args *args, struct buf *err)
{
	struct model_ref m = {args->cfg->site.work_dir, args->words[0],
	    args->words[1], args->words[2], args->words[3]};
	struct buf party_model = BUF_INIT;
	struct db *db = db_new(args->cfg);
	enum err rc;

	ids_party_model(m.role, m.party_id, m.model_id, &party_model);
	rc = center_delete(db, &m, err);
	if (!rc)
		printf("deleted %s %s\n", party_model.ptr, m.version);
	db_close(&db);
	buf_release(&party_model);
	return rc;
}
