/* Names are checked here, before anybody makes a path of them. */
#include "lib/model/model_index.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/path.h"

#define INDEX_MAX ((size_t)1 << 20)

/* "<buffer> <message>", cut in place. */
static enum err
take_line(
    const char *path, char *line, struct model_index *out, struct buf *err)
{
	char *space = strchr(line, ' ');

	if (!space)
		return err_set(err, ERR_INVALID,
		    "%s: \"%s\" is not \"<buffer> <message>\"", path, line);
	*space = '\0';
	if (!path_is_component(line))
		return err_set(err, ERR_INVALID, "%s: bad buffer name", path);
	out->rows =
	    xreallocarray(out->rows, out->n_rows + 1, sizeof(*out->rows));
	out->rows[out->n_rows++] = (struct model_index_row){line, space + 1};
	return ERR_OK;
}

enum err
model_index_read(const char *dir, struct model_index *out, struct buf *err)
{
	struct buf path = BUF_INIT;
	char *line, *rest = NULL;
	enum err rc;

	*out = (struct model_index){.text = BUF_INIT};
	path_set(&path, "%s/" MODEL_INDEX_FILE, dir);
	rc = path_read_file(path.ptr, INDEX_MAX, &out->text, err);
	if (rc)
		goto out;
	out->module = strtok_r(out->text.ptr, "\n", &rest);
	if (!out->module)
		rc = err_set(err, ERR_INVALID, "%s is empty", path.ptr);
	while (!rc && (line = strtok_r(NULL, "\n", &rest)))
		rc = take_line(path.ptr, line, out, err);
out:
	buf_release(&path);
	return rc;
}

void
model_index_release(struct model_index *index)
{
	free(index->rows);
	buf_release(&index->text);
	*index = (struct model_index){.text = BUF_INIT};
}
