/* Rsa: a party's ids, signed with its key, kept as a table. */
#include "lib/spec/rows.h"

/* 2^1023 has as many digits; the task counts bits. */
#define MODULUS_DIGITS 308

/* Is `v` a positive integer of that many digits or more? Its last one too. */
static bool
is_positive(const cJSON *v, size_t min_digits, char *last_out)
{
	struct buf digits = BUF_INIT;
	bool is = json_integer_text(v, &digits) && digits.ptr[0] >= '1' &&
		  digits.len >= min_digits;

	*last_out = is ? digits.ptr[digits.len - 1] : '0';
	buf_release(&digits);
	return is;
}

static const char *
check_modulus(const cJSON *v)
{
	char last;

	if (is_positive(v, MODULUS_DIGITS, &last) && (last - '0') % 2)
		return NULL;
	return "an odd integer of at least 1024 bits, as a number or as a "
	       "text of its digits";
}

static const char *
check_exponent(const cJSON *v)
{
	char last;

	if (is_positive(v, 1, &last) && (last - '0') % 2)
		return NULL;
	return "an odd integer greater than 0, as a number or as a text of "
	       "its digits";
}

static const char *
check_drop(const cJSON *v)
{
	if (cJSON_IsNumber(v) && (v->valuedouble == 1 || v->valuedouble == 2))
		return NULL;
	return "1 or 2";
}

static const struct spec_param params[] = {
    {.name = "rsa_key_n",
	.type = SPEC_ANY,
	.fallback = "null",
	.check = check_modulus,
	.meaning = "The key's modulus."},
    {.name = "rsa_key_e",
	.type = SPEC_ANY,
	.fallback = "null",
	.check = check_exponent,
	.meaning = "Its public exponent; tells whether rsa_key_d is right."},
    {.name = "rsa_key_d",
	.type = SPEC_ANY,
	.flags = SPEC_SECRET,
	.fallback = "null",
	.check = check_exponent,
	.meaning = "Its private exponent. No answer, log or model shows it."},
    {.name = "save_out_table_namespace",
	.type = SPEC_STRING,
	.fallback = "null",
	.check = spec_check_not_empty,
	.meaning = "The namespace of the table that is made."},
    {.name = "save_out_table_name",
	.type = SPEC_STRING,
	.fallback = "null",
	.check = spec_check_not_empty,
	.meaning = "Its name: a row for every id, the SHA-256 of H(id)^d mod "
		   "n in decimal digits, and the id."},
    {.name = "drop",
	.type = SPEC_ANY,
	.fallback = "2",
	.check = check_drop,
	.meaning = "What becomes of a table of that name that has rows: 1 "
		   "replaces it, 2 refuses."},
};

const struct spec_module spec_rsa = {
    .name = "Rsa",
    .param_class = "RsaParam",
    .code_path = "federatedml/util/rsa.py/RsaModel",
    .roles = SPEC_GUEST | SPEC_HOST,
    .saves_table = true,
    .params = params,
    .n_params = ARRAY_LEN(params),
};
