/*
 * The components of fateflow-task: what each sees of the world is
 * lib/task/task.h's.
 */
#ifndef FF_TASK_TASK_H
#define FF_TASK_TASK_H

#include "lib/task/task.h"

/* task/components.c */
extern const struct component_table task_components;

component_run upload_run;	/* task/components/upload.c */
component_run download_run;	/* task/components/download.c */
component_run dataio_run;	/* task/components/dataio.c */
component_run intersection_run; /* task/components/intersection.c */
component_run hetero_lr_run;	/* task/components/hetero_lr.c */
component_run evaluation_run;	/* task/components/evaluation.c */
component_run secure_add_example_run;
component_run hetero_feature_selection_run;
component_run local_baseline_run;
component_run scorecard_run;
component_run union_run;
component_run federated_sample_run;
component_run column_expand_run;
component_run one_hot_encoder_run;
component_run feature_scale_run;

#endif
