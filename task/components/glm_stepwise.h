/*
 * Stepwise selection: fits of one column more or fewer, of which the one with
 * the smallest information criterion goes on. The arbiter, who knows the
 * losses, leads (glm_stepwise_arbiter.c); a message to each of the others
 * before every fit says which of its columns take part.
 *
 *	{"columns": own numbers, "keep": the fit before is the best so far,
 *	 "end": no fit follows, "step": steps that are over,
 *	 "guest_mask", "host_mask": the columns of the best}
 */
#ifndef FF_TASK_COMPONENTS_GLM_STEPWISE_H
#define FF_TASK_COMPONENTS_GLM_STEPWISE_H

#include "task/components/glm.h"

/* What a step has come to; masks are arrays of booleans, borrowed. */
struct glm_step {
	int64_t step;
	const cJSON *guest_mask;
	const cJSON *host_mask;
	bool has_score; /* the arbiter's alone */
	double loss;
	double ic;
	/* a party's own: its columns and the best model of them, or NULL */
	const struct table_schema *schema;
	const cJSON *own_mask;
	const struct glm_fitted *best;
};

/* The metric stepwise_<step>. */
void glm_step_report(struct glm *glm, const struct glm_step *s);

#endif
