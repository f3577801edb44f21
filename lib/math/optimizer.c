/* One row per optimizer; each keeps at most two numbers per weight. */
#include "lib/math/optimizer.h"

#include "lib/base/mem.h"

#include <math.h>

typedef double
step_one(struct optimizer *o, size_t i, double lr, double gradient);

struct optimizer {
	struct optimizer_param param;
	step_one *step;
	size_t n;
	double *m;
	double *v;
	double beta1; /* 0.9^k and 0.999^k after k steps */
	double beta2;
};

static double
step_sgd(struct optimizer *o, size_t i, double lr, double g)
{
	(void)o;
	(void)i;
	return lr * g;
}

static double
step_rmsprop(struct optimizer *o, size_t i, double lr, double g)
{
	o->m[i] = 0.99 * o->m[i] + 0.01 * g * g;
	return lr * g / sqrt(o->m[i] + 1e-6);
}

static double
step_adagrad(struct optimizer *o, size_t i, double lr, double g)
{
	o->m[i] += g * g;
	return lr * g / (sqrt(o->m[i]) + 1e-7);
}

static double
step_adam(struct optimizer *o, size_t i, double lr, double g)
{
	o->m[i] = 0.9 * o->m[i] + 0.1 * g;
	o->v[i] = 0.999 * o->v[i] + 0.001 * g * g;
	return lr * (o->m[i] / (1 - o->beta1)) /
	       (sqrt(o->v[i] / (1 - o->beta2)) + 1e-8);
}

static double
step_nesterov(struct optimizer *o, size_t i, double lr, double g)
{
	double v = 0.9 * o->m[i] - lr * g;
	double delta = 0.9 * o->m[i] - 1.9 * v;

	o->m[i] = v;
	return delta;
}

static const struct {
	const char *name;
	step_one *step;
} optimizers[] = {
    {"sgd", step_sgd},
    {"rmsprop", step_rmsprop},
    {"adam", step_adam},
    {"adagrad", step_adagrad},
    {"nesterov_momentum_sgd", step_nesterov},
};

enum err
optimizer_new(const struct optimizer_param *param, size_t n,
    struct optimizer **out, struct buf *err)
{
	struct optimizer *o;

	for (size_t i = 0; i < ARRAY_LEN(optimizers); i++) {
		if (strcmp(param->name, optimizers[i].name) != 0)
			continue;
		o = xcalloc(1, sizeof(*o));
		o->param = *param;
		o->step = optimizers[i].step;
		o->n = n;
		o->m = xcalloc(n + 1, sizeof(double));
		o->v = xcalloc(n + 1, sizeof(double));
		o->beta1 = 1;
		o->beta2 = 1;
		*out = o;
		return ERR_OK;
	}
	return err_set(err, ERR_INVALID,
	    "optimizer is \"%s\", expected sgd, rmsprop, adam, adagrad or "
	    "nesterov_momentum_sgd",
	    param->name);
}

void
optimizer_free(struct optimizer *o)
{
	if (!o)
		return;
	free(o->m);
	free(o->v);
	free(o);
}

double
optimizer_rate(const struct optimizer_param *param, int64_t t)
{
	double slow = 1 + param->decay * (double)t;

	return param->learning_rate / (param->decay_sqrt ? sqrt(slow) : slow);
}

void
optimizer_step(
    struct optimizer *o, int64_t t, const double *gradient, double *delta)
{
	double lr = optimizer_rate(&o->param, t);

	o->beta1 *= 0.9;
	o->beta2 *= 0.999;
	for (size_t i = 0; i < o->n; i++)
		delta[i] = o->step(o, i, lr, gradient[i]);
}
