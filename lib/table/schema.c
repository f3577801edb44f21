/*
 * What a table's columns are called, and the metas that FATE shows of it.
 */
#include "lib/base/mem.h"
#include "lib/table/row.h"

#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
    [TABLE_RAW] = "raw",
    [TABLE_DENSE] = "dense",
    [TABLE_SPARSE] = "sparse",
    [TABLE_LIST] = "list",
};

const char *
table_kind_name(enum table_kind kind)
{
	return kinds[kind];
}

enum err
table_kind_parse(const char *word, enum table_kind *out, struct buf *err)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (word && !strcmp(kinds[i], word)) {
			*out = (enum table_kind)i;
			return ERR_OK;
		}
	return err_set(err, ERR_INVALID, "unknown kind of table '%.32s'",
	    word ? word : "");
}

void
table_schema_init(struct table_schema *s, enum table_kind kind)
{
	*s = (struct table_schema){.kind = kind};
}

void
table_schema_release(struct table_schema *s)
{
	for (size_t i = 0; i < s->n_header; i++)
		free(s->header[i]);
	free(s->header);
	free(s->sid_name);
	free(s->label_name);
	table_schema_init(s, s->kind);
}

void
table_schema_add(struct table_schema *s, const char *name)
{
	/* Grows at powers of two, so that no capacity need be kept. */
	if ((s->n_header & (s->n_header - 1)) == 0)
		s->header = xreallocarray(s->header,
		    s->n_header ? s->n_header * 2 : 1, sizeof(*s->header));
	s->header[s->n_header++] = xstrdup(name);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *
table_schema_twice(const struct table_schema *s)
{
	const char **names = xcalloc(s->n_header + 1, sizeof(*names));
	const char *twice = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->n_header; i++)
		names[n++] = s->header[i];
	if (s->sid_name)
		names[n++] = s->sid_name;
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n && !twice; i++)
		if (!strcmp(names[i - 1], names[i]))
			twice = names[i];
	free(names);
	return twice;
}

void
table_schema_copy(struct table_schema *to, const struct table_schema *from)
{
	table_schema_init(to, from->kind);
	to->sid_name = xstrdup_null(from->sid_name);
	to->label_name = xstrdup_null(from->label_name);
	for (size_t i = 0; i < from->n_header; i++)
		table_schema_add(to, from->header[i]);
}

cJSON *
table_header_list(const struct table_schema *s)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < s->n_header; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(s->header[i]));
	return list;
}

static cJSON *
raw_metas(const struct table_schema *s)
{
	struct buf joined = BUF_INIT;
	cJSON *metas = cJSON_CreateObject();

	if (s->sid_name) {
		for (size_t i = 0; i < s->n_header; i++)
			buf_addf(&joined, "%s%s", i ? "," : "", s->header[i]);
		json_add_str(metas, "header", joined.ptr);
		json_add_str(metas, "sid", s->sid_name);
	}
	buf_release(&joined);
	return metas;
}

cJSON *
table_schema_to_json(const struct table_schema *s)
{
	cJSON *metas, *schema;

	if (s->kind == TABLE_RAW)
		return raw_metas(s);
	metas = cJSON_CreateObject();
	schema = cJSON_CreateObject();
	json_add(metas, "schema", schema);
	json_add(schema, "header", table_header_list(s));
	json_add_str(schema, "sid_name", s->sid_name);
	if (s->label_name)
		json_add_str(schema, "label_name", s->label_name);
	return metas;
}
