#include "cli/progress.h"
#include "cli/interrupt.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"

#include <stdio.h>

#define BAR_WIDTH 30
#define PAUSE_MS  200
#define TEXT_LEN  32

void
progress_bar(const char *head, int percent)
{
	int full = percent * BAR_WIDTH / 100;

	fprintf(stderr, "\r\033[K%s[", head);
	for (int i = 0; i < BAR_WIDTH; i++)
		fputc(i < full ? '#' : '.', stderr);
	fprintf(stderr, "] %3d%%", percent);
}

static const char *
size_text(double bytes, char out[TEXT_LEN])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	size_t i = 0;

	for (; bytes >= 1000 && i + 1 < ARRAY_LEN(units); i++)
		bytes /= 1000;
	snprintf(out, TEXT_LEN, i ? "%.1f %s" : "%.0f %s", bytes, units[i]);
	return out;
}

static void
print_line(struct progress *p)
{
	double seconds;
	char a[TEXT_LEN], b[TEXT_LEN];

	p->shown_ms = clock_mono_ms();
	p->is_open = true;
	p->is_stale = false;
	seconds = (double)(p->shown_ms - p->start_ms) / 1000;
	if (p->total > 0)
		progress_bar("", (int)(p->done * 100 / p->total));
	else
		fputs("\r\033[K", stderr);
	fprintf(stderr, " %s %s", p->verb, size_text((double)p->done, a));
	if (p->total > 0)
		fprintf(stderr, " of %s", size_text((double)p->total, b));
	if (seconds >= 1)
		fprintf(stderr, ", %s/s",
		    size_text((double)(p->done - p->first) / seconds, b));
}

bool
progress_show(int64_t done, int64_t total, void *arg)
{
	struct progress *p = arg;

	if (interrupt_seen())
		return false;
	done += p->base;
	if (!p->is_shown || done <= 0)
		return true;
	if (!p->start_ms) {
		p->start_ms = clock_mono_ms();
		p->first = p->base;
	}
	p->is_stale |= done != p->done;
	p->done = done;
	p->total = p->whole ? p->whole : total;
	if (p->is_stale && clock_mono_ms() - p->shown_ms >= PAUSE_MS)
		print_line(p);
	return true;
}

void
progress_end(struct progress *p)
{
	if (p->is_stale)
		print_line(p);
	if (p->is_open)
		fputc('\n', stderr);
	p->is_open = false;
}
