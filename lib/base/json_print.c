/*
 * The printer. cJSON's own drops digits of doubles and cannot sort keys or
 * escape non-ASCII, which FATE-Flow's answers do.
 */
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct printer {
	struct buf *out;
	const char *comma;
	const char *colon;
	bool sorted;
	bool ascii;
	bool indent;
};

static const struct printer styles[] = {
    [JSON_REPLY] = {.comma = ",", .colon = ":", .sorted = true, .ascii = true},
    [JSON_STORE] = {.comma = ", ", .colon = ": ", .ascii = true},
    [JSON_COMPACT] = {.comma = ",", .colon = ":"},
    [JSON_PRETTY] = {.comma = ",", .colon = ": ", .indent = true},
};

static void print_value(struct printer *p, const cJSON *it, int depth);

static void
print_escaped(unsigned code, struct buf *out)
{
	if (code >= 0x10000) {
		code -= 0x10000;
		buf_addf(out, "\\u%04x\\u%04x", 0xd800 + (code >> 10),
		    0xdc00 + (code & 0x3ff));
	} else {
		buf_addf(out, "\\u%04x", code);
	}
}

/* How many bytes from here on stand for themselves. */
static size_t
plain_len(const char *s, bool ascii)
{
	size_t n = 0;

	for (;; n++) {
		unsigned char c = (unsigned char)s[n];

		if (c < 0x20 || c == '"' || c == '\\' || (ascii && c >= 0x80))
			return n;
	}
}

static void
print_special(const char **s, struct buf *out)
{
	static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	const char *q = shorts;

	while (*q && *q != **s)
		q += 2;
	if (*q) {
		buf_addc(out, '\\');
		buf_addc(out, q[1]);
		(*s)++;
	} else {
		print_escaped(utf8_next(s), out);
	}
}

void
json_print_str(const char *s, bool ascii, struct buf *out)
{
	buf_addc(out, '"');
	for (;;) {
		size_t n = plain_len(s, ascii);

		buf_add(out, s, n);
		s += n;
		if (!*s)
			break;
		print_special(&s, out);
	}
	buf_addc(out, '"');
}

static void
print_number(double v, struct buf *out)
{
	char text[32];

	if (!isfinite(v)) {
		buf_adds(out, "null");
	} else if (v == floor(v) && fabs(v) < NUM_EXACT_MAX) {
		buf_addf(out, "%lld", (long long)v);
	} else {
		num_format_double(v, text);
		buf_adds(out, text);
	}
}

static void
new_line(struct printer *p, int depth)
{
	if (!p->indent)
		return;
	buf_addc(p->out, '\n');
	for (int i = 0; i < depth * 4; i++)
		buf_addc(p->out, ' ');
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(
	    (*(cJSON *const *)a)->string, (*(cJSON *const *)b)->string);
}

static void
print_member(struct printer *p, const cJSON *it, bool first, int depth)
{
	if (!first)
		buf_adds(p->out, p->comma);
	new_line(p, depth);
	if (it->string) {
		json_print_str(it->string, p->ascii, p->out);
		buf_adds(p->out, p->colon);
	}
	print_value(p, it, depth);
}

static void
print_sorted(struct printer *p, const cJSON *obj, int depth)
{
	size_t n = (size_t)cJSON_GetArraySize(obj), i = 0;
	const cJSON **list = xreallocarray(NULL, n, sizeof(cJSON *));

	for (const cJSON *it = obj->child; it; it = it->next)
		list[i++] = it;
	qsort(list, n, sizeof(cJSON *), compare_names);
	for (i = 0; i < n; i++)
		print_member(p, list[i], i == 0, depth);
	free(list);
}

static void
print_children(struct printer *p, const cJSON *parent, int depth)
{
	bool is_object = cJSON_IsObject(parent);

	buf_addc(p->out, is_object ? '{' : '[');
	if (is_object && p->sorted)
		print_sorted(p, parent, depth + 1);
	else
		for (const cJSON *it = parent->child; it; it = it->next)
			print_member(p, it, it == parent->child, depth + 1);
	if (parent->child)
		new_line(p, depth);
	buf_addc(p->out, is_object ? '}' : ']');
}

static void
print_value(struct printer *p, const cJSON *it, int depth)
{
	if (cJSON_IsObject(it) || cJSON_IsArray(it))
		print_children(p, it, depth);
	else if (cJSON_IsString(it))
		json_print_str(it->valuestring, p->ascii, p->out);
	else if (cJSON_IsRaw(it) || (cJSON_IsNumber(it) && it->valuestring))
		buf_adds(p->out, it->valuestring); /* digits that were kept */
	else if (cJSON_IsNumber(it))
		print_number(it->valuedouble, p->out);
	else if (cJSON_IsBool(it))
		buf_adds(p->out, cJSON_IsTrue(it) ? "true" : "false");
	else
		buf_adds(p->out, "null");
}

void
json_print(const cJSON *value, enum json_style style, struct buf *out)
{
	struct printer p = styles[style];

	p.out = out;
	print_value(&p, value, 0);
}
