/*
 * Private to json.c: numbers that a double cannot hold. cJSON reads at most
 * 63 characters of a number and keeps a double of it.
 */
#ifndef FF_BASE_JSON_BIG_H
#define FF_BASE_JSON_BIG_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "lib/base/buf.h"

struct json_big_number {
	size_t ordinal; /* among all numbers of the text */
	size_t start, len;
};

struct json_big {
	struct json_big_number *v; /* integers from 2^53 on, in order */
	size_t n;
	struct buf text; /* for cJSON, when is_rewritten: of the same length */
	bool is_rewritten;
};

/* Looks for them in a text that need not be JSON. */
void json_big_find(const char *text, size_t len, struct json_big *out);
/* Gives the parsed tree's numbers their digits, as valuestring. */
void json_big_keep(const struct json_big *b, const char *text, cJSON *root);
void json_big_release(struct json_big *b);

#endif
