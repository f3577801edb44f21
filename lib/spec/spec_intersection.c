/* Intersection: the ids that all parties share. */
#include "lib/spec/rows.h"

#include <strings.h>

static const char *const methods[] = {"rsa", "raw", NULL};
static const char *const sides[] = {"guest", "host", NULL};
static const char *const guest_only[] = {"guest", NULL};
static const char *const encodings[] = {
    "none", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", NULL};
static const char *const id_types[] = {"phone", "imei", NULL};
static const char *const cache_digests[] = {"md5", "sha256", NULL};

/* The host that computes must be told the keys by a guest that knows them. */
static const char *
check_together(const cJSON *params)
{
	if (json_bool(params, "repeated_id_process", false) &&
	    !json_bool(params, "sync_intersect_ids", true) &&
	    !strcasecmp(json_str(params, "intersect_method", "rsa"), "raw") &&
	    !strcasecmp(json_str(params, "join_role", "guest"), "host"))
		return "repeated_id_process with join_role \"host\" needs "
		       "sync_intersect_ids, since the keys of the result are "
		       "the guest's";
	if (json_bool(params, "repeated_id_process", false) &&
	    json_bool(
		json_get(params, "intersect_cache_param"), "use_cache", false))
		return "repeated_id_process and "
		       "intersect_cache_param.use_cache are both true, which "
		       "do not go together";
	return NULL;
}

static const struct spec_param params[] = {
    {.name = "intersect_method",
	.type = SPEC_STRING,
	.flags = SPEC_SAME | SPEC_IGNORE_CASE,
	.fallback = "\"rsa\"",
	.choices = methods,
	.meaning = "rsa: blinded ids, neither side sees the other's; raw: "
		   "the ids themselves, or their digests, are sent."},
    {.name = "random_bit",
	.type = SPEC_INT,
	.fallback = "128",
	.min = 1,
	.max = 1024,
	.meaning = "Accepted, unused: an id is blinded by a number as long "
		   "as the modulus, since a short one could be found."},
    {.name = "sync_intersect_ids",
	.type = SPEC_BOOL,
	.flags = SPEC_SAME,
	.fallback = "true",
	.meaning = "Whether the host learns the result."},
    {.name = "join_role",
	.type = SPEC_STRING,
	.flags = SPEC_SAME | SPEC_IGNORE_CASE,
	.fallback = "\"guest\"",
	.choices = sides,
	.meaning = "Which side computes a raw intersection."},
    {.name = "with_encode",
	.type = SPEC_BOOL,
	.flags = SPEC_SAME,
	.fallback = "false",
	.meaning = "Whether raw ids are hashed before they are sent."},
    {.name = "encode_params.encode_method",
	.type = SPEC_STRING,
	.flags = SPEC_SAME,
	.fallback = "\"none\"",
	.choices = encodings,
	.meaning = "The digest of id and salt."},
    {.name = "encode_params.salt",
	.type = SPEC_STRING,
	.flags = SPEC_SAME,
	.fallback = "\"\"",
	.meaning = "A text added to every id before it is hashed."},
    {.name = "encode_params.base64",
	.type = SPEC_BOOL,
	.flags = SPEC_SAME,
	.fallback = "false",
	.meaning = "Whether digests are sent as base64 instead of hex."},
    {.name = "only_output_key",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Whether the output holds ids alone."},
    {.name = "intersect_cache_param.use_cache",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Method rsa: whether a host keeps its signed ids and "
		   "their key, and uses them when it meets the same guest "
		   "with the same ids again, if its site lets it "
		   "(`federation.keep_signed_ids`); the guest's has no "
		   "effect."},
    {.name = "intersect_cache_param.id_type",
	.type = SPEC_STRING,
	.fallback = "\"phone\"",
	.choices = id_types,
	.meaning = "The kind of id; another one is kept apart."},
    {.name = "intersect_cache_param.encrypt_type",
	.type = SPEC_STRING,
	.fallback = "\"sha256\"",
	.choices = cache_digests,
	.meaning = "The digest that the ids are, if they are one; another one "
		   "is kept apart."},
    {.name = "repeated_id_process",
	.type = SPEC_BOOL,
	.flags = SPEC_SAME,
	.fallback = "false",
	.meaning = "Whether an id may stand for several of the guest's "
		   "rows: its first column holds the ids, and is dropped; a "
		   "host's rows are repeated under the guest's keys."},
    {.name = "repeated_id_owner",
	.type = SPEC_STRING,
	.fallback = "\"guest\"",
	.choices = guest_only,
	.meaning = "Whose rows repeat."},
    {.name = "allow_info_share",
	.type = SPEC_BOOL,
	.fallback = "false",
	.meaning = "Accepted, unused: no party's values are sent to "
		   "another."},
    {.name = "info_owner",
	.type = SPEC_STRING,
	.flags = SPEC_IGNORE_CASE,
	.fallback = "\"guest\"",
	.choices = sides,
	.meaning = "Kept for FATE's configurations, unused."},
};

const struct spec_module spec_intersection = {
    .name = "Intersection",
    .param_class = "IntersectParam",
    .code_path = "federatedml/statistic/intersect/intersect_model.py/"
		 "IntersectGuest",
    .roles = SPEC_GUEST | SPEC_HOST,
    .deploy = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
    .check = check_together,
};
