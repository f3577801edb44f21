/*
 * One table holds every key: where it stands in the file and in the struct,
 * its type, default and range. Reading is a walk over the file's settings
 * (so that an unknown key is met and refused), then one over the table.
 *
 * libconfig reads an integer that does not fit without a word, so numbers of
 * more than nine digits are refused on the text, before it parses.
 *
 * LIMIT: a unix socket's path has at most 107 bytes, so runtime_dir must be
 * short; 80 bytes leave room for the sockets' names.
 */
#include "lib/base/cfg.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/path.h"

#include <ctype.h>
#include <libconfig.h>
#include <stdlib.h>

#define CFG_SIZE_MAX	((size_t)1 << 20)
#define RUNTIME_DIR_MAX 80

enum cfg_type { CFG_STRING, CFG_INT, CFG_BOOL, CFG_SIZE, CFG_DURATION };

struct cfg_key {
	const char *path;
	enum cfg_type type;
	size_t offset;
	const char *fallback; /* as it would stand in the file */
	int64_t min, max;
};

#define STRING(section, name, fallback)                                \
	{                                                              \
#section "." #name, CFG_STRING,                        \
		    offsetof(struct cfg, section.name), fallback, 0, 0 \
	}
#define NUMBER(section, name, type, fallback, min, max)                       \
	{                                                                     \
#section "." #name, type, offsetof(struct cfg, section.name), \
		    fallback, min, max                                        \
	}

#define HOUR ((int64_t)3600000)
#define GIB  ((int64_t)1 << 30)

static const struct cfg_key keys[] = {
    STRING(site, work_dir, "/var/lib/fateflow"),
    STRING(site, runtime_dir, "/run/fateflow"),
    STRING(site, address, "127.0.0.1:9380"),
    STRING(site, board_url, "http://localhost:8080"),
    NUMBER(site, min_free, CFG_SIZE, "256M", 0, 1048576 * GIB),
    NUMBER(site, warn_free, CFG_SIZE, "1G", 0, 1048576 * GIB),
    STRING(database, socket, "/run/mysqld/mysqld.sock"),
    STRING(database, host, "127.0.0.1"),
    NUMBER(database, port, CFG_INT, "3306", 1, 65535),
    STRING(database, user, "fateflow"),
    STRING(database, password_file, ""),
    STRING(database, name, "fateflow"),
    NUMBER(database, connect_timeout_ms, CFG_DURATION, "5s", 100, HOUR),
    NUMBER(database, answer_timeout_ms, CFG_DURATION, "12s", 1000, HOUR),
    NUMBER(api, workers, CFG_INT, "4", 1, 256),
    NUMBER(api, bulk_workers, CFG_INT, "4", 1, 256),
    NUMBER(api, requests_per_worker, CFG_INT, "100000", 1, 999999999),
    NUMBER(api, body_limit, CFG_SIZE, "8M", 1024, GIB / 16),
    NUMBER(api, upload_limit, CFG_SIZE, "0", 0, 1048576 * GIB),
    NUMBER(api, upload_session_ttl, CFG_DURATION, "7d", 1000, 8760 * HOUR),
    NUMBER(api, model_limit, CFG_SIZE, "1G", 1024, 4 * GIB - 1),
    NUMBER(api, read_timeout_ms, CFG_DURATION, "60s", 100, HOUR),
    STRING(api, input_dir, ""),
    STRING(api, output_dir, ""),
    STRING(api, url_prefix, ""),
    NUMBER(api, authentication, CFG_BOOL, "false", 0, 1),
    NUMBER(scheduler, max_jobs, CFG_INT, "20", 1, 10000),
    NUMBER(scheduler, max_tasks, CFG_INT, "60", 1, 10000),
    NUMBER(scheduler, cores, CFG_INT, "0", 0, 1000000),
    NUMBER(scheduler, memory, CFG_SIZE, "0", 0, 1048576 * GIB),
    NUMBER(scheduler, max_tasks_per_party, CFG_INT, "0", 0, 10000),
    STRING(scheduler, party_limits, ""),
    STRING(scheduler, role_limits, ""),
    NUMBER(scheduler, max_passed_over_ms, CFG_DURATION, "10m", 0, 8760 * HOUR),
    NUMBER(scheduler, job_timeout_ms, CFG_DURATION, "7d", 1000, 8760 * HOUR),
    NUMBER(scheduler, lease_ms, CFG_DURATION, "4s", 1000, HOUR),
    NUMBER(scheduler, stop_grace_ms, CFG_DURATION, "3s", 0, HOUR),
    NUMBER(scheduler, retry_delay_ms, CFG_DURATION, "5s", 0, HOUR),
    NUMBER(scheduler, progress_timeout_ms, CFG_DURATION, "6h", 0, 8760 * HOUR),
    STRING(scheduler, task_program, "/usr/bin/fateflow-task"),
    STRING(scheduler, keeper_program, "/usr/bin/fateflow-keeper"),
    NUMBER(federation, keep_messages, CFG_BOOL, "false", 0, 1),
    NUMBER(federation, mailbox_quota, CFG_SIZE, "4G", 0, 1048576 * GIB),
    NUMBER(federation, mask_bits, CFG_INT, "320", 224, 1024),
    NUMBER(federation, keep_signed_ids, CFG_BOOL, "false", 0, 1),
    NUMBER(retention, scratch, CFG_DURATION, "0", 0, 87600 * HOUR),
    NUMBER(retention, metrics, CFG_DURATION, "0", 0, 87600 * HOUR),
    NUMBER(retention, tables, CFG_DURATION, "0", 0, 87600 * HOUR),
    NUMBER(retention, jobs, CFG_DURATION, "0", 0, 87600 * HOUR),
    NUMBER(retention, cache, CFG_DURATION, "7d", 0, 87600 * HOUR),
    STRING(serving, addresses, ""),
    STRING(model_store, name, ""),
    STRING(model_store, socket, "/run/mysqld/mysqld.sock"),
    STRING(model_store, host, "127.0.0.1"),
    NUMBER(model_store, port, CFG_INT, "3306", 1, 65535),
    STRING(model_store, user, "fateflow"),
    STRING(model_store, password_file, ""),
};

static void *
member(struct cfg *c, const struct cfg_key *key)
{
	return (char *)c + key->offset;
}

static enum err
set_number(
    struct cfg *c, const struct cfg_key *key, const char *text, struct buf *err)
{
	int64_t v = 0;
	enum err rc;

	if (key->type == CFG_SIZE)
		rc = num_parse_size(text, key->path, &v, err);
	else if (key->type == CFG_DURATION)
		rc = num_parse_duration(text, key->path, &v, err);
	else
		rc =
		    num_parse_int(text, key->path, key->min, key->max, &v, err);
	if (!rc && (v < key->min || v > key->max))
		rc = err_set(err, ERR_INVALID,
		    "%s is '%s', expected %lld..%lld", key->path, text,
		    (long long)key->min, (long long)key->max);
	*(int64_t *)member(c, key) = v;
	return rc;
}

static enum err
set_text(
    struct cfg *c, const struct cfg_key *key, const char *text, struct buf *err)
{
	char **s = member(c, key);

	if (key->type == CFG_BOOL) {
		*(bool *)member(c, key) = !strcmp(text, "true");
		return ERR_OK;
	}
	if (key->type != CFG_STRING)
		return set_number(c, key, text, err);
	free(*s);
	*s = xstrdup(text);
	return ERR_OK;
}

static const struct cfg_key *
find_key(const char *section, const char *name)
{
	size_t n = strlen(section);

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!strncmp(keys[i].path, section, n) &&
		    keys[i].path[n] == '.' &&
		    !strcmp(keys[i].path + n + 1, name))
			return &keys[i];
	return NULL;
}

static enum err
read_setting(struct cfg *c, const char *path, const char *section,
    config_setting_t *s, struct buf *err)
{
	static const struct {
		int type;
		const char *name;
	} wants[] = {
	    [CFG_STRING] = {CONFIG_TYPE_STRING, "a string"},
	    [CFG_INT] = {CONFIG_TYPE_INT, "an integer"},
	    [CFG_BOOL] = {CONFIG_TYPE_BOOL, "true or false"},
	    [CFG_SIZE] = {CONFIG_TYPE_STRING, "a size such as \"64M\""},
	    [CFG_DURATION] = {CONFIG_TYPE_STRING, "a time such as \"30s\""},
	};
	const char *name = config_setting_name(s);
	const struct cfg_key *key = find_key(section, name);
	unsigned line = config_setting_source_line(s);
	char number[24];

	if (!key)
		return err_set(err, ERR_INVALID,
		    "%s line %u: unknown key %s.%s", path, line, section, name);
	if (config_setting_type(s) != wants[key->type].type)
		return err_set(err, ERR_INVALID, "%s line %u: %s must be %s",
		    path, line, key->path, wants[key->type].name);
	if (key->type == CFG_INT) {
		snprintf(
		    number, sizeof(number), "%d", config_setting_get_int(s));
		return set_text(c, key, number, err);
	}
	if (key->type == CFG_BOOL)
		return set_text(
		    c, key, config_setting_get_bool(s) ? "true" : "false", err);
	return set_text(c, key, config_setting_get_string(s), err);
}

static enum err
read_section(
    struct cfg *c, const char *path, config_setting_t *section, struct buf *err)
{
	enum err rc = ERR_OK;

	if (!config_setting_is_group(section))
		return err_set(err, ERR_INVALID,
		    "%s line %u: %s must be a group { ... }", path,
		    config_setting_source_line(section),
		    config_setting_name(section));
	for (int i = 0; !rc && i < config_setting_length(section); i++)
		rc = read_setting(c, path, config_setting_name(section),
		    config_setting_get_elem(section, (unsigned)i), err);
	return rc;
}

/* A run of ten digits that is not inside a string or a comment. */
static enum err
refuse_long_numbers(const char *path, const char *text, struct buf *err)
{
	unsigned line = 1, digits = 0;
	char inside = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '\n') {
			line++;
			inside = inside == '#' ? 0 : inside;
		}
		if (*p == '"')
			inside = inside == '"' ? 0 : inside ? inside : '"';
		else if (!inside && (*p == '#' || (*p == '/' && p[1] == '/')))
			inside = '#';
		digits = !inside && isdigit((unsigned char)*p) ? digits + 1 : 0;
		if (digits > 9)
			return err_set(err, ERR_INVALID,
			    "%s line %u: a number of more than nine digits; "
			    "write sizes and times as strings with units",
			    path, line);
	}
	return ERR_OK;
}

static enum err
read_text(struct cfg *c, const char *path, const char *text, struct buf *err)
{
	enum err rc = refuse_long_numbers(path, text, err);
	config_setting_t *root;
	config_t file;

	if (rc)
		return rc;
	config_init(&file);
	if (!config_read_string(&file, text)) {
		rc = err_set(err, ERR_INVALID, "%s line %d: %s", path,
		    config_error_line(&file), config_error_text(&file));
		goto out;
	}
	root = config_root_setting(&file);
	for (int i = 0; !rc && i < config_setting_length(root); i++)
		rc = read_section(
		    c, path, config_setting_get_elem(root, (unsigned)i), err);
out:
	config_destroy(&file);
	return rc;
}

enum err
cfg_load(struct cfg *c, const char *path, struct buf *err)
{
	struct buf text = BUF_INIT;
	enum err rc = ERR_OK;

	memset(c, 0, sizeof(*c));
	for (size_t i = 0; !rc && i < ARRAY_LEN(keys); i++)
		rc = set_text(c, &keys[i], keys[i].fallback, err);
	if (!rc)
		rc = path_read_file(path, CFG_SIZE_MAX, &text, err);
	if (!rc)
		rc = read_text(c, path, text.ptr, err);
	if (!rc && strlen(c->site.runtime_dir) > RUNTIME_DIR_MAX)
		rc = err_set(err, ERR_INVALID,
		    "%s: site.runtime_dir has %zu bytes, at most %d leave room "
		    "for a socket's name",
		    path, strlen(c->site.runtime_dir), RUNTIME_DIR_MAX);
	if (!rc)
		c->path = realpath(path, NULL);
	if (rc)
		cfg_release(c);
	buf_release(&text);
	return rc;
}

void
cfg_release(struct cfg *c)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].type == CFG_STRING) {
			char **s = member(c, &keys[i]);

			free(*s);
			*s = NULL;
		}
	free(c->path);
	c->path = NULL;
}

static void
print_value(const struct cfg *c, const struct cfg_key *key, struct buf *out)
{
	const void *at = (const char *)c + key->offset;

	if (key->type == CFG_STRING)
		json_print_str(*(char *const *)at, false, out);
	else if (key->type == CFG_BOOL)
		buf_adds(out, *(const bool *)at ? "true" : "false");
	else
		buf_addf(out,
		    key->type == CFG_DURATION ? "\"%lldms\""
		    : key->type == CFG_SIZE   ? "\"%lld\""
					      : "%lld",
		    (long long)*(const int64_t *)at);
}

void
cfg_print(const struct cfg *c, struct buf *out)
{
	const char *section = "";
	size_t section_len = 0;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t n = strcspn(keys[i].path, ".");

		if (n != section_len || strncmp(section, keys[i].path, n)) {
			if (*section)
				buf_adds(out, "};\n");
			section = keys[i].path;
			section_len = n;
			buf_addf(out, "%.*s = {\n", (int)n, section);
		}
		buf_addf(out, "\t%s = ", keys[i].path + n + 1);
		print_value(c, &keys[i], out);
		buf_adds(out, ";\n");
	}
	buf_adds(out, "};\n");
}

const char *
cfg_default_path(void)
{
	const char *path = getenv("FATEFLOW_CONF");

	return path && *path ? path : "/etc/fateflow.conf";
}
