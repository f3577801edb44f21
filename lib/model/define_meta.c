/* The index itself, and its text; define_yaml.c reads the text. */
#include "lib/model/define_meta.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/base/utf8.h"

void
define_meta_component(
    struct define_meta *m, const char *name, const char *module)
{
	m->components = xreallocarray(
	    m->components, m->n_components + 1, sizeof(*m->components));
	m->components[m->n_components++] =
	    (struct define_component){xstrdup(name), xstrdup(module)};
}

void
define_meta_buffer(struct define_meta *m, const char *component,
    const char *alias, const char *name, const char *message)
{
	m->buffers =
	    xreallocarray(m->buffers, m->n_buffers + 1, sizeof(*m->buffers));
	m->buffers[m->n_buffers++] = (struct define_buffer){xstrdup(component),
	    xstrdup(alias), xstrdup(name), xstrdup(message)};
}

void
define_meta_release(struct define_meta *m)
{
	for (size_t i = 0; i < m->n_components; i++) {
		free(m->components[i].name);
		free(m->components[i].module);
	}
	for (size_t i = 0; i < m->n_buffers; i++) {
		free(m->buffers[i].component);
		free(m->buffers[i].alias);
		free(m->buffers[i].name);
		free(m->buffers[i].message);
	}
	free(m->components);
	free(m->buffers);
	*m = (struct define_meta){0};
}

/* ---- order ---- */

static int
compare_components(const void *a, const void *b)
{
	const struct define_component *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
compare_buffers(const void *a, const void *b)
{
	const struct define_buffer *x = a, *y = b;
	int order = strcmp(x->component, y->component);

	if (!order)
		order = strcmp(x->alias, y->alias);
	return order ? order : strcmp(x->name, y->name);
}

const struct define_component *
define_meta_find(const struct define_meta *m, const char *component)
{
	struct define_component key = {.name = (char *)(uintptr_t)component};

	if (!m->n_components)
		return NULL;
	return bsearch(&key, m->components, m->n_components,
	    sizeof(*m->components), compare_components);
}

const struct define_buffer *
define_meta_find_buffer(const struct define_meta *m, const char *component,
    const char *alias, const char *name)
{
	struct define_buffer key = {.component = (char *)(uintptr_t)component,
	    .alias = (char *)(uintptr_t)alias,
	    .name = (char *)(uintptr_t)name};

	if (!m->n_buffers)
		return NULL;
	return bsearch(&key, m->buffers, m->n_buffers, sizeof(*m->buffers),
	    compare_buffers);
}

/* ---- checks ---- */

/* A leading dot is for what lies beside the components. */
bool
define_meta_is_name(const char *s)
{
	return path_is_component(s) && s[0] != '.' &&
	       utf8_is_valid(s, strlen(s)) && !strpbrk(s, " \\");
}

static enum err
check_name(const char *what, const char *name, struct buf *err)
{
	if (define_meta_is_name(name))
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "%s \"%.80s\" cannot be the name of a file", what, name);
}

static enum err
check_components(const struct define_meta *m, struct buf *err)
{
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < m->n_components; i++) {
		const struct define_component *c = &m->components[i];

		rc = check_name("component", c->name, err);
		if (!rc)
			rc = check_name("module", c->module, err);
		if (!rc && i && !compare_components(c - 1, c))
			rc = err_set(err, ERR_INVALID,
			    "component %s is defined twice", c->name);
	}
	return rc;
}

static enum err
check_buffer(
    const struct define_meta *m, const struct define_buffer *b, struct buf *err)
{
	enum err rc = check_name("component", b->component, err);

	if (!rc)
		rc = check_name("model alias", b->alias, err);
	if (!rc)
		rc = check_name("model buffer", b->name, err);
	if (!rc)
		rc = check_name("message", b->message, err);
	/* The name of the index that stands in each folder. */
	if (!rc && !strcmp(b->name, "module"))
		rc = err_set(err, ERR_INVALID,
		    "a model buffer cannot be named \"module\"");
	if (!rc && !define_meta_find(m, b->component))
		rc = err_set(err, ERR_INVALID,
		    "component %s has buffers and no module", b->component);
	return rc;
}

static enum err
check_buffers(const struct define_meta *m, struct buf *err)
{
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < m->n_buffers; i++) {
		const struct define_buffer *b = &m->buffers[i];

		rc = check_buffer(m, b, err);
		if (!rc && i && !compare_buffers(b - 1, b))
			rc = err_set(err, ERR_INVALID,
			    "model buffer %s of %s is defined twice", b->name,
			    b->component);
	}
	return rc;
}

enum err
define_meta_settle(struct define_meta *m, struct buf *err)
{
	enum err rc;

	if (m->n_components > 1)
		qsort(m->components, m->n_components, sizeof(*m->components),
		    compare_components);
	if (m->n_buffers > 1)
		qsort(m->buffers, m->n_buffers, sizeof(*m->buffers),
		    compare_buffers);
	rc = check_components(m, err);
	return rc ? rc : check_buffers(m, err);
}

/* ---- text ---- */

/* What YAML 1.1 would read as no text. */
static bool
is_word_of_yaml(const char *s)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on",
	    "off", "null", "y", "n", "True", "False", "Yes", "No", "On", "Off",
	    "Null", "TRUE", "FALSE", "YES", "NO", "ON", "OFF", "NULL", "Y",
	    "N"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(words[i], s))
			return true;
	return false;
}

static void
print_scalar(const char *s, struct buf *out)
{
	static const char first[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	size_t n = strspn(s, first);

	n += strspn(s + n, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
			   "xyz_0123456789.-");
	if (strspn(s, first) && !s[n] && !is_word_of_yaml(s)) {
		buf_adds(out, s);
		return;
	}
	buf_addc(out, '\'');
	for (; *s; s++) {
		buf_addc(out, *s);
		if (*s == '\'')
			buf_addc(out, '\'');
	}
	buf_addc(out, '\'');
}

static void
print_key(int depth, const char *key, const char *value, struct buf *out)
{
	buf_addf(out, "%*s", depth * 2, "");
	print_scalar(key, out);
	buf_addc(out, ':');
	if (value) {
		buf_addc(out, ' ');
		print_scalar(value, out);
	}
	buf_addc(out, '\n');
}

void
define_meta_print(const struct define_meta *m, struct buf *out)
{
	buf_adds(out, "describe: This is the model definition meta\n");
	buf_addf(out, "component_define:%s\n", m->n_components ? "" : " {}");
	for (size_t i = 0; i < m->n_components; i++) {
		print_key(1, m->components[i].name, NULL, out);
		print_key(2, "module_name", m->components[i].module, out);
	}
	buf_addf(out, "model_proto:%s\n", m->n_buffers ? "" : " {}");
	for (size_t i = 0; i < m->n_buffers; i++) {
		const struct define_buffer *b = &m->buffers[i];
		bool is_new = !i || strcmp(b[-1].component, b->component);

		if (is_new)
			print_key(1, b->component, NULL, out);
		if (is_new || strcmp(b[-1].alias, b->alias))
			print_key(2, b->alias, NULL, out);
		print_key(3, b->name, b->message, out);
	}
}
