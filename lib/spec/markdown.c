/* docs/modules.md: a table per module, straight from the rows. */
#include "lib/spec/spec.h"

/* A cell may not hold the sign that ends it. */
static void
add_cell(const char *text, struct buf *out)
{
	for (; *text; text++) {
		if (*text == '|')
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
	buf_adds(out, " | ");
}

static void
print_param(const struct spec_param *p, struct buf *out)
{
	struct buf legal = BUF_INIT;

	if (p->flags & SPEC_SHOWN_ONLY)
		buf_adds(&legal, "shown only");
	else
		spec_print_legal(p, &legal);
	buf_addf(out, "| `%s` | ", p->name);
	if (p->flags & SPEC_SHOWN_ONLY)
		buf_adds(out, "all | ");
	else
		buf_addf(out, "`%s` | ", p->fallback);
	add_cell(legal.ptr, out);
	buf_addf(out, "%s%s |\n", p->meaning,
	    p->flags & SPEC_SAME ? " The same at all parties." : "");
	buf_release(&legal);
}

static void
print_module(const struct spec_module *m, struct buf *out)
{
	buf_addf(out, "\n## %s\n\nParameter class `%s`; runs at ", m->name,
	    m->param_class);
	spec_print_roles(m->roles, out);
	buf_adds(out, m->is_pair ? ", one of each" : "");
	buf_addf(out, "; %s of a prediction pipeline by default.\n\n",
	    m->deploy ? "part" : "not part");
	buf_adds(out, "| parameter | default | legal | meaning |\n"
		      "|---|---|---|---|\n");
	for (size_t i = 0; i < m->n_params; i++)
		print_param(&m->params[i], out);
}

void
spec_print_markdown(struct buf *out)
{
	size_t n;
	const struct spec_module *const *all = spec_all(&n);

	buf_adds(out,
	    "# Modules and their parameters\n\n"
	    "Written from the tables in `lib/spec`, which also check a job at "
	    "submit (the\nunit test spec.test_spec compares this page with "
	    "them, and writes it anew when\nFATEFLOW_WRITE_DOCS is set). A "
	    "dotted name is a key in a nested object. A key\nthat is not "
	    "listed is accepted, has no effect, and is named in "
	    "`data.warnings`\nof the answer.\n");
	for (size_t i = 0; i < n; i++)
		print_module(all[i], out);
}
