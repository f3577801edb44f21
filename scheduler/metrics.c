/*
 * cJSON turns every number into a double and would print 1.0 as 1. So a line
 * is parsed to be checked and to get at its strings, and the texts of key and
 * value are then cut out of it as they stand.
 */
#include "scheduler/metrics.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_MAX_LEN  180
#define KEY_MAX_CHARS 512

/* ---- raw members of an object that json_parse() has accepted ---- */

struct raw {
	const char *key; /* without quotes, escapes as they stand */
	size_t key_len;
	const char *value;
	size_t value_len;
};

static const char *
skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* Behind the string that starts at p. */
static const char *
skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

static const char *
skip_value(const char *p)
{
	int depth = 0;

	do {
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		if (*p == '}' || *p == ']')
			depth--;
		p++;
		if (!depth)
			p += strcspn(p, ",]} \t\r\n");
	} while (*p && depth > 0);
	return p;
}

/* The next member; *p is at "{" or behind the last one. */
static bool
raw_next(const char **p, struct raw *out)
{
	const char *s = skip_space(*p);

	if (*s != '{' && *s != ',')
		return false;
	s = skip_space(s + 1);
	if (*s != '"')
		return false;
	out->key = s + 1;
	s = skip_string(s);
	out->key_len = (size_t)(s - out->key) - 1;
	s = skip_space(s);
	if (*s != ':')
		return false;
	s = skip_space(s + 1);
	out->value = s;
	s = *s == '"' ? skip_string(s) : skip_value(s);
	out->value_len = (size_t)(s - out->value);
	*p = s;
	return out->value_len > 0;
}

static bool
raw_find(const char *object, const char *key, struct raw *out)
{
	while (raw_next(&object, out))
		if (out->key_len == strlen(key) &&
		    !memcmp(out->key, key, out->key_len))
			return true;
	return false;
}

/* ---- lines ---- */

/* Keeps a text for as long as the metrics live. */
static const char *
keep(struct metrics *m, char *text)
{
	m->texts = xreallocarray(m->texts, m->n_texts + 1, sizeof(*m->texts));
	m->texts[m->n_texts++] = text;
	return text;
}

static void
add(struct metrics *m, const struct ingest_metric *e)
{
	m->v = xreallocarray(m->v, m->n + 1, sizeof(*m->v));
	m->v[m->n++] = *e;
}

static bool
add_point(struct metrics *m, const char *line, struct ingest_metric *e)
{
	struct raw key, value;

	if (!raw_find(line, "key", &key) || !raw_find(line, "value", &value) ||
	    key.value_len > KEY_MAX_CHARS)
		return false;
	e->type = INGEST_POINT;
	e->key = keep(m, xstrndup(key.value, key.value_len));
	e->value = keep(m, xstrndup(value.value, value.value_len));
	add(m, e);
	return true;
}

static bool
add_meta(struct metrics *m, const char *line, struct ingest_metric *e)
{
	struct raw meta, entry;
	const char *p;

	if (!raw_find(line, "meta", &meta) || *meta.value != '{')
		return false;
	e->type = INGEST_META;
	for (p = meta.value; raw_next(&p, &entry);) {
		if (entry.key_len + 2 > KEY_MAX_CHARS)
			return false;
		e->key = keep(m, xstrndup(entry.key - 1, entry.key_len + 2));
		e->value = keep(m, xstrndup(entry.value, entry.value_len));
		add(m, e);
	}
	return true;
}

static bool
add_line(struct metrics *m, const char *line, size_t len)
{
	static const struct {
		const char *word;
		bool (*fn)(
		    struct metrics *, const char *, struct ingest_metric *);
	} kinds[] = {{"point", add_point}, {"meta", add_meta}};
	struct ingest_metric e = {0};
	char *text = xstrndup(line, len);
	const char *type, *space, *name;
	cJSON *root = NULL;
	bool ok = false;

	if (json_parse(text, len, "metric", &root, NULL))
		goto out;
	type = json_str(root, "t", "");
	space = json_str(root, "ns", NULL);
	name = json_str(root, "name", NULL);
	if (!space || !name || strlen(space) > NAME_MAX_LEN ||
	    strlen(name) > NAME_MAX_LEN)
		goto out;
	e.name_space = keep(m, xstrdup(space));
	e.name = keep(m, xstrdup(name));
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(type, kinds[i].word))
			ok = kinds[i].fn(m, text, &e);
out:
	cJSON_Delete(root);
	free(text);
	return ok;
}

static void
add_lines(struct metrics *m, const struct buf *text)
{
	const char *p = text->ptr, *end = text->ptr + text->len, *nl;

	while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (!add_line(m, p, (size_t)(nl - p)))
			m->n_bad++;
		p = nl + 1;
	}
	m->offset += p - text->ptr;
}

enum err
metrics_read(const char *path, int64_t offset, size_t limit,
    struct metrics *out, struct buf *err)
{
	struct buf text = BUF_INIT;
	enum err rc = ERR_OK;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	memset(out, 0, sizeof(*out));
	out->offset = offset;
	if (fd < 0 && errno == ENOENT)
		return ERR_OK;
	buf_reserve(&text, limit);
	n = fd < 0 ? -1 : pread(fd, text.ptr, limit, offset);
	if (n < 0)
		rc = err_set_errno(err, ERR_IO, "cannot read %s", path);
	else {
		text.len = (size_t)n;
		if (n)
			text.ptr[n] = '\0';
		add_lines(out, &text);
		if (out->offset == offset && (size_t)n == limit) {
			/* One line longer than all we read: pass over it. */
			out->offset += n;
			out->n_bad++;
		}
	}
	if (fd >= 0)
		close(fd);
	buf_release(&text);
	return rc;
}

void
metrics_release(struct metrics *m)
{
	for (size_t i = 0; i < m->n_texts; i++)
		free(m->texts[i]);
	free(m->texts);
	free(m->v);
	memset(m, 0, sizeof(*m));
}
