#include "task/components/transfer.h"

#include <stdio.h>

void
transfer_metric(
    struct task *t, const char *what, const char *metric_type, int64_t count)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)count);
	task_metric(t, what, "data_access", "\"count\"", text);
	task_metric_meta(t, what, "data_access", what, metric_type, NULL);
}
