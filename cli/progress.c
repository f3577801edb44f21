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
print_line(struct progress *p, int64_t done, int64_t total, int64_t now_ms)
{
	double seconds = (double)(now_ms - p->start_ms) / 1000;
	char a[TEXT_LEN], b[TEXT_LEN];

	if (total > 0)
		progress_bar("", p->percent);
	else
		fputs("\r\033[K", stderr);
	fprintf(stderr, " %s %s", p->verb, size_text((double)done, a));
	if (total > 0)
		fprintf(stderr, " of %s", size_text((double)total, b));
	if (seconds >= 1)
		fprintf(stderr, ", %s/s",
		    size_text((double)(done - p->first) / seconds, b));
	p->is_open = true;
}

bool
progress_show(int64_t done, int64_t total, void *arg)
{
	struct progress *p = arg;
	int64_t now_ms = clock_mono_ms();
	int percent;

	if (interrupt_seen())
		return false;
	done += p->base;
	total = p->whole ? p->whole : total;
	percent = total > 0 ? (int)(done * 100 / total) : 0;
	if (!p->is_shown || done <= 0)
		return true;
	if (!p->start_ms) {
		p->start_ms = now_ms;
		p->first = p->base;
		p->percent = -1;
	}
	if ((percent == 100 && p->percent != 100) ||
	    now_ms - p->shown_ms >= PAUSE_MS) {
		p->percent = percent;
		p->shown_ms = now_ms;
		print_line(p, done, total, now_ms);
	}
	return true;
}

void
progress_end(struct progress *p)
{
	if (p->is_open)
		fputc('\n', stderr);
	p->is_open = false;
}
