/*
 * JSON through cJSON, with what cJSON leaves open settled:
 *
 * reading: size and depth are limited, trailing text, invalid UTF-8 and
 * escaped NULs are refused, of equal keys the last one stands (as in Python);
 * an integer from 2^53 on is a number whose valuestring has its digits, which
 * printing and cJSON_Duplicate() keep (valuedouble has what a double can);
 * printing: one function, four styles, numbers by num_format_double();
 * access: typed getters that name the field and what was expected.
 */
#ifndef FF_BASE_JSON_H
#define FF_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "lib/base/buf.h"

#define JSON_DEPTH_MAX 64
#define JSON_SIZE_MAX  ((size_t)64 << 20)

/* Makes cJSON allocate through mem.h; every main() calls it first. */
void json_init(void);

/*
 * Parses exactly one JSON value out of text[0..len). On success *out is a tree
 * that the caller ends with cJSON_Delete(). `what` names the text in messages
 * ("request body", "job_dsl.json").
 */
enum err json_parse(const char *text, size_t len, const char *what, cJSON **out,
    struct buf *err);

/* Reads and parses a file; ERR_NOTFOUND when there is none. */
enum err json_read_file(const char *path, cJSON **out, struct buf *err);

enum json_style {
	JSON_REPLY,   /* {"a":1}: keys sorted, non-ASCII as \uXXXX */
	JSON_STORE,   /* {"a": 1}: order kept, non-ASCII as \uXXXX */
	JSON_COMPACT, /* {"a":1}: order kept, UTF-8 kept */
	JSON_PRETTY,  /* indented by 4: order kept, UTF-8 kept */
};

/* Appends the value; no newline after it. */
void json_print(const cJSON *value, enum json_style style, struct buf *out);

/* Appends a quoted JSON string. */
void json_print_str(const char *s, bool ascii, struct buf *out);

/* A new number item that prints as a float ("5.0"), NaN as null. */
cJSON *json_new_double(double v);

/* Adds a string, or null for NULL (cJSON would drop the key silently). */
void json_add_str(cJSON *obj, const char *key, const char *value);
void json_add_int(cJSON *obj, const char *key, int64_t value);
void json_add_double(cJSON *obj, const char *key, double value);
void json_add_bool(cJSON *obj, const char *key, bool value);
/* Adds `item`, whose ownership passes to obj. */
void json_add(cJSON *obj, const char *key, cJSON *item);
/* Adds JSON text as it is; NULL or "" adds null. The text must be valid. */
void json_add_raw(cJSON *obj, const char *key, const char *json);

/* The member of that key, made by `make` and added when there is none. */
cJSON *json_child(cJSON *obj, const char *key, cJSON *(*make)(void));

/* Lenient look-ups for trees of our own making: NULL or the fallback. */
const cJSON *json_get(const cJSON *obj, const char *key);
const char *json_str(const cJSON *obj, const char *key, const char *fallback);
int64_t json_int(const cJSON *obj, const char *key, int64_t fallback);
double json_double(const cJSON *obj, const char *key, double fallback);
/*
 * Appends the decimal digits of an integer of any size, with its sign: of a
 * number, or of a text that holds one. False for anything else.
 */
bool json_integer_text(const cJSON *it, struct buf *out);
/* JSON booleans; numbers count as != 0. */
bool json_bool(const cJSON *obj, const char *key, bool fallback);

/*
 * Strict getters for input from outside. All faults of one request are
 * collected, "; " between them, and asked for once:
 *
 *	struct json_in in = {.obj = body};
 *	const char *id = json_in_str(&in, "job_id", JSON_REQUIRED, 25);
 *	...
 *	rc = json_in_done(&in, err);	// releases in.faults
 *
 * An absent or null optional field gives NULL or the fallback.
 */
enum json_need { JSON_OPTIONAL, JSON_REQUIRED };

struct json_in {
	const cJSON *obj;  /* the object; anything else is a fault of its own */
	struct buf faults; /* zero-initialised is fine */
};

const char *json_in_str(
    struct json_in *in, const char *key, enum json_need need, size_t max_len);
/* An integer, or a string that holds one: FATE's clients send both. */
int64_t json_in_int(struct json_in *in, const char *key, enum json_need need,
    int64_t min, int64_t max, int64_t fallback);
bool json_in_bool(
    struct json_in *in, const char *key, enum json_need need, bool fallback);
const cJSON *
json_in_object(struct json_in *in, const char *key, enum json_need need);
const cJSON *
json_in_array(struct json_in *in, const char *key, enum json_need need);
/* Adds a fault of the caller's own. */
void json_in_fault(struct json_in *in, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
enum err json_in_done(struct json_in *in, struct buf *err);

#endif
