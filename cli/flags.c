#include "cli/flags.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/base/path.h"

#include <limits.h>
#include <unistd.h>

enum flag_type {
	FLAG_TEXT,
	FLAG_INT,
	FLAG_PATH, /* made absolute on its way into the request */
	FLAG_SET,  /* takes no value */
};

struct flag {
	const char *brief; /* "-j", or "" */
	const char *word;  /* "--job_id" */
	const char *key;   /* in the request, or NULL */
	enum flag_type type;
	size_t offset;
	const char *help;
};

#define FLAG(brief, word, key, type, member, help)                           \
	{                                                                    \
		brief, word, key, type, offsetof(struct flags, member), help \
	}

static const struct flag flags[] = {
    FLAG("-f", "--function", "function", FLAG_TEXT, function,
	"the command (required)"),
    FLAG("-c", "--config", "config", FLAG_PATH, config,
	"JSON file that is the base of the request"),
    FLAG("-d", "--dsl", "dsl", FLAG_TEXT, dsl, "JSON file with a job's DSL"),
    FLAG("-j", "--job_id", "job_id", FLAG_TEXT, job_id, "job id"),
    FLAG("-p", "--party_id", "party_id", FLAG_TEXT, party_id, "party id"),
    FLAG(
	"-r", "--role", "role", FLAG_TEXT, role, "guest, host, arbiter, local"),
    FLAG("-cpn", "--component_name", "component_name", FLAG_TEXT,
	component_name, "component, e.g. hetero_lr_0"),
    FLAG("-s", "--status", "status", FLAG_TEXT, status, "status, a filter"),
    FLAG("-n", "--namespace", "namespace", FLAG_TEXT, name_space,
	"namespace of a table"),
    FLAG("-t", "--table_name", "table_name", FLAG_TEXT, table_name,
	"name of a table"),
    FLAG("-w", "--work_mode", "work_mode", FLAG_INT, work_mode,
	"0: all parties on this site"),
    FLAG("-i", "--file", "file", FLAG_TEXT, file, "file to upload"),
    FLAG("-o", "--output_path", "output_path", FLAG_PATH, output_path,
	"where to write"),
    FLAG("-m", "--model", "model", FLAG_TEXT, model, "day YYYYMMDD of metrics"),
    FLAG("-drop", "--drop", "drop", FLAG_TEXT, drop,
	"1: replace a table that exists"),
    FLAG("-limit", "--limit", "limit", FLAG_INT, limit, "at most so many rows"),
    FLAG("-verbose", "--verbose", "verbose", FLAG_INT, verbose,
	"1: show progress though stderr is no terminal"),
    FLAG("", "--server", NULL, FLAG_TEXT, server,
	"HOST:PORT (else $FATEFLOW_SERVER, else 127.0.0.1:9380)"),
    FLAG("", "--wait", NULL, FLAG_SET, wait,
	"submit_job, upload: wait for the end of the job"),
    FLAG("", "--timeout", NULL, FLAG_INT, timeout,
	"give up waiting after so many seconds"),
    FLAG("-h", "--help", NULL, FLAG_SET, help,
	"this text, or with -f that of a command"),
};

/* "--component=x" means --component_name: the beginning of one word only. */
static const struct flag *
find_abbreviated(const char *word, size_t len)
{
	const struct flag *found = NULL;

	for (size_t i = 0; len > 2 && i < ARRAY_LEN(flags); i++) {
		if (strncmp(word, flags[i].word, len))
			continue;
		if (!flags[i].word[len])
			return &flags[i];
		if (found)
			return NULL;
		found = &flags[i];
	}
	return found;
}

/* *value_out: what stands behind "=" in a double-dash word, or NULL. */
static const struct flag *
find(const char *word, const char **value_out)
{
	size_t len = strcspn(word, "=");

	*value_out = NULL;
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		const char *single = flags[i].word + 1;

		if (!strcmp(word, flags[i].brief) || !strcmp(word, single))
			return &flags[i];
	}
	if (strncmp(word, "--", 2))
		return NULL;
	if (word[len])
		*value_out = word + len + 1;
	return find_abbreviated(word, len);
}

static enum err
set(struct flags *out, const struct flag *flag, const char *value,
    struct buf *err)
{
	const char **text = (const char **)(void *)((char *)out + flag->offset);
	int64_t ignored;

	if (flag->type == FLAG_INT &&
	    num_parse_int(value, flag->word, INT_MIN, INT_MAX, &ignored, NULL))
		return err_set(err, ERR_INVALID,
		    "argument %s%s%s: invalid int value: '%s'", flag->brief,
		    *flag->brief ? "/" : "", flag->word, value);
	*text = value;
	return ERR_OK;
}

enum err
flags_parse(int argc, char *const *argv, struct flags *out, struct buf *err)
{
	memset(out, 0, sizeof(*out));
	for (int i = 1; i < argc; i++) {
		const char *value;
		const struct flag *flag = find(argv[i], &value);
		enum err rc;

		if (!flag || (value && flag->type == FLAG_SET))
			return err_set(err, ERR_INVALID,
			    "unrecognized arguments: %s", argv[i]);
		if (flag->type == FLAG_SET) {
			*(bool *)((char *)out + flag->offset) = true;
			continue;
		}
		if (!value && ++i == argc)
			return err_set(err, ERR_INVALID,
			    "argument %s%s%s: expected one argument",
			    flag->brief, *flag->brief ? "/" : "", flag->word);
		rc = set(out, flag, value ? value : argv[i], err);
		if (rc)
			return rc;
	}
	return ERR_OK;
}

static void
merge_path(cJSON *request, const char *key, const char *value)
{
	char cwd[PATH_MAX];
	struct buf path = BUF_INIT;

	if (*value != '/' && getcwd(cwd, sizeof(cwd)))
		path_set(&path, "%s/%s", cwd, value);
	else
		buf_adds(&path, value);
	cJSON_DeleteItemFromObjectCaseSensitive(request, key);
	json_add_str(request, key, path.ptr);
	buf_release(&path);
}

/* "local" tells the server for whom a query is asked. */
static void
merge_local(const struct flags *f, cJSON *request)
{
	cJSON *local;

	if (!f->role && !f->party_id)
		return;
	local = cJSON_GetObjectItemCaseSensitive(request, "local");
	if (!cJSON_IsObject(local)) {
		cJSON_DeleteItemFromObjectCaseSensitive(request, "local");
		local = cJSON_AddObjectToObject(request, "local");
	}
	if (f->role)
		json_add_str(local, "role", f->role);
	if (f->party_id)
		json_add_str(local, "party_id", f->party_id);
}

void
flags_merge(const struct flags *f, cJSON *request)
{
	const char *folder;

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		const struct flag *flag = &flags[i];
		const char *value;
		int64_t number = 0;

		if (!flag->key)
			continue;
		value = *(const char *const *)(const void *)((const char *)f +
							     flag->offset);
		if (!value)
			continue;
		if (flag->type == FLAG_PATH) {
			merge_path(request, flag->key, value);
			continue;
		}
		cJSON_DeleteItemFromObjectCaseSensitive(request, flag->key);
		if (flag->type == FLAG_INT) {
			num_parse_int(
			    value, flag->word, INT_MIN, INT_MAX, &number, NULL);
			json_add_int(request, flag->key, number);
		} else {
			json_add_str(request, flag->key, value);
		}
	}
	folder = json_str(request, "output_path", NULL);
	if (folder && *folder != '/')
		merge_path(request, "output_path", folder);
	merge_local(f, request);
}

void
flags_print_help(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		buf_addf(out, "  %-8s %-18s %s\n", flags[i].brief,
		    flags[i].word, flags[i].help);
}
