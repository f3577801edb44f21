/* Each event is a line with its time; tasks of several parties overlap, so
 * the lines are sorted before they are put together. */
#include "fcgi-app/job_events.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#include <stdlib.h>

struct event {
	int64_t time;
	size_t index; /* events of one time keep their order */
	char *line;
};

struct events {
	struct event *v;
	size_t n;
};

static void add(struct events *l, int64_t time, enum log_level level,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
add(struct events *l, int64_t time, enum log_level level, const char *fmt, ...)
{
	struct buf line = BUF_INIT;
	va_list ap;
	size_t head;

	if (!time)
		return;
	log_add_head(level, (struct log_place){"scheduler", 0}, 0, time, &line);
	head = line.len;
	va_start(ap, fmt);
	buf_vaddf(&line, fmt, ap);
	va_end(ap);
	for (size_t i = head; i < line.len; i++)
		if ((unsigned char)line.ptr[i] < ' ')
			line.ptr[i] = '|';
	buf_addc(&line, '\n');
	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n] = (struct event){time, l->n, buf_detach(&line)};
	l->n++;
}

static int
compare(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void
print(struct events *l, struct buf *out)
{
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), compare);
	for (size_t i = 0; i < l->n; i++) {
		buf_adds(out, l->v[i].line);
		free(l->v[i].line);
	}
	free(l->v);
	l->v = NULL;
	l->n = 0;
}

static enum log_level
level_of(const char *status)
{
	return strcmp(status, "success") ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO;
}

static void
add_task(struct events *l, const struct task_query_place *t)
{
	add(l, t->start_time, LOG_LEVEL_INFO, "start task %s of %s %s",
	    t->task_id, t->role, t->party_id);
	add(l, t->end_time, level_of(t->status),
	    "task %s of %s %s (pid %lld): %s%s%s", t->task_id, t->role,
	    t->party_id, (long long)t->pid, t->status, t->reason ? ": " : "",
	    t->reason ? t->reason : "");
}

void
job_events_print(const struct job_history *h,
    const struct task_query_places *tasks, struct buf *schedule,
    struct buf *audit)
{
	struct events l = {NULL, 0};

	add(&l, h->create_time, LOG_LEVEL_INFO,
	    "submit %s job, %lld components, initiator %s %s", h->kind,
	    (long long)h->n_components, h->initiator_role,
	    h->initiator_party_id);
	if (h->stop_by)
		add(&l, h->stop_time ? h->stop_time : h->create_time,
		    LOG_LEVEL_INFO, "stop (%s) asked for by %s%s%s",
		    h->stop_requested == 2 ? "kill" : "cancel", h->stop_by,
		    h->stop_reason ? ": " : "",
		    h->stop_reason ? h->stop_reason : "");
	print(&l, audit);
	add(&l, h->create_time, LOG_LEVEL_INFO, "submit job, status waiting");
	add(&l, h->start_time, LOG_LEVEL_INFO, "start job, status running");
	for (size_t i = 0; i < tasks->n; i++)
		add_task(&l, &tasks->v[i]);
	add(&l, h->end_time, level_of(h->status), "end of job, status %s%s%s",
	    h->status, h->reason ? ": " : "", h->reason ? h->reason : "");
	print(&l, schedule);
}
