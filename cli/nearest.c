/*
 * Edits between two words by the usual table, of which three rows are kept:
 * the third for two letters that were swapped.
 */
#include "cli/nearest.h"

#define WORD_MAX 48

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned
edits(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *older = rows[0], *old = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		old[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *spare = older;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = least(old[j], row[j - 1]) + 1;
			row[j] =
			    least(row[j], old[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], older[j - 2] + 1);
		}
		older = old;
		old = row;
		row = spare;
	}
	return old[b_len];
}

void
nearest_try(struct nearest *n, const char *name)
{
	size_t len = strlen(n->word), name_len = strlen(name);
	unsigned distance;

	if (!len || len > WORD_MAX || name_len > WORD_MAX)
		return;
	distance = strncmp(n->word, name, len)
		       ? edits(n->word, len, name, name_len)
		       : 1;
	if (distance > (len + 2) / 3 || (n->best && distance >= n->distance))
		return;
	n->best = name;
	n->distance = distance;
}

void
nearest_tell(const struct nearest *n, struct buf *out)
{
	if (n->best)
		buf_addf(out, " (did you mean '%s'?)", n->best);
}
