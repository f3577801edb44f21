#include "scheduler/tidy.h"
#include "lib/base/log.h"
#include "lib/retain/trash.h"

enum {
	TIDY_MS = 60 * 1000,	   /* between looks for what is due */
	AGAIN_MS = 500,		   /* when a look found something */
	ORPHAN_MS = 3600 * 1000,   /* between rounds through all days */
	ORPHAN_NEXT_MS = 5 * 1000, /* between two days of one round */
	AT_ONCE = 100,
};

static void
note(const char *path, void *arg)
{
	sweep_add_path(arg, path);
}

static int64_t
period(const struct cfg *cfg)
{
	const int64_t keep[] = {cfg->retention.scratch, cfg->retention.metrics,
	    cfg->retention.tables, cfg->retention.jobs};
	int64_t ms = TIDY_MS;

	for (size_t i = 0; i < RETENTION__MAX; i++)
		if (keep[i] && keep[i] < ms)
			ms = keep[i];
	return ms;
}

static bool
retain(struct scheduler *s, int64_t mono_now)
{
	struct retain_round *r = &s->round;
	struct buf err = BUF_INIT;
	bool is_more = false;

	if (mono_now < s->tidy_at)
		return false;
	if (retain_step(s->db, s->cfg, r, &err))
		log_warn("retention: %s", err.ptr);
	else
		is_more = r->n_taken || r->is_more;
	if (r->n_taken)
		log_info("retention: jobs=%zu", r->n_taken);
	s->tidy_at = mono_now + (is_more ? AGAIN_MS : period(s->cfg));
	buf_release(&err);
	return is_more;
}

static void
look_for_orphans(struct scheduler *s, int64_t mono_now)
{
	struct buf err = BUF_INIT;
	size_t n = 0;

	if (mono_now < s->orphan_at)
		return;
	if (trash_orphans(s->db, s->cfg, s->orphan_day, &n, &err))
		log_warn("folders without a job: %s", err.ptr);
	if (n)
		log_info("day=%s folders without a job=%zu moved to the trash",
		    s->orphan_day, n);
	s->orphan_at = mono_now + (*s->orphan_day ? ORPHAN_NEXT_MS : ORPHAN_MS);
	buf_release(&err);
}

bool
tidy(struct scheduler *s, struct sweep *w, int64_t mono_now)
{
	size_t before = w->n;
	bool is_more = retain(s, mono_now);

	look_for_orphans(s, mono_now);
	trash_list(s->cfg->site.work_dir, AT_ONCE, note, w);
	trash_models(s->cfg, AT_ONCE, note, w);
	trash_caches(s->cfg, AT_ONCE, note, w);
	return is_more || w->n > before;
}
