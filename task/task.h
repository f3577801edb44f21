/*
 * The components of fateflow-task: what each sees of the world is
 * lib/task/task.h's.
 */
#ifndef FF_TASK_TASK_H
#define FF_TASK_TASK_H

#include "lib/task/task.h"

/* task/components.c */
extern const struct component_table task_components;

/* Each in task/components/, in the file of its name; glm.c has the linear
 * models'. */
component_run upload_run;
component_run download_run;
component_run dataio_run;
component_run intersection_run;
component_run federated_sample_run;
component_run union_run;
component_run column_expand_run;
component_run feature_scale_run;
component_run one_hot_encoder_run;
component_run hetero_feature_binning_run;
component_run hetero_feature_selection_run;
component_run hetero_lr_run;
component_run hetero_linr_run;
component_run hetero_poisson_run;
component_run local_baseline_run;
component_run scorecard_run;
component_run rsa_run;
component_run hetero_pearson_run;
component_run evaluation_run;
component_run secure_add_example_run;

#endif
