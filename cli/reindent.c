/*
 * A walk over the tokens. The text has been through json_parse() before, so
 * the walk does not check; it only never runs past the terminating NUL.
 */
#include "cli/reindent.h"
#include "lib/base/json.h"

#include <stdbool.h>

struct walk {
	const char *p;
	const char *const *drop;
	struct buf *out;
	int depth;
};

static void value(struct walk *w);

static void
skip_space(struct walk *w)
{
	w->p += strspn(w->p, " \t\r\n");
}

static void
new_line(struct walk *w)
{
	buf_addc(w->out, '\n');
	for (int i = 0; i < w->depth * 4; i++)
		buf_addc(w->out, ' ');
}

/* The end of the string that starts at s. */
static const char *
string_end(const char *s)
{
	for (s++; *s && *s != '"'; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s + 1 : s;
}

/* The string token as a cJSON item, unescaped; the caller deletes it. */
static cJSON *
take_string(struct walk *w)
{
	const char *end = string_end(w->p);
	cJSON *item = cJSON_ParseWithLength(w->p, (size_t)(end - w->p));

	w->p = end;
	return item;
}

static void
put_string(struct walk *w, const cJSON *item)
{
	json_print_str(
	    cJSON_IsString(item) ? item->valuestring : "", false, w->out);
}

static bool
is_dropped(const struct walk *w, const cJSON *key)
{
	for (const char *const *d = w->drop; d && *d; d++)
		if (cJSON_IsString(key) && !strcmp(*d, key->valuestring))
			return true;
	return false;
}

/* One member or element; false when it was dropped. */
static bool
child(struct walk *w, bool is_object, bool first)
{
	size_t before = w->out->len;
	bool keep = true;
	cJSON *key;

	if (!first)
		buf_addc(w->out, ',');
	new_line(w);
	if (is_object) {
		key = take_string(w);
		keep = !is_dropped(w, key);
		put_string(w, key);
		cJSON_Delete(key);
		buf_adds(w->out, ": ");
		skip_space(w);
		w->p += *w->p == ':';
	}
	value(w);
	if (!keep)
		buf_truncate(w->out, before);
	return keep;
}

static void
children(struct walk *w)
{
	bool is_object = *w->p == '{', first = true;
	char close = is_object ? '}' : ']';

	buf_addc(w->out, *w->p++);
	w->depth++;
	for (;;) {
		skip_space(w);
		if (*w->p == ',') {
			w->p++;
			continue;
		}
		if (!*w->p || *w->p == close)
			break;
		if (child(w, is_object, first))
			first = false;
	}
	w->depth--;
	if (!first)
		new_line(w);
	buf_addc(w->out, close);
	w->p += *w->p == close;
}

static void
value(struct walk *w)
{
	size_t n;
	cJSON *item;

	skip_space(w);
	if (*w->p == '{' || *w->p == '[') {
		children(w);
	} else if (*w->p == '"') {
		item = take_string(w);
		put_string(w, item);
		cJSON_Delete(item);
	} else {
		n = strcspn(w->p, ",]} \t\r\n");
		buf_add(w->out, w->p, n);
		w->p += n;
	}
}

void
reindent(const char *text, const char *const *drop, struct buf *out)
{
	struct walk w = {.p = text, .drop = drop, .out = out};

	value(&w);
}

/* Of equal keys the last one stands, as in json_parse(). */
const char *
reindent_member(const char *text, const char *key)
{
	const char *found = NULL;
	struct buf skipped = BUF_INIT;
	struct walk w = {.p = text, .out = &skipped};

	skip_space(&w);
	for (w.p += *w.p == '{'; *w.p && *w.p != '}';) {
		cJSON *name;

		skip_space(&w);
		w.p += *w.p == ',';
		skip_space(&w);
		if (*w.p != '"')
			break;
		name = take_string(&w);
		skip_space(&w);
		w.p += *w.p == ':';
		skip_space(&w);
		if (cJSON_IsString(name) && !strcmp(name->valuestring, key))
			found = w.p;
		cJSON_Delete(name);
		value(&w);
		buf_reset(&skipped);
		skip_space(&w);
	}
	buf_release(&skipped);
	return found;
}
