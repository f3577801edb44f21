/* Who may be called: the configuration alone says. */
#include "lib/serving/serving.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/http/grpc.h"

static void
add(struct serving_list *list, const char *address)
{
	list->addresses = xreallocarray(
	    list->addresses, list->n + 1, sizeof(*list->addresses));
	list->addresses[list->n++] = xstrdup(address);
}

void
serving_list_release(struct serving_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->addresses[i]);
	free(list->addresses);
	*list = (struct serving_list){0};
}

enum err
serving_list_parse(const char *text, struct serving_list *out, struct buf *err)
{
	char *copy = xstrdup(text), *rest = copy, *word;
	enum err rc = ERR_OK;

	*out = (struct serving_list){0};
	while (!rc && (word = strsep(&rest, ", \t\n"))) {
		if (!*word)
			continue;
		if (grpc_is_address(word))
			add(out, word);
		else
			rc = err_set(err, ERR_INVALID,
			    "serving.addresses: \"%.100s\" is not host:port",
			    word);
	}
	if (rc)
		serving_list_release(out);
	free(copy);
	return rc;
}

static bool
has(const struct serving_list *list, const char *address)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->addresses[i], address))
			return true;
	return false;
}

enum err
serving_list_choose(const struct serving_list *configured, const cJSON *wanted,
    struct serving_list *out, struct buf *err)
{
	const cJSON *it;
	enum err rc = ERR_OK;

	*out = (struct serving_list){0};
	cJSON_ArrayForEach(it, wanted)
	{
		const char *address = cJSON_GetStringValue(it);

		if (rc)
			break;
		if (address && has(configured, address))
			add(out, address);
		else
			rc = err_set(err, ERR_DENIED,
			    "serving \"%.100s\" is not one of this server's "
			    "(serving.addresses)",
			    address ? address : "?");
	}
	if (rc)
		serving_list_release(out);
	return rc;
}
