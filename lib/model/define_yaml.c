/*
 * Line by line: the indentation says how deep a key stands, and the keys
 * above it say what it is. Nothing is kept but the path to the current line,
 * so the size of the text is the only limit that is needed.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/utf8.h"
#include "lib/model/define_meta.h"

#define DEPTH_MAX 4

enum section { SECTION_NONE, SECTION_DESCRIBE, SECTION_DEFINE, SECTION_PROTO };

struct reader {
	struct define_meta *meta;
	unsigned line;
	unsigned seen; /* sections, as bits */
	enum section section;
	size_t indents[DEPTH_MAX];
	char *path[DEPTH_MAX]; /* keys down to the current one */
	int depth;	       /* -1 before the first key */
	bool is_open;	       /* the last key may have others below it */
};

/* One line; key and value are cut out of it. */
struct entry {
	size_t indent;
	struct buf key;
	struct buf value;
	bool has_value;
};

static enum err
fault(const struct reader *r, const char *what, struct buf *err)
{
	return err_set(
	    err, ERR_INVALID, "define_meta.yaml line %u: %s", r->line, what);
}

/* ---- one line ---- */

/* A quoted scalar at *at; moves behind its end. */
static enum err
take_quoted(
    const struct reader *r, const char **at, struct buf *out, struct buf *err)
{
	const char quote = **at, *p = *at + 1;

	for (; *p; p++) {
		if (*p == '\\' && quote == '"')
			return fault(r, "escapes are not read here", err);
		if (*p == quote && !(quote == '\'' && p[1] == quote)) {
			*at = p + 1;
			return ERR_OK;
		}
		p += *p == quote;
		buf_addc(out, *p);
	}
	return fault(r, "a quote is not closed", err);
}

static bool
is_plain(const char *s)
{
	return *s && !strchr("[]{},&*!|>%@`\"'#?-", *s);
}

/* A key ends at a colon that a space or the line's end follows. */
static enum err
take_key(
    const struct reader *r, const char **at, struct buf *out, struct buf *err)
{
	const char *p = *at;
	enum err rc = ERR_OK;

	if (*p == '"' || *p == '\'') {
		rc = take_quoted(r, &p, out, err);
	} else {
		if (!is_plain(p))
			return fault(r, "a key was expected", err);
		while (*p && !(*p == ':' && (!p[1] || p[1] == ' ')))
			p++;
		buf_add(out, *at, (size_t)(p - *at));
	}
	if (!rc && (*p != ':' || (p[1] && p[1] != ' ')))
		rc = fault(r, "\"key:\" or \"key: value\" was expected", err);
	*at = p + (rc == ERR_OK);
	return rc;
}

static enum err
take_value(
    const struct reader *r, const char *at, struct entry *e, struct buf *err)
{
	enum err rc;

	at += strspn(at, " ");
	e->has_value = *at && strcmp(at, "{}") != 0;
	if (!e->has_value)
		return ERR_OK;
	if (*at != '"' && *at != '\'') {
		if (!is_plain(at) || strstr(at, ": ") || strstr(at, " #"))
			return fault(r, "the value is no plain text", err);
		buf_adds(&e->value, at);
		return ERR_OK;
	}
	rc = take_quoted(r, &at, &e->value, err);
	if (!rc && *at)
		rc = fault(r, "text behind the closing quote", err);
	return rc;
}

/* ---- what it means ---- */

static enum err
take_section(struct reader *r, const struct entry *e, struct buf *err)
{
	static const struct {
		const char *key;
		enum section section;
	} sections[] = {{"describe", SECTION_DESCRIBE},
	    {"component_define", SECTION_DEFINE},
	    {"model_proto", SECTION_PROTO}};
	enum section found = SECTION_NONE;

	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (!strcmp(e->key.ptr, sections[i].key))
			found = sections[i].section;
	if (found == SECTION_NONE)
		return fault(r,
		    "expected describe, component_define or model_proto", err);
	if (r->seen & 1U << found)
		return fault(r, "this section is there twice", err);
	if (found != SECTION_DESCRIBE && e->has_value)
		return fault(r, "a map was expected", err);
	r->seen |= 1U << found;
	r->section = found;
	return ERR_OK;
}

static enum err
take_leaf(struct reader *r, const struct entry *e, struct buf *err)
{
	struct define_meta *m = r->meta;

	if (!e->has_value || !e->value.len)
		return fault(r, "a value was expected", err);
	if (m->n_components + m->n_buffers >= DEFINE_META_BUFFERS)
		return fault(r, "there are too many entries", err);
	if (r->section == SECTION_PROTO) {
		define_meta_buffer(
		    m, r->path[1], r->path[2], e->key.ptr, e->value.ptr);
		return ERR_OK;
	}
	if (strcmp(e->key.ptr, "module_name") != 0)
		return fault(r, "module_name was expected", err);
	define_meta_component(m, r->path[1], e->value.ptr);
	return ERR_OK;
}

static enum err
take_entry(struct reader *r, const struct entry *e, struct buf *err)
{
	int leaf = r->section == SECTION_DEFINE ? 2 : 3;

	if (r->depth == 0)
		return take_section(r, e, err);
	if (r->section == SECTION_DESCRIBE)
		return fault(r, "describe has nothing below it", err);
	if (r->depth == leaf)
		return take_leaf(r, e, err);
	if (r->depth > leaf || e->has_value)
		return fault(r, "this stands at the wrong depth", err);
	return ERR_OK;
}

/* Sets the depth by the indentation. */
static enum err
go_to(struct reader *r, size_t indent, struct buf *err)
{
	if (r->depth < 0 ? indent == 0
			 : indent > r->indents[r->depth] && r->is_open) {
		if (r->depth + 1 == DEPTH_MAX)
			return fault(r, "this is nested too deep", err);
		r->indents[++r->depth] = indent;
		return ERR_OK;
	}
	while (r->depth >= 0 && r->indents[r->depth] > indent) {
		free(r->path[r->depth]);
		r->path[r->depth--] = NULL;
	}
	if (r->depth < 0 || r->indents[r->depth] != indent)
		return fault(r, "the indentation fits no line above", err);
	return ERR_OK;
}

static enum err
take_line(struct reader *r, const char *line, struct buf *err)
{
	struct entry e = {.key = BUF_INIT, .value = BUF_INIT};
	enum err rc;

	e.indent = strspn(line, " ");
	line += e.indent;
	if (!*line || *line == '#' || (r->line == 1 && !strcmp(line, "---")))
		return ERR_OK;
	rc = take_key(r, &line, &e.key, err);
	if (!rc)
		rc = take_value(r, line, &e, err);
	if (!rc)
		rc = go_to(r, e.indent, err);
	if (!rc)
		rc = take_entry(r, &e, err);
	if (!rc) {
		free(r->path[r->depth]);
		r->path[r->depth] = xstrdup(e.key.ptr);
		r->is_open = !e.has_value;
	}
	buf_release(&e.key);
	buf_release(&e.value);
	return rc;
}

static enum err
check_text(const char *text, size_t len, struct buf *err)
{
	if (len > DEFINE_META_MAX)
		return err_set(err, ERR_INVALID,
		    "define_meta.yaml has more than %zu bytes",
		    DEFINE_META_MAX);
	if (memchr(text, '\0', len) || memchr(text, '\t', len) ||
	    !utf8_is_valid(text, len))
		return err_set(err, ERR_INVALID,
		    "define_meta.yaml is no text (UTF-8, without tabs)");
	return ERR_OK;
}

static enum err
read_lines(struct reader *r, char *at, struct buf *err)
{
	char *line;
	enum err rc = ERR_OK;

	while (!rc && (line = strsep(&at, "\n"))) {
		size_t n = strlen(line);

		while (n && strchr(" \r", line[n - 1]))
			n--;
		line[n] = '\0';
		r->line++;
		rc = take_line(r, line, err);
	}
	for (int i = 0; i < DEPTH_MAX; i++)
		free(r->path[i]);
	return rc;
}

enum err
define_meta_parse(
    const char *text, size_t len, struct define_meta *out, struct buf *err)
{
	struct reader r = {.meta = out, .depth = -1};
	char *copy;
	enum err rc;

	*out = (struct define_meta){0};
	rc = check_text(text, len, err);
	if (rc)
		return rc;
	copy = xstrndup(text, len);
	rc = read_lines(&r, copy, err);
	if (!rc && !(r.seen & 1U << SECTION_PROTO))
		rc = err_set(
		    err, ERR_INVALID, "define_meta.yaml has no model_proto");
	if (!rc)
		rc = define_meta_settle(out, err);
	if (rc)
		define_meta_release(out);
	free(copy);
	return rc;
}
