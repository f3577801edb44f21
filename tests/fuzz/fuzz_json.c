/*
 * libFuzzer target: what was parsed and printed is parsed again as the same,
 * in every style of printing.
 */
#include "lib/base/json.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_style(const cJSON *tree, enum json_style style)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	cJSON *again = NULL;

	json_print(tree, style, &first);
	assert(!json_parse(first.ptr, first.len, "text", &again, NULL));
	json_print(again, style, &second);
	assert(first.len == second.len);
	assert(!memcmp(first.ptr, second.ptr, first.len));
	cJSON_Delete(again);
	buf_release(&first);
	buf_release(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cJSON *tree = NULL;

	if (json_parse((const char *)data, size, "text", &tree, NULL))
		return 0;
	for (enum json_style s = JSON_REPLY; s <= JSON_PRETTY; s++)
		check_style(tree, s);
	cJSON_Delete(tree);
	return 0;
}
