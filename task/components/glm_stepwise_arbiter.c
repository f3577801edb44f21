/*
 * The arbiter's search. A set of columns that was fitted once is not fitted
 * again: the best so far was better or is it.
 */
#include "lib/base/mem.h"
#include "task/components/glm_steps.h"
#include "task/components/glm_stepwise.h"

#include <math.h>

enum { HOST, GUEST, N_PARTIES }; /* as their gradients stand */

static const char *const roles[N_PARTIES] = {
    [HOST] = "host", [GUEST] = "guest"};

struct search {
	struct glm *glm;
	size_t d[N_PARTIES];
	size_t n; /* columns of both, the host's first */
	bool *best;
	double ic; /* of the best; INFINITY before there is one */
	double loss;
	bool keep;    /* the last fit is the best */
	int64_t told; /* models reported: the start, and one a step */
	bool **seen;
	size_t n_seen;
	bool forward;
	bool backward;
};

static enum err
hear_columns(struct search *s, struct buf *err)
{
	cJSON *obj;
	int64_t n;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < N_PARTIES; i++) {
		obj = NULL;
		rc = mailbox_receive_json(s->glm->t->mail,
		    task_peer(s->glm->t, roles[i], 0), "glm_columns",
		    MESSAGE_AGGREGATE, &obj, err);
		if (rc)
			return rc;
		n = json_int(obj, "count", 0);
		/* the guest's word counts, whatever the arbiter was told */
		if (i == GUEST)
			s->glm->p.fit_intercept =
			    json_bool(obj, "intercept", false);
		cJSON_Delete(obj);
		if (n < 1 || n > INT32_MAX)
			return err_set(err, ERR_INVALID,
			    "the %s's number of columns is %lld", roles[i],
			    (long long)n);
		s->d[i] = (size_t)n;
		s->n += s->d[i];
	}
	return rc;
}

static cJSON *
mask_of(const struct search *s, size_t party)
{
	cJSON *out = cJSON_CreateArray();
	size_t first = party == HOST ? 0 : s->d[HOST];

	for (size_t j = 0; j < s->d[party]; j++)
		cJSON_AddItemToArray(out, cJSON_CreateBool(s->best[first + j]));
	return out;
}

/* `set` is the next fit's columns, NULL at the end. */
static enum err
tell(struct search *s, const bool *set, struct buf *err)
{
	struct task *t = s->glm->t;
	size_t first = 0;
	cJSON *obj, *columns;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < N_PARTIES; i++) {
		obj = cJSON_CreateObject();
		columns = cJSON_CreateArray();
		json_add(obj, "columns", columns);
		for (size_t j = 0; set && j < s->d[i]; j++)
			if (set[first + j])
				cJSON_AddItemToArray(
				    columns, cJSON_CreateNumber((double)j));
		json_add_bool(obj, "keep", s->keep);
		json_add_bool(obj, "end", !set);
		json_add_int(obj, "step", s->told);
		json_add(obj, "guest_mask", mask_of(s, GUEST));
		json_add(obj, "host_mask", mask_of(s, HOST));
		rc = mailbox_send_json(t->mail, task_peer(t, roles[i], 0),
		    "glm_candidate", MESSAGE_AGGREGATE, obj, err);
		cJSON_Delete(obj);
		first += s->d[i];
	}
	s->keep = false;
	return rc;
}

static size_t
count(const struct search *s, const bool *set)
{
	size_t n = 0;

	for (size_t j = 0; j < s->n; j++)
		n += set[j] ? 1 : 0;
	return n;
}

/* k * (columns + intercept) + what the loss amounts to. */
static double
criterion(const struct search *s, const bool *set)
{
	const struct glm_param *p = &s->glm->p;
	double n = (double)s->glm->n;
	double k = strcmp(p->score_name, "bic") == 0 ? log(n) : 2;
	double free_ones = (double)count(s, set) + (p->fit_intercept ? 1 : 0);

	return k * free_ones + s->glm->model->misfit(n, s->glm->loss);
}

static bool
was_seen(struct search *s, const bool *set)
{
	for (size_t i = 0; i < s->n_seen; i++)
		if (memcmp(s->seen[i], set, s->n * sizeof(*set)) == 0)
			return true;
	s->seen = xreallocarray(s->seen, s->n_seen + 1, sizeof(*s->seen));
	s->seen[s->n_seen] = xcalloc(s->n, sizeof(*set));
	memcpy(s->seen[s->n_seen++], set, s->n * sizeof(*set));
	return false;
}

/* Fits a set; it becomes the best when it is. */
static enum err
try_set(struct search *s, const bool *set, struct buf *err)
{
	struct glm *glm = s->glm;
	size_t widths[N_PARTIES] = {0};
	double ic;
	enum err rc;

	for (size_t j = 0; j < s->n; j++)
		widths[j < s->d[HOST] ? HOST : GUEST] += set[j] ? 1 : 0;
	widths[GUEST] += glm->p.fit_intercept ? 1 : 0;
	if (widths[HOST] + widths[GUEST] == 0 || was_seen(s, set))
		return ERR_OK;
	rc = tell(s, set, err);
	if (rc)
		return rc;
	glm->widths = widths;
	glm_forget(glm);
	rc = glm_fit(glm, err);
	glm->widths = NULL;
	if (rc)
		return rc;
	ic = criterion(s, set);
	if (!isfinite(ic))
		return err_set(err, ERR_INVALID,
		    "stepwise selection met a loss of %g, of which there is "
		    "no %s",
		    glm->loss, glm->p.score_name);
	if (ic < s->ic) {
		s->ic = ic;
		s->loss = glm->loss;
		s->keep = true;
		memcpy(s->best, set, s->n * sizeof(*set));
	}
	return ERR_OK;
}

/* All sets of one column more or fewer than `from`. */
static enum err
try_neighbours(struct search *s, const bool *from, struct buf *err)
{
	const struct glm_param *p = &s->glm->p;
	size_t n = count(s, from);
	bool *set = xcalloc(s->n, sizeof(*set));
	bool fewer = s->backward && (int64_t)n > p->nvmin;
	bool more = s->forward && (int64_t)n < p->nvmax;
	enum err rc = ERR_OK;

	for (size_t j = 0; !rc && j < s->n; j++) {
		if (from[j] ? !fewer : !more)
			continue;
		memcpy(set, from, s->n * sizeof(*set));
		set[j] = !set[j];
		rc = try_set(s, set, err);
	}
	free(set);
	return rc;
}

static void
report(struct search *s)
{
	cJSON *guest = mask_of(s, GUEST), *host = mask_of(s, HOST);
	struct glm_step step = {
	    .step = s->told,
	    .guest_mask = guest,
	    .host_mask = host,
	    .has_score = isfinite(s->ic),
	    .loss = s->loss,
	    .ic = s->ic,
	};

	glm_step_report(s->glm, &step);
	task_log(s->glm->t, "step %lld: %zu columns", (long long)s->told,
	    count(s, s->best));
	s->told++;
	cJSON_Delete(guest);
	cJSON_Delete(host);
}

/* Has the best come from n columns to as few, or as many, as there may be? */
static bool
is_at_limit(const struct search *s, size_t n)
{
	const struct glm_param *p = &s->glm->p;
	int64_t before = (int64_t)n, now = (int64_t)count(s, s->best);

	return (now == p->nvmin && before >= now) ||
	       (now == p->nvmax && before <= now);
}

static enum err
search(struct search *s, struct buf *err)
{
	bool *from = xcalloc(s->n, sizeof(*from));
	bool moves = true;
	enum err rc;

	for (size_t j = 0; s->backward && j < s->n; j++)
		from[j] = true;
	memcpy(s->best, from, s->n * sizeof(*from));
	rc = try_set(s, from, err);
	if (!rc)
		report(s);
	while (!rc && moves && s->told <= s->glm->p.max_step) {
		memcpy(from, s->best, s->n * sizeof(*from));
		rc = try_neighbours(s, from, err);
		if (rc || memcmp(from, s->best, s->n * sizeof(*from)) == 0)
			break;
		report(s);
		moves = !is_at_limit(s, count(s, from));
	}
	free(from);
	return rc ? rc : tell(s, NULL, err);
}

enum err
glm_stepwise_arbiter(struct glm *glm, struct buf *err)
{
	const char *direction = glm->p.direction;
	struct search s = {
	    .glm = glm,
	    .ic = INFINITY,
	    .forward = strcmp(direction, "backward") != 0,
	    .backward = strcmp(direction, "forward") != 0,
	};
	enum err rc = hear_columns(&s, err);

	if (!rc) {
		glm->rounds = 1 + glm->p.max_step * (int64_t)s.n;
		s.best = xcalloc(s.n, sizeof(*s.best));
		rc = search(&s, err);
	}
	for (size_t i = 0; i < s.n_seen; i++)
		free(s.seen[i]);
	free(s.seen);
	free(s.best);
	return rc;
}
