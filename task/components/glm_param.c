/*
 * Parameters as the submit checked them; what a task could still meet from
 * elsewhere is refused again.
 */
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/crypto/random.h"
#include "task/components/glm_steps.h"

#include <strings.h>

/* Words in the spelling that models and metrics show, whatever the job's. */
static const char *const optimizers[] = {
    "sgd", "rmsprop", "adam", "adagrad", "nesterov_momentum_sgd", "sqn", NULL};
static const char *const directions[] = {"forward", "backward", "both", NULL};
static const char *const scores[] = {"aic", "bic", NULL};
static const char *const stops[] = {"diff", "abs", "weight_diff", NULL};
static const char *const penalties[] = {"L1", "L2", "NONE", NULL};

static const char *
read_word(const cJSON *p, const char *key, const char *fallback,
    const char *const *words)
{
	const char *given = json_str(p, key, fallback);

	for (; given && *words; words++)
		if (strcasecmp(*words, given) == 0)
			return *words;
	return given;
}

static enum err
read_words(const cJSON *p, struct glm_param *out, struct buf *err)
{
	const char *penalty = read_word(p, "penalty", NULL, penalties);
	const char *stop = read_word(p, "early_stop", "diff", stops);

	if (!penalty_parse(penalty, &out->penalty))
		return err_set(err, ERR_INVALID,
		    "penalty is \"%s\", expected L1, L2 or none", penalty);
	if (!converge_parse(stop, &out->early_stop))
		return err_set(err, ERR_INVALID,
		    "early_stop is \"%s\", expected diff, abs or weight_diff",
		    stop);
	/* null is an unset field in FATE's message */
	out->penalty_name = penalty ? penalty : "";
	out->early_stop_name = stop;
	return ERR_OK;
}

/*
 * One stream per party: with the same one for all, each would know the
 * others' first weights.
 */
static uint64_t
party_seed(const struct task *t, int64_t seed)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	struct buf text = BUF_INIT;
	uint64_t own;

	buf_addf(&text, "%lld %s-%s", (long long)seed, t->role, t->party_id);
	digest_sha256(text.ptr, text.len, digest);
	memcpy(&own, digest, sizeof(own));
	buf_release(&text);
	return own;
}

static void
read_init(const struct task *t, struct glm_param *out)
{
	const cJSON *init = json_get(t->param, "init_param");
	const cJSON *seed = json_get(init, "random_seed");

	out->init_method = json_str(init, "init_method", "random_normal");
	out->init_const = json_double(init, "init_const", 1);
	out->fit_intercept = json_bool(init, "fit_intercept", true);
	if (cJSON_IsNumber(seed))
		out->seed = party_seed(t, json_int(init, "random_seed", 0));
	else
		random_bytes(&out->seed, sizeof(out->seed));
}

static void
read_cv(const cJSON *p, struct glm_param *out)
{
	const cJSON *cv = json_get(p, "cv_param");

	out->need_cv = json_bool(cv, "need_cv", false);
	out->cv_splits = json_int(cv, "n_splits", 5);
	out->cv_shuffle = json_bool(cv, "shuffle", true);
	out->cv_seed = json_int(cv, "random_seed", -1);
}

static void
read_sqn(const cJSON *p, struct glm_param *out)
{
	const cJSON *sqn = json_get(p, "sqn_param");

	out->is_sqn = strcmp(out->optimizer.name, "sqn") == 0;
	out->sqn_interval = json_int(sqn, "update_interval_L", 3);
	out->sqn_memory = json_int(sqn, "memory_M", 5);
	out->sqn_sample = json_int(sqn, "sample_size", 5000);
	out->sqn_seed = json_int(sqn, "random_seed", -1);
}

static void
read_stepwise(const cJSON *p, struct glm_param *out)
{
	const cJSON *stepwise = json_get(p, "stepwise_param");

	out->need_stepwise = json_bool(stepwise, "need_stepwise", false);
	out->score_name = read_word(stepwise, "score_name", "aic", scores);
	out->direction = read_word(stepwise, "direction", "both", directions);
	out->max_step = json_int(stepwise, "max_step", 10);
	out->nvmin = json_int(stepwise, "nvmin", 2);
	out->nvmax = json_int(stepwise, "nvmax", INT64_MAX);
}

static enum err
check(const struct glm *glm, int64_t bits, struct buf *err)
{
	const struct glm_param *p = &glm->p;

	if (bits < PAILLIER_BITS_MIN || bits > PAILLIER_BITS_MAX)
		return err_set(err, ERR_INVALID,
		    "encrypt_param.key_length is %lld, expected %d to %d",
		    (long long)bits, PAILLIER_BITS_MIN, PAILLIER_BITS_MAX);
	if (p->is_sqn && glm->model->curvature == 0)
		return err_set(err, ERR_INVALID,
		    "optimizer is \"sqn\", which %s does not have",
		    glm->model->module);
	if (p->is_sqn &&
	    (p->sqn_interval < 1 || p->sqn_memory < 1 || p->sqn_sample < 1))
		return err_set(err, ERR_INVALID,
		    "sqn_param: update_interval_L, memory_M and sample_size "
		    "are expected to be at least 1");
	if (p->batch_size != -1 && p->batch_size < 10)
		return err_set(err, ERR_INVALID,
		    "batch_size is %lld, expected -1 or at least 10",
		    (long long)p->batch_size);
	return ERR_OK;
}

enum err
glm_param_read(struct glm *glm, struct buf *err)
{
	const cJSON *p = glm->t->param;
	struct glm_param *out = &glm->p;
	int64_t bits =
	    json_int(json_get(p, "encrypt_param"), "key_length", 1024);
	enum err rc = read_words(p, out, err);

	if (rc)
		return rc;
	out->alpha = json_double(p, "alpha", 0.01);
	out->tol = json_double(p, "tol", 1e-5);
	out->optimizer.name = read_word(p, "optimizer", "sgd", optimizers);
	out->optimizer.learning_rate = json_double(p, "learning_rate", 0.01);
	out->optimizer.decay = json_double(p, "decay", 1);
	out->optimizer.decay_sqrt = json_bool(p, "decay_sqrt", true);
	out->batch_size = json_int(p, "batch_size", 320);
	out->max_iter = json_int(p, "max_iter", 100);
	read_init(glm->t, out);
	read_cv(p, out);
	read_sqn(p, out);
	read_stepwise(p, out);
	out->threshold =
	    json_double(json_get(p, "predict_param"), "threshold", 0.5);
	out->freqs = json_get(p, "validation_freqs");
	out->stop_rounds = json_int(p, "early_stopping_rounds", 0);
	out->metrics = json_get(p, "metrics");
	out->first_metric_only = json_bool(p, "use_first_metric_only", false);
	out->exposure =
	    glm->model->has_exposure ? json_str(p, "exposure_colname", "") : "";
	out->key_bits = (unsigned)bits;
	return check(glm, bits, err);
}

bool
glm_validates(const struct glm *glm, int64_t k)
{
	const cJSON *it, *freqs = glm->p.freqs;

	if (glm->is_quiet)
		return false;
	if (cJSON_IsNumber(freqs))
		return freqs->valuedouble >= 1 &&
		       (k + 1) % (int64_t)freqs->valuedouble == 0;
	cJSON_ArrayForEach(it, freqs)
	{
		if (cJSON_IsNumber(it) && (int64_t)it->valuedouble == k)
			return true;
	}
	return false;
}
