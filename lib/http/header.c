#include "lib/http/header.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const char *
header_value(const char *line, size_t *len, const char *name)
{
	size_t k = strlen(name);

	if (*len <= k || strncasecmp(line, name, k) != 0 || line[k] != ':')
		return NULL;
	line += k + 1;
	*len -= k + 1;
	while (*len && isspace((unsigned char)*line)) {
		line++;
		--*len;
	}
	while (*len && isspace((unsigned char)line[*len - 1]))
		--*len;
	return line;
}
