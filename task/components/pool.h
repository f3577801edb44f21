/*
 * Memory of one message in the making: protobuf-c wants arrays of pointers to
 * entries, and all of them end together.
 */
#ifndef FF_TASK_COMPONENTS_POOL_H
#define FF_TASK_COMPONENTS_POOL_H

#include <stddef.h>

struct pool {
	void **blocks;
	size_t n;
};

/* Zeroed room for n things, and one more. */
void *pool_new(struct pool *p, size_t n, size_t size);
void pool_release(struct pool *p);

#endif
