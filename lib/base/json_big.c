/*
 * Numbers are met in the same order in the text and in the tree that cJSON
 * makes of it, so the n-th of one is the n-th of the other. What is too long
 * for cJSON is written over by a short form of the same double, and blanks up
 * to its end, so that positions in messages stay right.
 */
#include "lib/base/json_big.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_CHARS "+-.0123456789eE"
#define DIGITS	     "0123456789"

#define CJSON_READS 63
#define EXACT_LEN   15 /* as few digits are below 2^53 */

/* strspn() within len. */
static size_t
span(const char *text, size_t len, const char *chars)
{
	size_t n = 0;

	while (n < len && text[n] && strchr(chars, text[n]))
		n++;
	return n;
}

static bool
is_start(char c)
{
	return c == '-' || (c >= '0' && c <= '9');
}

/* False when it is no number from end to end: cJSON will say so. */
static bool
read_number(const char *text, size_t len, double *out)
{
	char *copy = xstrndup(text, len), *end;
	bool is_whole;

	*out = strtod(copy, &end);
	is_whole = *end == '\0';
	free(copy);
	return is_whole;
}

/* JSON's form of one: no zero in front, nothing behind. */
static bool
is_integer(const char *text, size_t len)
{
	size_t sign = len > 1 && text[0] == '-';

	return text[sign] != '0' &&
	       span(text + sign, len - sign, DIGITS) == len - sign;
}

static void
note(struct json_big *b, size_t ordinal, size_t start, size_t len)
{
	b->v = xreallocarray(b->v, b->n + 1, sizeof(*b->v));
	b->v[b->n++] = (struct json_big_number){ordinal, start, len};
}

static void
shorten(struct json_big *b, const char *text, size_t len, size_t start,
    size_t number_len, double v)
{
	char form[32];
	int n;

	if (!b->is_rewritten)
		buf_add(&b->text, text, len);
	b->is_rewritten = true;
	n = snprintf(form, sizeof(form), "%.17g", v);
	if (isinf(v))
		n = snprintf(
		    form, sizeof(form), "%s", v < 0 ? "-1e999" : "1e999");
	memset(b->text.ptr + start, ' ', number_len);
	memcpy(b->text.ptr + start, form, (size_t)n);
}

static void
look(struct json_big *b, const char *text, size_t len, size_t start,
    size_t number_len, size_t ordinal)
{
	double v;

	if (number_len <= EXACT_LEN ||
	    !read_number(text + start, number_len, &v))
		return;
	if (fabs(v) >= NUM_EXACT_MAX && is_integer(text + start, number_len))
		note(b, ordinal, start, number_len);
	if (number_len > CJSON_READS)
		shorten(b, text, len, start, number_len, v);
}

/* Behind the string whose quote is at i. */
static size_t
skip_string(const char *text, size_t len, size_t i)
{
	for (i++; i < len && text[i] != '"'; i++)
		i += text[i] == '\\';
	return i + 1;
}

void
json_big_find(const char *text, size_t len, struct json_big *out)
{
	size_t i = 0, ordinal = 0;

	*out = (struct json_big){.text = BUF_INIT};
	while (i < len) {
		size_t n;

		if (text[i] == '"') {
			i = skip_string(text, len, i);
		} else if (is_start(text[i])) {
			n = span(text + i, len - i, NUMBER_CHARS);
			look(out, text, len, i, n, ordinal++);
			i += n;
		} else {
			i++;
		}
	}
}

static void
keep(const struct json_big *b, const char *text, cJSON *it, size_t *ordinal,
    size_t *next)
{
	for (; it && *next < b->n; it = it->next) {
		const struct json_big_number *big = &b->v[*next];

		if (it->child) {
			keep(b, text, it->child, ordinal, next);
		} else if (cJSON_IsNumber(it) && (*ordinal)++ == big->ordinal) {
			it->valuestring = xstrndup(text + big->start, big->len);
			(*next)++;
		}
	}
}

void
json_big_keep(const struct json_big *b, const char *text, cJSON *root)
{
	size_t ordinal = 0, next = 0;

	keep(b, text, root, &ordinal, &next);
}

void
json_big_release(struct json_big *b)
{
	free(b->v);
	buf_release(&b->text);
}
