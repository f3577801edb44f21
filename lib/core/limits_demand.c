#include "lib/core/limits_demand.h"

void
limits_demand_component(const struct conf *c, const struct dsl *d,
    size_t component, struct limits_use *out)
{
	unsigned roles = d->components[component].module->roles;

	for (size_t i = 0; i < c->n_parties; i++) {
		const struct conf_party *p = &c->parties[i];

		if (!(roles & spec_role_bit(p->role)))
			continue;
		out->site[LIMITS_TASKS]++;
		out->site[LIMITS_CORES] += c->run.task_cores;
		out->site[LIMITS_MEMORY] += c->run.task_memory;
		limits_use_task(out, p->role, p->party_id, 1);
	}
}

void
limits_demand_job(
    const struct conf *c, const struct dsl *d, struct limits_use *out)
{
	struct limits_use one = {0};

	for (size_t i = 0; i < d->n_components; i++) {
		limits_use_reset(&one);
		limits_demand_component(c, d, i, &one);
		limits_use_max(out, &one);
	}
	out->site[LIMITS_JOBS] = 1;
	limits_use_release(&one);
}

enum err
limits_demand_check(const struct limits *l, const struct conf *c,
    const struct dsl *d, struct buf *err)
{
	const struct limits_use none = {0};
	struct limits_use one = {0};
	struct buf who = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < d->n_components; i++) {
		buf_reset(&who);
		buf_addf(&who, "component %s", d->components[i].name);
		limits_use_reset(&one);
		limits_demand_component(c, d, i, &one);
		if (limits_ask(l, &none, &one, who.ptr, err) == LIMITS_NEVER)
			rc = ERR_INVALID;
	}
	limits_use_release(&one);
	buf_release(&who);
	return rc;
}
