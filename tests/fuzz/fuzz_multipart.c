/*
 * libFuzzer target: the first byte says how to cut the rest; whatever the
 * cuts, the outcome must be that of the uncut body.
 */
#include "fcgi-app/multipart.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err
on_begin(void *arg, const char *name, const char *file, struct buf *err)
{
	(void)err;
	buf_addf(arg, "[%s|%s|", name, file ? file : "");
	return ERR_OK;
}

static enum err
on_data(void *arg, const void *bytes, size_t len, struct buf *err)
{
	(void)err;
	buf_add(arg, bytes, len);
	return ERR_OK;
}

static enum err
on_end(void *arg, struct buf *err)
{
	(void)err;
	buf_addc(arg, ']');
	return ERR_OK;
}

static enum err
parse(const char *body, size_t len, size_t step, struct buf *out)
{
	struct multipart_sink sink = {on_begin, on_data, on_end, out};
	struct multipart m;
	enum err rc =
	    multipart_init(&m, "multipart/form-data; boundary=XX", &sink, NULL);

	for (size_t at = 0; at < len && !rc; at += step)
		rc = multipart_feed(
		    &m, body + at, len - at < step ? len - at : step, NULL);
	if (!rc)
		rc = multipart_finish(&m, NULL);
	multipart_release(&m);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf cut = BUF_INIT, whole = BUF_INIT;
	const char *body = (const char *)data + 1;

	if (size < 2)
		return 0;
	assert(parse(body, size - 1, data[0] % 16 + 1, &cut) ==
	       parse(body, size - 1, size, &whole));
	assert(cut.len == whole.len && !memcmp(cut.ptr, whole.ptr, cut.len));
	buf_release(&cut);
	buf_release(&whole);
	return 0;
}
