/* What a misspelled word was perhaps meant to be. */
#ifndef FF_CLI_NEAREST_H
#define FF_CLI_NEAREST_H

#include "lib/base/buf.h"

/* Starts with the word alone; `best` is one of the names tried, or NULL. */
struct nearest {
	const char *word;
	const char *best;
	unsigned distance;
};

/*
 * Looks at one more name. Near is a third of the word changed at most (a
 * letter changed, added, left out, or two swapped), or a name that the word
 * begins.
 */
void nearest_try(struct nearest *n, const char *name);

/* Appends " (did you mean 'x'?)" when something is near. */
void nearest_tell(const struct nearest *n, struct buf *out);

#endif
