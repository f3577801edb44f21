/*
 * Allocation that does not fail: on exhaustion these log and exit with 71,
 * because whoever started the process restarts it and the database holds the
 * truth. Sizes that come from outside are limited before they get here.
 */
#ifndef FF_BASE_MEM_H
#define FF_BASE_MEM_H

#include <stddef.h>

#define EXIT_NOMEM 71

/* What the others do when there is no more; for a library's own allocations. */
_Noreturn void mem_exhausted(void);

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
/* An array of n elements of `size` bytes; checks the product. */
void *xreallocarray(void *ptr, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);

/* strdup that passes NULL through. */
char *xstrdup_null(const char *s);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
