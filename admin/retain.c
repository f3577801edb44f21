/*
 * The retention policy by hand: what would go, or all of it now. The
 * scheduler does the same bit by bit, so both may run at once.
 */
#include "admin/verbs.h"
#include "lib/base/clock.h"
#include "lib/base/disk.h"
#include "lib/base/path.h"
#include "lib/base/steady.h"
#include "lib/retain/retain.h"
#include "lib/retain/trash.h"

static void
print_report(const char *kind, const struct retain_report *r)
{
	char oldest[CLOCK_TEXT_LEN] = "-", newest[CLOCK_TEXT_LEN] = "-";
	struct buf size = BUF_INIT;

	if (!r->keep_ms) {
		printf("%-8s kept for ever\n", kind);
		return;
	}
	if (r->n_items) {
		clock_format(r->oldest, oldest);
		clock_format(r->newest, newest);
	}
	disk_add_size(r->bytes, &size);
	printf("%-8s jobs=%lld count=%lld bytes=%lld (%s) oldest=%s "
	       "newest=%s%s\n",
	    kind, (long long)r->n_jobs, (long long)r->n_items,
	    (long long)r->bytes, size.ptr, oldest, newest,
	    r->is_doubtful ? " waits: the clock has stepped" : "");
	buf_release(&size);
}

static void
remove_now(const char *path, void *arg)
{
	(void)arg;
	(void)path_remove_tree(path, NULL);
}

static enum err
sweep_orphans(const struct verb_args *args, struct db *db, struct buf *err)
{
	char day[9] = "";
	size_t n, all = 0;
	enum err rc;

	do {
		rc = trash_orphans(db, args->cfg, day, &n, err);
		all += n;
	} while (!rc && *day);
	printf("folders without a job: %zu\n", all);
	return rc;
}

static enum err
apply(const struct verb_args *args, struct db *db, struct buf *err)
{
	struct retain_round round = {0};
	size_t all = 0;
	enum err rc;

	do {
		rc = retain_step(db, args->cfg, &round, err);
		all += round.n_taken;
	} while (!rc && (round.n_taken || round.is_more));
	printf("done: %zu\n", all);
	if (!rc)
		rc = sweep_orphans(args, db, err);
	trash_list(args->cfg->site.work_dir, SIZE_MAX, remove_now, NULL);
	trash_models(args->cfg, SIZE_MAX, remove_now, NULL);
	trash_caches(args->cfg, SIZE_MAX, remove_now, NULL);
	return rc;
}

enum err
retain_verb(const struct verb_args *args, struct buf *err)
{
	struct retain_report reports[RETENTION__MAX], caches;
	struct db *db = db_new(args->cfg);
	enum err rc = retain_survey(db, args->cfg, reports, err);

	for (int k = 0; !rc && k < RETENTION__MAX; k++)
		print_report(
		    retention_name((enum retention_kind)k), &reports[k]);
	if (!rc) {
		retain_survey_caches(args->cfg, &caches);
		print_report("cache", &caches);
	}
	if (!rc && !args->is_dry)
		rc = apply(args, db, err);
	db_close(&db);
	return rc;
}
