/*
 * The strict getters. Each fault names its field, what was there, and what
 * was expected, so that one answer tells the user all that is to be mended.
 */
#include "lib/base/json.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"

#include <math.h>
#include <string.h>

void
json_in_fault(struct json_in *in, const char *fmt, ...)
{
	va_list ap;

	if (!in->faults.ptr)
		buf_init(&in->faults);
	if (in->faults.len)
		buf_adds(&in->faults, "; ");
	va_start(ap, fmt);
	buf_vaddf(&in->faults, fmt, ap);
	va_end(ap);
}

static const char *
type_name(const cJSON *it)
{
	if (cJSON_IsString(it))
		return "a string";
	if (cJSON_IsNumber(it))
		return "a number";
	if (cJSON_IsBool(it))
		return "a boolean";
	if (cJSON_IsArray(it))
		return "an array";
	return cJSON_IsObject(it) ? "an object" : "null";
}

/* The item, or NULL with a fault added when it is required. */
static const cJSON *
find(struct json_in *in, const char *key, enum json_need need)
{
	const cJSON *it;

	if (!cJSON_IsObject(in->obj)) {
		if (!in->faults.len)
			json_in_fault(in, "the request body must be a JSON "
					  "object");
		return NULL;
	}
	it = json_get(in->obj, key);
	if (it && !cJSON_IsNull(it))
		return it;
	if (need == JSON_REQUIRED)
		json_in_fault(in, "field '%s' is required", key);
	return NULL;
}

const char *
json_in_str(
    struct json_in *in, const char *key, enum json_need need, size_t max_len)
{
	const cJSON *it = find(in, key, need);

	if (!it)
		return NULL;
	if (!cJSON_IsString(it)) {
		json_in_fault(in, "field '%s' is %s, expected a string", key,
		    type_name(it));
		return NULL;
	}
	if (strlen(it->valuestring) > max_len) {
		json_in_fault(in,
		    "field '%s' has %zu bytes, expected at most %zu", key,
		    strlen(it->valuestring), max_len);
		return NULL;
	}
	if (need == JSON_REQUIRED && !*it->valuestring) {
		json_in_fault(in, "field '%s' is empty", key);
		return NULL;
	}
	return it->valuestring;
}

int64_t
json_in_int(struct json_in *in, const char *key, enum json_need need,
    int64_t min, int64_t max, int64_t fallback)
{
	const cJSON *it = find(in, key, need);
	int64_t v;

	if (!it)
		return fallback;
	if (cJSON_IsNumber(it) && it->valuedouble == floor(it->valuedouble) &&
	    it->valuedouble >= (double)min && it->valuedouble <= (double)max)
		return (int64_t)it->valuedouble;
	if (cJSON_IsString(it) &&
	    !num_parse_int(it->valuestring, key, min, max, &v, NULL))
		return v;
	if (cJSON_IsNumber(it))
		json_in_fault(in,
		    "field '%s' is %.17g, expected an integer %lld..%lld", key,
		    it->valuedouble, (long long)min, (long long)max);
	else
		json_in_fault(in,
		    "field '%s' is %s '%.64s', expected an integer %lld..%lld",
		    key, type_name(it),
		    cJSON_IsString(it) ? it->valuestring : "", (long long)min,
		    (long long)max);
	return fallback;
}

bool
json_in_bool(
    struct json_in *in, const char *key, enum json_need need, bool fallback)
{
	const cJSON *it = find(in, key, need);

	if (!it)
		return fallback;
	if (cJSON_IsBool(it))
		return cJSON_IsTrue(it);
	if (cJSON_IsNumber(it))
		return it->valuedouble != 0;
	json_in_fault(
	    in, "field '%s' is %s, expected a boolean", key, type_name(it));
	return fallback;
}

static const cJSON *
find_typed(struct json_in *in, const char *key, enum json_need need,
    cJSON_bool (*is)(const cJSON *), const char *expected)
{
	const cJSON *it = find(in, key, need);

	if (!it || is(it))
		return it;
	json_in_fault(
	    in, "field '%s' is %s, expected %s", key, type_name(it), expected);
	return NULL;
}

const cJSON *
json_in_object(struct json_in *in, const char *key, enum json_need need)
{
	return find_typed(in, key, need, cJSON_IsObject, "an object");
}

const cJSON *
json_in_array(struct json_in *in, const char *key, enum json_need need)
{
	return find_typed(in, key, need, cJSON_IsArray, "an array");
}

enum err
json_in_done(struct json_in *in, struct buf *err)
{
	enum err rc = ERR_OK;

	if (in->faults.ptr && in->faults.len)
		rc = err_set(err, ERR_INVALID, "%s", in->faults.ptr);
	if (in->faults.ptr)
		buf_release(&in->faults);
	return rc;
}
