/* Files that are compiled in (cmake/FateflowEmbed.cmake). */
#ifndef FF_BASE_EMBED_H
#define FF_BASE_EMBED_H

#include <stddef.h>

struct embed_file {
	const char *name; /* without its folder; NULL ends a table */
	const char *text; /* NUL-ended */
	size_t len;
};

#endif
