/* Three bytes are four digits. */
#include "lib/base/base64.h"

#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_add(struct buf *out, const void *bytes, size_t len)
{
	const uint8_t *data = bytes;
	size_t i, left;
	uint32_t word;

	for (i = 0; i < len; i += 3) {
		left = len - i;
		word = (uint32_t)data[i] << 16;
		if (left > 1)
			word |= (uint32_t)data[i + 1] << 8;
		if (left > 2)
			word |= data[i + 2];
		buf_addc(out, digits[word >> 18]);
		buf_addc(out, digits[word >> 12 & 63]);
		buf_addc(out, left > 1 ? digits[word >> 6 & 63] : '=');
		buf_addc(out, left > 2 ? digits[word & 63] : '=');
	}
}
