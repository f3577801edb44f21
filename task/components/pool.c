/* A list of blocks. */
#include "task/components/pool.h"
#include "lib/base/mem.h"

#include <stdlib.h>

void *
pool_new(struct pool *p, size_t n, size_t size)
{
	p->blocks = xreallocarray(p->blocks, p->n + 1, sizeof(*p->blocks));
	return p->blocks[p->n++] = xcalloc(n + 1, size);
}

void
pool_release(struct pool *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->blocks[i]);
	free(p->blocks);
	*p = (struct pool){0};
}
