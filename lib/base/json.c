/*
 * Parsing and tree access. cJSON_ParseWithLengthOpts() would accept trailing
 * text after the value unless told otherwise and cuts strings at an escaped
 * NUL, so the text is examined before and after. Equal keys are thinned out
 * once, after the parse, by sorting each object's keys.
 */
#include "lib/base/json.h"
#include "lib/base/json_big.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Integers below it are exact in a double. */
#define JSON_EXACT_MAX (INT64_C(1) << 53)
#define DIGITS	       "0123456789"

void
json_init(void)
{
	cJSON_Hooks hooks = {.malloc_fn = xmalloc, .free_fn = free};

	cJSON_InitHooks(&hooks);
}

/* Depth and escaped NULs, on the text, so that cJSON never recurses deep. */
static enum err
examine(const char *text, size_t len, const char *what, struct buf *err)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '\0')
			return err_set(
			    err, ERR_INVALID, "%s holds a NUL byte", what);
		if (in_string && c == '\\') {
			if (len - i > 5 && !memcmp(text + i, "\\u0000", 6))
				return err_set(err, ERR_INVALID,
				    "%s holds an escaped NUL", what);
			i++;
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string && (c == '{' || c == '[')) {
			if (++depth > JSON_DEPTH_MAX)
				return err_set(err, ERR_INVALID,
				    "%s is nested deeper than %d levels", what,
				    JSON_DEPTH_MAX);
		} else if (!in_string && (c == '}' || c == ']')) {
			depth--;
		}
	}
	return ERR_OK;
}

struct keyed {
	cJSON *item;
	size_t position;
};

static int
compare_keyed(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int order = strcmp(x->item->string, y->item->string);

	if (order)
		return order;
	return x->position < y->position ? -1 : 1;
}

static void
drop_shadowed(cJSON *obj)
{
	size_t n = (size_t)cJSON_GetArraySize(obj), i = 0;
	struct keyed *list;

	if (n < 2)
		return;
	list = xreallocarray(NULL, n, sizeof(*list));
	for (cJSON *it = obj->child; it; it = it->next, i++)
		list[i] = (struct keyed){it, i};
	qsort(list, n, sizeof(*list), compare_keyed);
	for (i = 0; i + 1 < n; i++)
		if (!strcmp(list[i].item->string, list[i + 1].item->string))
			cJSON_Delete(
			    cJSON_DetachItemViaPointer(obj, list[i].item));
	free(list);
}

static void
thin_out(cJSON *value)
{
	if (cJSON_IsObject(value))
		drop_shadowed(value);
	for (cJSON *it = value->child; it; it = it->next)
		if (it->child)
			thin_out(it);
}

/* Of a text that was examined. */
static enum err
parse(const char *text, size_t len, const char *what, cJSON **out,
    struct buf *err)
{
	const char *end = NULL;
	cJSON *value = cJSON_ParseWithLengthOpts(text, len, &end, 0);

	if (!value)
		return err_set(err, ERR_INVALID,
		    "%s is not valid JSON (near byte %zu)", what,
		    end ? (size_t)(end - text) : 0);
	while (end < text + len && strchr(" \t\r\n", *end))
		end++;
	if (end != text + len) {
		cJSON_Delete(value);
		return err_set(err, ERR_INVALID,
		    "%s has text after its JSON value (byte %zu)", what,
		    (size_t)(end - text));
	}
	*out = value;
	return ERR_OK;
}

enum err
json_parse(const char *text, size_t len, const char *what, cJSON **out,
    struct buf *err)
{
	struct json_big big;
	cJSON *value = NULL;
	enum err rc;

	if (len > JSON_SIZE_MAX)
		return err_set(
		    err, ERR_INVALID, "%s is larger than 64 MiB", what);
	if (!utf8_is_valid(text, len))
		return err_set(err, ERR_INVALID, "%s is not UTF-8", what);
	rc = examine(text, len, what, err);
	if (rc)
		return rc;
	json_big_find(text, len, &big);
	rc = parse(
	    big.is_rewritten ? big.text.ptr : text, len, what, &value, err);
	if (!rc) {
		json_big_keep(&big, text, value);
		thin_out(value);
		*out = value;
	}
	json_big_release(&big);
	return rc;
}

enum err
json_read_file(const char *path, cJSON **out, struct buf *err)
{
	struct buf text = BUF_INIT;
	enum err rc = path_read_file(path, JSON_SIZE_MAX, &text, err);

	if (!rc)
		rc = json_parse(text.ptr, text.len, path, out, err);
	buf_release(&text);
	return rc;
}

cJSON *
json_new_double(double v)
{
	char text[32];

	if (!isfinite(v))
		return cJSON_CreateNull();
	num_format_double(v, text);
	return cJSON_CreateRaw(text);
}

void
json_add(cJSON *obj, const char *key, cJSON *item)
{
	cJSON_AddItemToObject(obj, key, item);
}

void
json_add_str(cJSON *obj, const char *key, const char *value)
{
	json_add(
	    obj, key, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void
json_add_int(cJSON *obj, const char *key, int64_t value)
{
	char text[24];

	if (value > -JSON_EXACT_MAX && value < JSON_EXACT_MAX) {
		json_add(obj, key, cJSON_CreateNumber((double)value));
		return;
	}
	snprintf(text, sizeof(text), "%lld", (long long)value);
	json_add(obj, key, cJSON_CreateRaw(text));
}

void
json_add_double(cJSON *obj, const char *key, double value)
{
	json_add(obj, key, json_new_double(value));
}

void
json_add_bool(cJSON *obj, const char *key, bool value)
{
	json_add(obj, key, cJSON_CreateBool(value));
}

void
json_add_raw(cJSON *obj, const char *key, const char *json)
{
	json_add(obj, key,
	    json && *json ? cJSON_CreateRaw(json) : cJSON_CreateNull());
}

cJSON *
json_child(cJSON *obj, const char *key, cJSON *(*make)(void))
{
	cJSON *it = cJSON_GetObjectItemCaseSensitive(obj, key);

	if (!it) {
		it = make();
		json_add(obj, key, it);
	}
	return it;
}

const cJSON *
json_get(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}

const char *
json_str(const cJSON *obj, const char *key, const char *fallback)
{
	const cJSON *it = json_get(obj, key);

	return cJSON_IsString(it) ? it->valuestring : fallback;
}

double
json_double(const cJSON *obj, const char *key, double fallback)
{
	const cJSON *it = json_get(obj, key);

	return cJSON_IsNumber(it) ? it->valuedouble : fallback;
}

int64_t
json_int(const cJSON *obj, const char *key, int64_t fallback)
{
	double v = json_double(obj, key, (double)fallback);

	return fabs(v) < 9e15 ? (int64_t)v : fallback;
}

bool
json_integer_text(const cJSON *it, struct buf *out)
{
	const char *text = it ? it->valuestring : NULL;
	char digits[32];

	if (cJSON_IsNumber(it) && !text) {
		if (it->valuedouble != floor(it->valuedouble) ||
		    fabs(it->valuedouble) >= NUM_EXACT_MAX)
			return false; /* a float's digits are not known */
		snprintf(digits, sizeof(digits), "%.0f", it->valuedouble);
		text = digits;
	} else if (!cJSON_IsNumber(it) && !cJSON_IsString(it)) {
		return false;
	}
	if (!text[text[0] == '-'] ||
	    text[(text[0] == '-') + strspn(text + (text[0] == '-'), DIGITS)])
		return false;
	buf_adds(out, text);
	return true;
}

bool
json_bool(const cJSON *obj, const char *key, bool fallback)
{
	const cJSON *it = json_get(obj, key);

	if (cJSON_IsBool(it))
		return cJSON_IsTrue(it);
	return cJSON_IsNumber(it) ? it->valuedouble != 0 : fallback;
}
