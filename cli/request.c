#include "cli/request.h"
#include "lib/base/path.h"

#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 65536

enum err
request_read_json(const char *path, cJSON **out, struct buf *err)
{
	FILE *in = fopen(path, "re");
	struct buf text = BUF_INIT;
	enum err rc = ERR_OK;
	char block[BLOCK];
	size_t n;

	if (!in)
		return err_set_errno(err, ERR_NOTFOUND, "cannot open %s", path);
	while (text.len <= JSON_SIZE_MAX &&
	       (n = fread(block, 1, sizeof(block), in)) > 0)
		buf_add(&text, block, n);
	if (ferror(in))
		rc = err_set_errno(err, ERR_NOTFOUND, "cannot read %s", path);
	else
		rc = json_parse(text.ptr, text.len, path, out, err);
	fclose(in);
	buf_release(&text);
	return rc;
}

enum err
request_make(const struct flags *flags, cJSON **out, struct buf *err)
{
	cJSON *request = NULL;
	enum err rc = ERR_OK;

	if (flags->config)
		rc = request_read_json(flags->config, &request, err);
	else
		request = cJSON_CreateObject();
	if (!rc && !cJSON_IsObject(request))
		rc = err_set(err, ERR_INVALID, "%s must hold a JSON object",
		    flags->config);
	if (rc) {
		cJSON_Delete(request);
		return rc;
	}
	flags_merge(flags, request);
	*out = request;
	return ERR_OK;
}

enum err
request_check(const struct command *c, const cJSON *request, struct buf *err)
{
	struct buf missing = BUF_INIT;
	struct command_key key;
	enum err rc = ERR_OK;

	for (const char *at = c->keys; command_next_key(&at, &key);)
		if (key.is_checked && !json_get(request, key.name))
			buf_addf(
			    &missing, "%s%s", missing.len ? "," : "", key.name);
	if (missing.len)
		rc = err_set(err, ERR_INVALID,
		    "the following arguments are required: %s ", missing.ptr);
	buf_release(&missing);
	return rc;
}

enum err
request_find_file(const struct call *call, struct buf *path, struct buf *err)
{
	const char *file = json_str(call->request, "file", "");
	struct buf folder = BUF_INIT;
	struct stat st;

	buf_adds(path, file);
	if (access(path->ptr, F_OK) && *file != '/' && call->flags->config &&
	    !call->flags->file)
		path_set(path, "%s/%s",
		    path_parent(call->flags->config, &folder), file);
	buf_release(&folder);
	if (stat(path->ptr, &st))
		return err_set(err, ERR_NOTFOUND,
		    "The file is obtained from the fate flow client machine, "
		    "but it does not exist, please check the path: %s",
		    file);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_NOTFOUND,
		    "%s is a folder, expected a file", path->ptr);
	if (access(path->ptr, R_OK))
		return err_set_errno(
		    err, ERR_NOTFOUND, "cannot read %s", path->ptr);
	return ERR_OK;
}

const char *
request_file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void
request_text(const cJSON *member, struct buf *out)
{
	if (cJSON_IsString(member))
		buf_adds(out, member->valuestring);
	else
		json_print(member, JSON_COMPACT, out);
}
