#include "lib/base/utf8.h"

#include <string.h>

/* The length of the well-formed character at s (at most len), or 0. */
static size_t
decode(const unsigned char *s, size_t len, unsigned *code_out)
{
	static const unsigned minimum[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80	       ? 1
		   : (s[0] >> 5) == 6  ? 2
		   : (s[0] >> 4) == 14 ? 3
		   : (s[0] >> 3) == 30 ? 4
				       : 0;
	unsigned code;

	if (!n || n > len)
		return 0;
	code = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < minimum[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	*code_out = code;
	return n;
}

bool
utf8_is_valid(const char *s, size_t len)
{
	unsigned code;

	for (size_t i = 0; i < len;) {
		size_t n = decode((const unsigned char *)s + i, len - i, &code);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

unsigned
utf8_next(const char **s)
{
	unsigned code = 0xfffd;
	size_t left = 1, n;

	while (left < 4 && (*s)[left])
		left++;
	n = decode((const unsigned char *)*s, left, &code);
	*s += n ? n : 1;
	return code;
}

size_t
utf8_cut(const char *s, size_t max)
{
	size_t len = strlen(s);

	if (len <= max)
		return len;
	while (max && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	return max;
}
