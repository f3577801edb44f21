/* The components that are built in, one row each. */
#include "lib/base/mem.h"
#include "task/task.h"

static const struct component components[] = {
    {"Upload", upload_run, true},
    {"Download", download_run, false},
    {"DataIO", dataio_run, true},
    {"Intersection", intersection_run, true},
    {"FederatedSample", federated_sample_run, true},
    {"Union", union_run, true},
    {"ColumnExpand", column_expand_run, true},
    {"FeatureScale", feature_scale_run, true},
    {"OneHotEncoder", one_hot_encoder_run, true},
    {"HeteroFeatureBinning", hetero_feature_binning_run, true},
    {"HeteroFeatureSelection", hetero_feature_selection_run, true},
    {"HeteroLR", hetero_lr_run, true},
    {"HeteroLinR", hetero_linr_run, true},
    {"HeteroPoisson", hetero_poisson_run, true},
    {"LocalBaseline", local_baseline_run, true},
    {"Scorecard", scorecard_run, true},
    {"Rsa", rsa_run, true},
    {"HeteroPearson", hetero_pearson_run, true},
    {"Evaluation", evaluation_run, true},
    {"SecureAddExample", secure_add_example_run, true},
};

const struct component_table task_components = {
    components, ARRAY_LEN(components)};
