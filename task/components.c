/* The components that are built in, one row each. */
#include "lib/base/mem.h"
#include "task/task.h"

static const struct component components[] = {
    {"Upload", upload_run},
    {"Download", download_run},
    {"DataIO", dataio_run},
    {"Intersection", intersection_run},
    {"HeteroLR", hetero_lr_run},
    {"Evaluation", evaluation_run},
};

const struct component *
component_find(const char *module)
{
	for (size_t i = 0; i < ARRAY_LEN(components); i++)
		if (strcmp(components[i].module, module) == 0)
			return &components[i];
	return NULL;
}
