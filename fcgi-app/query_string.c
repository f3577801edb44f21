/* Pairs are split on the raw text and decoded one by one. */
#include "fcgi-app/query_string.h"
#include "lib/base/mem.h"
#include "lib/base/utf8.h"

#include <ctype.h>

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

static enum err
decode(const char *s, size_t len, struct buf *out, struct buf *err)
{
	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (s[i] != '%') {
			buf_addc(out, s[i] == '+' ? ' ' : s[i]);
			continue;
		}
		high = i + 1 < len ? hex_digit(s[i + 1]) : -1;
		low = i + 2 < len ? hex_digit(s[i + 2]) : -1;
		if (high < 0 || low < 0)
			return err_set(err, ERR_INVALID,
			    "the query string has a '%%' without two "
			    "hexadecimal digits");
		if (!high && !low)
			return err_set(
			    err, ERR_INVALID, "the query string has a NUL");
		buf_addc(out, (char)(high * 16 + low));
		i += 2;
	}
	if (!utf8_is_valid(out->ptr, out->len))
		return err_set(
		    err, ERR_INVALID, "the query string is not UTF-8");
	return ERR_OK;
}

static enum err
add_pair(cJSON *obj, const char *s, size_t len, struct buf *err)
{
	const char *eq = memchr(s, '=', len);
	size_t name_len = eq ? (size_t)(eq - s) : len;
	struct buf name = BUF_INIT, value = BUF_INIT;
	enum err rc = decode(s, name_len, &name, err);

	if (!rc && eq)
		rc = decode(eq + 1, len - name_len - 1, &value, err);
	if (!rc && name.len && !json_get(obj, name.ptr))
		json_add_str(obj, name.ptr, value.ptr);
	buf_release(&name);
	buf_release(&value);
	return rc;
}

enum err
query_string_parse(const char *text, cJSON **out, struct buf *err)
{
	cJSON *obj = cJSON_CreateObject();
	enum err rc = ERR_OK;

	*out = NULL;
	if (strlen(text) > QUERY_STRING_MAX)
		rc = err_set(err, ERR_INVALID,
		    "the query string has more than %d bytes",
		    QUERY_STRING_MAX);
	while (!rc && *text) {
		size_t len = strcspn(text, "&");

		rc = add_pair(obj, text, len, err);
		text += len;
		text += *text == '&';
	}
	if (rc)
		cJSON_Delete(obj);
	else
		*out = obj;
	return rc;
}
