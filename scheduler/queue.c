/*
 * The order is priority, then submission; a job that does not fit is passed
 * over, so nobody waits behind it. A waiting job costs one row of light
 * columns to look at, and none while nothing was freed since the last look:
 * what did not fit then does not fit now, and only new jobs are read.
 *
 * So that a wide job does not wait for ever while narrow ones pass, room is
 * kept for one that others passed over for scheduler.max_passed_over_ms: who
 * is behind it gets nothing of what it lacks. That time is counted on the
 * monotonic clock and kept in its row, so that a restart does not begin it
 * anew. Of jobs that ask for the same only the first is watched, and only the
 * first QUEUE_HEADS kinds: when one begins the next comes up.
 */
#include "scheduler/queue.h"
#include "lib/base/log.h"
#include "scheduler/claim.h"
#include "scheduler/room.h"

#include <string.h>

enum {
	BATCH_FIRST = 32,
	BATCH_MAX = 1024,
	/* Numbers are given out before they are committed. */
	NEW_MARGIN = 256,
	NEW_MAX = 1024,
	LOOK_AGAIN_MS = 10000, /* for what came in before the newest */
	EXPLAIN_ROWS = 1024    /* looked at for their reasons in a pass */
};

/* Jobs that wait for the same reason, to be written together. */
struct reasons {
	char ids[JOB_QUEUE_IDS][ID_JOB_MAX + 1];
	size_t n;
	struct buf text;
};

struct look {
	struct settle *p;
	bool explains;
	bool is_whole;	 /* from the first, not only the new ones */
	bool is_stopped; /* no job can begin any more */
	size_t n_rows;	 /* of this batch */
	struct queue_head heads[QUEUE_HEADS]; /* met by a whole one */
	size_t n_heads;
	struct reasons reasons;
	struct quota_use ask;
	struct quota_use unfit; /* the last that did not fit, and why */
	struct buf reason;
};

/* ---- reasons ---- */

static enum err
write_reasons(struct look *l, struct buf *err)
{
	struct reasons *r = &l->reasons;
	const char *ids[JOB_QUEUE_IDS];
	size_t n = r->n;

	for (size_t i = 0; i < n; i++)
		ids[i] = r->ids[i];
	r->n = 0;
	return n ? job_queue_set_pending(l->p->s->db, ids, n, r->text.ptr, err)
		 : ERR_OK;
}

/* Only a reason that is another one is written. */
static enum err
note_reason(struct look *l, const struct job_queue_row *row, struct buf *err)
{
	struct reasons *r = &l->reasons;
	enum err rc = ERR_OK;

	if (quota_same_reason(row->pending_reason, l->reason.ptr))
		return ERR_OK;
	if (r->n == JOB_QUEUE_IDS ||
	    (r->n && strcmp(r->text.ptr, l->reason.ptr)))
		rc = write_reasons(l, err);
	if (!r->n) {
		buf_reset(&r->text);
		buf_adds(&r->text, l->reason.ptr);
	}
	snprintf(r->ids[r->n], sizeof(r->ids[0]), "%s", row->job_id);
	r->n++;
	return rc;
}

/* ---- the first that do not fit ---- */

static int64_t
passed_ms(const struct settle *p, const struct queue_head *h)
{
	return h->since ? h->passed_ms + p->mono_now - h->since : 0;
}

static bool
is_passed_too_long(const struct settle *p, const struct queue_head *h)
{
	return h->since &&
	       passed_ms(p, h) >= p->s->cfg->scheduler.max_passed_over_ms;
}

static bool
any_passed_too_long(const struct settle *p)
{
	for (size_t i = 0; i < p->queue.n_heads; i++)
		if (is_passed_too_long(p, &p->queue.heads[i]))
			return true;
	return false;
}

/* FNV-1a */
static uint64_t
shape_of(const struct job_queue_row *row)
{
	const int64_t numbers[] = {
	    row->max_width, row->task_cores, row->task_memory};
	uint64_t hash = 14695981039346656037U;

	for (size_t i = 0; i < sizeof(numbers); i++)
		hash = (hash ^ ((const unsigned char *)numbers)[i]) *
		       1099511628211U;
	for (const char *s = row->demand; s && *s; s++)
		hash = (hash ^ (unsigned char)*s) * 1099511628211U;
	return hash;
}

static const struct queue_head *
known_head(const struct queue *q, const char *job_id)
{
	for (size_t i = 0; i < q->n_heads; i++)
		if (!strcmp(q->heads[i].job_id, job_id))
			return &q->heads[i];
	return NULL;
}

static void
note_head(struct look *l, const struct job_queue_row *row)
{
	const struct queue_head *known = known_head(&l->p->queue, row->job_id);
	struct queue_head *h = &l->heads[l->n_heads];
	uint64_t shape = shape_of(row);

	for (size_t i = 0; i < l->n_heads; i++)
		if (l->heads[i].shape == shape)
			return;
	if (l->n_heads == QUEUE_HEADS)
		return;
	l->n_heads++;
	*h = (struct queue_head){.place = row->place,
	    .shape = shape,
	    .passed_ms = known ? known->passed_ms : row->passed_ms};
	if (known)
		h->since = known->since;
	else if (row->passed_ms)
		h->since = l->p->mono_now;
	snprintf(h->job_id, sizeof(h->job_id), "%s", row->job_id);
	if (is_passed_too_long(l->p, h)) {
		admission_keep(&l->p->room, row->job_id, &l->ask);
		quota_use_reset(&l->unfit);
	}
}

static bool
is_behind(const struct job_queue_place *a, const struct job_queue_place *b)
{
	return a->rank > b->rank || (a->rank == b->rank && a->seq > b->seq);
}

static void
note_begun(struct look *l, const struct job_queue_row *row)
{
	struct queue *q = &l->p->queue;
	struct queue_head *heads = l->is_whole ? l->heads : q->heads;
	size_t n = l->is_whole ? l->n_heads : q->n_heads;

	for (size_t i = 0; i < n; i++)
		if (!heads[i].since && is_behind(&row->place, &heads[i].place))
			heads[i].since = l->p->mono_now;
}

/* Those behind the place where a look stopped are still what they were. */
static void
keep_heads(struct look *l, const struct job_queue_place *end)
{
	struct queue *q = &l->p->queue;

	for (size_t i = 0; l->is_stopped && i < q->n_heads; i++)
		if (l->n_heads < QUEUE_HEADS &&
		    is_behind(&q->heads[i].place, end))
			l->heads[l->n_heads++] = q->heads[i];
	memcpy(q->heads, l->heads, sizeof(q->heads));
	q->n_heads = l->n_heads;
}

static enum err
store_passed(struct settle *p, struct buf *err)
{
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < p->queue.n_heads; i++) {
		const struct queue_head *h = &p->queue.heads[i];

		if (h->since)
			rc = job_queue_set_passed(
			    p->s->db, h->job_id, passed_ms(p, h), err);
	}
	return rc;
}

/* ---- one job ---- */

static void
set_ask(struct look *l, const struct job_queue_row *row)
{
	struct quota_use *ask = &l->ask;

	quota_use_reset(ask);
	ask->site[QUOTA_JOBS] = 1;
	ask->site[QUOTA_TASKS] = row->max_width;
	ask->site[QUOTA_CORES] = row->max_width * row->task_cores;
	ask->site[QUOTA_MEMORY] = row->max_width * row->task_memory;
	/* One that cannot be read is checked when its components start. */
	if (row->demand && quota_has_keys(&l->p->s->quota))
		(void)quota_list_parse(row->demand, "demand", &ask->by, NULL);
}

/* In one look room only gets less, so equal jobs wait for the same reason. */
static bool
is_like_the_last(const struct look *l)
{
	return l->unfit.site[QUOTA_JOBS] && l->ask.by.n == l->unfit.by.n &&
	       quota_none_freed(&l->ask, &l->unfit) &&
	       quota_none_freed(&l->unfit, &l->ask);
}

static enum quota_answer
ask_for(struct look *l, const struct job_queue_row *row)
{
	enum quota_answer answer;

	set_ask(l, row);
	if (is_like_the_last(l))
		return QUOTA_LATER;
	buf_reset(&l->reason);
	answer = admission_job(&l->p->room, &l->ask, &l->reason);
	/* It and the reason are kept together, or not at all. */
	if (answer == QUOTA_LATER)
		quota_use_copy(&l->unfit, &l->ask);
	else
		quota_use_reset(&l->unfit);
	return answer;
}

static bool
is_site_full(const struct settle *p)
{
	const int64_t *limit = p->s->quota.site;
	const int64_t *use = p->room.use.site;

	return use[QUOTA_JOBS] >= limit[QUOTA_JOBS] ||
	       use[QUOTA_TASKS] >= limit[QUOTA_TASKS];
}

/* A job that the limits let begin waits when the disk has no room for it. */
static enum err
ask_disk(struct look *l, const struct job_queue_row *row, bool *fits_out,
    struct buf *err)
{
	struct settle *p = l->p;
	enum err rc;

	buf_reset(&l->reason);
	rc = room_for(p->s, row->job_id, fits_out, &l->reason, err);
	if (rc || *fits_out)
		return rc;
	p->room.use.site[QUOTA_JOBS]--; /* asked, not taken */
	p->queue.is_left = true;
	l->is_stopped = p->s->disk_level == DISK_FULL;
	return l->explains ? note_reason(l, row, err) : ERR_OK;
}

/* One that is not ours after all leaves its place to who is behind it. */
static enum err
begin(struct look *l, const struct job_queue_row *row, struct buf *err)
{
	bool is_ours;
	enum err rc = claim_begin(l->p, row->job_id, &is_ours, err);

	if (is_ours)
		note_begun(l, row);
	else
		l->p->room.use.site[QUOTA_JOBS]--; /* asked, not taken */
	return rc;
}

static enum err
look_at(struct look *l, const struct job_queue_row *row, struct buf *err)
{
	struct queue *q = &l->p->queue;
	enum quota_answer answer;
	bool fits = false;
	enum err rc;

	if (row->place.seq > q->seen_seq)
		q->seen_seq = row->place.seq;
	if (row->stop_requested)
		return ERR_OK; /* claim_stop_waiting() ends it */
	answer = ask_for(l, row);
	if (answer == QUOTA_NEVER)
		return claim_refuse(l->p, row->job_id, l->reason.ptr, err);
	if (answer == QUOTA_YES) {
		rc = ask_disk(l, row, &fits, err);
		return rc || !fits ? rc : begin(l, row, err);
	}
	q->is_left = true;
	if (l->is_whole)
		note_head(l, row);
	return l->explains ? note_reason(l, row, err) : ERR_OK;
}

/* ---- many ---- */

typedef enum err
row_fn(struct look *l, const struct job_queue_row *row, struct buf *err);

/* All rows of a batch; *last is where the next one begins. */
static enum err
each_row(struct look *l, struct db_rows **rows, row_fn *fn,
    struct job_queue_place *last, struct buf *err)
{
	struct job_queue_row row;
	enum err rc = ERR_OK;

	l->n_rows = 0;
	while (
	    !rc && !l->is_stopped && !(rc = job_queue_next(*rows, &row, err))) {
		l->n_rows++;
		*last = row.place;
		rc = fn(l, &row, err);
		l->is_stopped |= fn == look_at && is_site_full(l->p);
	}
	db_end(rows);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static enum err
look_at_all(struct look *l, struct buf *err)
{
	struct queue *q = &l->p->queue;
	struct job_queue_place at = JOB_QUEUE_FIRST;
	/* Is anybody there at all? Where nothing fits, one will tell. */
	int64_t limit = is_site_full(l->p) ? 1 : BATCH_FIRST, asked;
	struct db_rows *rows = NULL;
	enum err rc;

	l->is_whole = true;
	q->is_left = false;
	q->looked_at = l->p->mono_now;
	do {
		asked = limit;
		rc = job_queue_behind(l->p->s->db, &at, limit, &rows, err);
		if (!rc)
			rc = each_row(l, &rows, look_at, &at, err);
		limit = limit * 4 < BATCH_MAX ? limit * 4 : BATCH_MAX;
	} while (!rc && !l->is_stopped && (int64_t)l->n_rows == asked);
	q->is_left |= l->is_stopped;
	keep_heads(l, &at);
	return rc;
}

static enum err
look_at_new(struct look *l, struct buf *err)
{
	struct db_rows *rows = NULL;
	struct job_queue_place at;
	enum err rc = job_queue_since(l->p->s->db,
	    l->p->queue.seen_seq - NEW_MARGIN, NEW_MAX, &rows, err);

	if (!rc)
		rc = each_row(l, &rows, look_at, &at, err);
	if (!rc && !l->is_stopped && l->n_rows == NEW_MAX)
		return look_at_all(l, err);
	return rc;
}

static enum err
look(struct look *l, struct buf *err)
{
	struct settle *p = l->p;
	const struct queue *before = &p->s->queue;
	bool is_new = p->s->is_rung;
	bool is_due = !before->looked_at ||
		      p->mono_now - before->looked_at >= LOOK_AGAIN_MS ||
		      !quota_none_freed(&p->room.use, &before->seen) ||
		      (is_new && is_site_full(p));
	enum err rc = ERR_OK;

	/* Room is kept for whom a whole look meets. */
	if (is_due || ((is_new || l->explains) && any_passed_too_long(p)))
		rc = look_at_all(l, err);
	else if (is_new)
		rc = look_at_new(l, err);
	p->queue.is_explaining |= is_due && p->queue.is_left;
	return rc;
}

/* ---- explaining ---- */

static enum err
explain_row(struct look *l, const struct job_queue_row *row, struct buf *err)
{
	int64_t jobs = l->p->room.use.site[QUOTA_JOBS];
	enum quota_answer answer = ask_for(l, row);
	const struct scheduler *s = l->p->s;

	if (answer == QUOTA_YES && s->disk_level == DISK_FULL) {
		answer = QUOTA_LATER;
		buf_reset(&l->reason);
		disk_judge(&s->disk, s->cfg, 0, &l->reason);
	}
	l->p->room.use.site[QUOTA_JOBS] = jobs; /* asked, not taken */
	return answer == QUOTA_LATER ? note_reason(l, row, err) : ERR_OK;
}

/* A part of the queue in each pass, from where the last one stopped. */
static enum err
explain_some(struct look *l, struct buf *err)
{
	struct queue *q = &l->p->queue;
	struct db_rows *rows = NULL;
	enum err rc;

	if (!q->is_explaining)
		return ERR_OK;
	rc = job_queue_behind(
	    l->p->s->db, &q->explained, EXPLAIN_ROWS, &rows, err);
	l->is_stopped = false;
	if (!rc)
		rc = each_row(l, &rows, explain_row, &q->explained, err);
	if (l->n_rows < EXPLAIN_ROWS) {
		q->explained = JOB_QUEUE_FIRST;
		q->is_explaining = false;
	}
	return rc;
}

/* Jobs that this pass ends leave their place to others. */
static void
discount_ended(struct settle *p)
{
	for (const struct run_job *j = p->s->jobs; j; j = j->next_job)
		p->room.use.site[QUOTA_JOBS] -= j->is_over;
}

enum err
queue_run(struct settle *p, bool explain, struct buf *err)
{
	struct look l = {.p = p, .explains = explain};
	enum err rc = claim_turn(p, err);

	buf_init(&l.reason);
	buf_init(&l.reasons.text);
	room_look(p->s, p->mono_now);
	discount_ended(p);
	if (!rc && p->s->is_rung)
		rc = claim_stop_waiting(p, err);
	if (!rc)
		rc = look(&l, err);
	if (!rc && explain)
		rc = explain_some(&l, err);
	if (!rc)
		rc = write_reasons(&l, err);
	if (!rc && explain)
		rc = store_passed(p, err);
	quota_use_copy(&p->queue.seen, &p->room.use);
	quota_use_release(&l.ask);
	quota_use_release(&l.unfit);
	buf_release(&l.reason);
	buf_release(&l.reasons.text);
	return rc;
}
