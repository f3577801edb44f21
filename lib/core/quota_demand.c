#include "lib/core/quota_demand.h"

void
quota_demand_component(const struct conf *c, const struct dsl *d,
    size_t component, struct quota_use *out)
{
	unsigned roles = d->components[component].module->roles;

	for (size_t i = 0; i < c->n_parties; i++) {
		const struct conf_party *p = &c->parties[i];

		if (!(roles & spec_role_bit(p->role)))
			continue;
		out->site[QUOTA_TASKS]++;
		out->site[QUOTA_CORES] += c->run.task_cores;
		out->site[QUOTA_MEMORY] += c->run.task_memory;
		quota_use_task(out, p->role, p->party_id, 1);
	}
}

void
quota_demand_job(
    const struct conf *c, const struct dsl *d, struct quota_use *out)
{
	struct quota_use one = {0};

	for (size_t i = 0; i < d->n_components; i++) {
		quota_use_reset(&one);
		quota_demand_component(c, d, i, &one);
		quota_use_max(out, &one);
	}
	out->site[QUOTA_JOBS] = 1;
	quota_use_release(&one);
}

enum err
quota_demand_check(const struct quota *q, const struct conf *c,
    const struct dsl *d, struct buf *err)
{
	const struct quota_use none = {0};
	struct quota_use one = {0};
	struct buf who = BUF_INIT;
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < d->n_components; i++) {
		buf_reset(&who);
		buf_addf(&who, "component %s", d->components[i].name);
		quota_use_reset(&one);
		quota_demand_component(c, d, i, &one);
		if (quota_ask(q, &none, &one, who.ptr, err) == QUOTA_NEVER)
			rc = ERR_INVALID;
	}
	quota_use_release(&one);
	buf_release(&who);
	return rc;
}
