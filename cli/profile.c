#include "cli/profile.h"

#define DEFAULT_SERVER "127.0.0.1:9380"
#define NAME_LEN_MAX   128
#define SERVER_LEN_MAX 1024
#define NOTE_LEN_MAX   1024

static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static void
find_path(struct buf *path)
{
	const char *folder = environment("XDG_CONFIG_HOME");
	const char *home = environment("HOME");

	if (folder)
		buf_addf(path, "%s/fateflow/profiles", folder);
	else if (home)
		buf_addf(path, "%s/.config/fateflow/profiles", home);
}

/* A misspelled member would silently not count. */
static void
check_members(
    struct json_in *in, const cJSON *object, const char *one, const char *other)
{
	const cJSON *it;

	if (!cJSON_IsObject(object))
		return;
	cJSON_ArrayForEach(it, object)
	{
		if (strcmp(it->string, one) && strcmp(it->string, other))
			json_in_fault(in, "%s is unknown, expected %s or %s",
			    it->string, one, other);
	}
}

static enum err
check_row(const cJSON *row, struct buf *err)
{
	struct json_in in = {.obj = row};
	const char *server =
	    json_in_str(&in, "server", JSON_REQUIRED, SERVER_LEN_MAX);
	struct buf faults = BUF_INIT;
	enum err rc;

	json_in_str(&in, "note", JSON_OPTIONAL, NOTE_LEN_MAX);
	if (server &&
	    (!*server || strcspn(server, " \t\r\n") != strlen(server)))
		json_in_fault(&in,
		    "server is \"%s\", expected HOST:PORT or a "
		    "URL",
		    server);
	check_members(&in, row, "server", "note");
	rc = json_in_done(&in, &faults);
	if (rc)
		err_set(err, rc, "profile %s: %s", row->string, faults.ptr);
	buf_release(&faults);
	return rc;
}

static enum err
check_file(const cJSON *file, struct buf *err)
{
	struct json_in in = {.obj = file};
	const char *name =
	    json_in_str(&in, "default", JSON_OPTIONAL, NAME_LEN_MAX);
	const cJSON *row,
	    *rows = json_in_object(&in, "profiles", JSON_REQUIRED);
	enum err rc;

	check_members(&in, file, "default", "profiles");
	if (name && rows && !json_get(rows, name))
		json_in_fault(
		    &in, "default is \"%s\", which no profile has", name);
	rc = json_in_done(&in, err);
	cJSON_ArrayForEach(row, rows)
	{
		if (!rc)
			rc = check_row(row, err);
	}
	return rc;
}

enum err
profile_read(struct profile *p, struct buf *err)
{
	struct buf why = BUF_INIT;
	enum err rc;

	if (!p->path.len)
		find_path(&p->path);
	if (p->file || !p->path.len)
		return ERR_OK;
	rc = json_read_file(p->path.ptr, &p->file, &why);
	if (!rc)
		rc = check_file(p->file, &why);
	if (rc == ERR_NOTFOUND)
		rc = ERR_OK;
	else if (rc)
		rc = err_set(err, ERR_INVALID, "%s%s%s",
		    strstr(why.ptr, p->path.ptr) ? "" : p->path.ptr,
		    strstr(why.ptr, p->path.ptr) ? "" : ": ", why.ptr);
	buf_release(&why);
	return rc;
}

/* `from` is what asked for it, shown to the user. */
static enum err
take_profile(
    struct profile *p, const char *name, const char *from, struct buf *err)
{
	enum err rc = profile_read(p, err);

	if (rc)
		return rc;
	p->row = json_get(json_get(p->file, "profiles"), name);
	if (!p->row)
		return err_set(err, ERR_INVALID,
		    "%s: no profile \"%s\", which %s asks for",
		    p->path.len ? p->path.ptr : "no profile file", name, from);
	buf_adds(&p->server, json_str(p->row, "server", ""));
	buf_addf(&p->source, "the profile %s (%s)", name, from);
	return ERR_OK;
}

static enum err
take_server(struct profile *p, const char *server, const char *source)
{
	buf_adds(&p->server, server);
	buf_adds(&p->source, source);
	return ERR_OK;
}

enum err
profile_choose(const struct flags *flags, struct profile *out, struct buf *err)
{
	const char *server = environment("FATEFLOW_SERVER");
	const char *name = environment("FATEFLOW_PROFILE");
	enum err rc;

	if (flags->server)
		return take_server(out, flags->server, "--server");
	if (flags->profile)
		return take_profile(out, flags->profile, "--profile", err);
	if (server)
		return take_server(out, server, "$FATEFLOW_SERVER");
	if (name)
		return take_profile(out, name, "$FATEFLOW_PROFILE", err);
	rc = profile_read(out, err);
	name = json_str(out->file, "default", NULL);
	if (!rc && name)
		return take_profile(out, name, "the file's default", err);
	return rc ? rc : take_server(out, DEFAULT_SERVER, "nothing else");
}

void
profile_release(struct profile *p)
{
	cJSON_Delete(p->file);
	buf_release(&p->server);
	buf_release(&p->source);
	buf_release(&p->path);
}

void
profile_base(const struct profile *p, struct buf *base)
{
	const char *server = p->server.ptr;

	if (strncmp(server, "http://", 7) && strncmp(server, "https://", 8))
		buf_adds(base, "http://");
	buf_adds(base, server);
	while (base->len && base->ptr[base->len - 1] == '/')
		buf_truncate(base, base->len - 1);
	buf_adds(base, "/v1");
}
