/* One line on stderr that shows how far something has come. */
#ifndef FF_CLI_PROGRESS_H
#define FF_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* "\r[####....]  42%": begins the line anew, with `head` before the bar. */
void progress_bar(const char *head, int percent);

/* A transfer, or one that goes in parts. */
struct progress {
	bool is_shown;
	const char *verb; /* "uploaded" */
	int64_t base;	  /* bytes of earlier parts */
	int64_t whole;	  /* bytes in all; 0: as the transfer says */
	int64_t first;	  /* bytes that were there at the start */
	int64_t start_ms; /* monotonic; 0: not begun */
	int64_t shown_ms; /* of the last line */
	int64_t done;	  /* last told, and of what */
	int64_t total;
	bool is_open;  /* a line without its end is on the screen */
	bool is_stale; /* it shows less than was told */
};

/*
 * Fits http_progress; arg is a struct progress. False when an interrupt was
 * seen, so that the transfer ends.
 */
bool progress_show(int64_t done, int64_t total, void *arg);

/* Ends the line, if there is one. */
void progress_end(struct progress *p);

#endif
