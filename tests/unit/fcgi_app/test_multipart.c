/* The same body, cut everywhere, gives the same parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi-app/multipart.h"
#include "lib/base/mem.h"

#define TYPE "multipart/form-data; boundary=XX"

static enum err
on_begin(void *arg, const char *name, const char *file, struct buf *err)
{
	(void)err;
	buf_addf(arg, "[%s|%s|", name, file ? file : "-");
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

/* Feeds in pieces of `step` bytes. */
static enum err
parse(const char *type, const char *body, size_t step, struct buf *out)
{
	struct multipart_sink sink = {on_begin, on_data, on_end, out};
	size_t len = strlen(body);
	struct multipart m;
	enum err rc = multipart_init(&m, type, &sink, NULL);

	for (size_t at = 0; at < len && !rc; at += step)
		rc = multipart_feed(
		    &m, body + at, len - at < step ? len - at : step, NULL);
	if (!rc)
		rc = multipart_finish(&m, NULL);
	multipart_release(&m);
	return rc;
}

#define HEAD(extra) "Content-Disposition: form-data; " extra "\r\n\r\n"

static const struct {
	const char *body;
	const char *parts; /* NULL: refused */
} cases[] = {
    {"--XX\r\n" HEAD("name=\"file\"; filename=\"a.csv\"") "1,2\r\n3\r\n"
							  "--XX--\r\n",
	"[file|a.csv|1,2\r\n3]"},
    {"--XX\r\n" HEAD("name=file") "\r\n--XX--", "[file|-|]"},
    {"preamble\r\n--XX  \r\n" HEAD("name=\"a\"") "x\r\n--XX\r\n" HEAD(
	 "name=\"b\"") "\r\r\n\r\n-\r\n--X\r\n--XX--trailing --XX",
	"[a|-|x][b|-|\r\r\n\r\n-\r\n--X]"},
    {"--XX\r\nX-Other: 1\r\ncontent-disposition: form-data;name=\"q\\\"r\""
     "\r\n\r\nv\r\n--XX--",
	"[q\"r|-|v]"},
    {"--XX\r\n" HEAD("name=\"a\"") "no end", NULL},
    {"--XX\r\n" HEAD("filename=\"a\"") "v\r\n--XX--", NULL},
    {"--XX\r\n\r\nv\r\n--XX--", NULL},
    {"--XXjunk\r\n", NULL},
    {"nothing at all", NULL},
    {"", NULL},
    {"--XX", NULL},
};

static void
test_parse_whatever_the_cuts_gives_the_same_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (size_t step = 1; step <= strlen(cases[i].body) + 1;
		     step++) {
			struct buf out = BUF_INIT;
			enum err rc = parse(TYPE, cases[i].body, step, &out);

			if (cases[i].parts) {
				assert_int_equal(rc, ERR_OK);
				assert_string_equal(out.ptr, cases[i].parts);
			} else
				assert_int_equal(rc, ERR_INVALID);
			buf_release(&out);
		}
}

static void
test_init_when_type_is_bad_then_invalid(void **state)
{
	static const char *const types[] = {"", "text/csv",
	    "multipart/form-data", "multipart/form-data; boundary=",
	    ("multipart/form-data; boundary=01234567890123456789012345678901"
	     "234567890123456789012345678901234567890123456789")};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct buf out = BUF_INIT;

		assert_int_equal(
		    parse(types[i], "--XX--", 1, &out), ERR_INVALID);
		buf_release(&out);
	}
}

static void
test_init_when_boundary_is_quoted_then_it_is_used(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(parse("Multipart/Form-Data; charset=x; "
			       "Boundary=\"XX\"",
			     cases[1].body, 3, &out),
	    ERR_OK);
	assert_string_equal(out.ptr, cases[1].parts);
	buf_release(&out);
}

static void
test_feed_when_headers_are_endless_then_invalid(void **state)
{
	struct buf body = BUF_INIT, out = BUF_INIT;

	(void)state;
	buf_adds(&body, "--XX\r\n");
	for (int i = 0; i < MULTIPART_HEADERS_MAX; i++)
		buf_addc(&body, 'x');
	buf_addc(&body, 'x');
	assert_int_equal(parse(TYPE, body.ptr, 4096, &out), ERR_INVALID);
	buf_release(&body);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse_whatever_the_cuts_gives_the_same_parts),
	    cmocka_unit_test(test_init_when_type_is_bad_then_invalid),
	    cmocka_unit_test(test_init_when_boundary_is_quoted_then_it_is_used),
	    cmocka_unit_test(test_feed_when_headers_are_endless_then_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
