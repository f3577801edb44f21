#include "cli/flags.h"
#include "cli/nearest.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"

#include <limits.h>
#include <unistd.h>

enum flag_type {
	FLAG_TEXT,
	FLAG_INT,
	FLAG_SIZE,
	FLAG_PATH, /* made absolute on its way into the request */
	FLAG_SET,  /* takes no value */
};

enum flag_origin {
	FLAG_FATE,
	FLAG_OWN,
	FLAG_COMMON, /* belongs to every command */
};

struct flag {
	const char *brief; /* "-j", or "" */
	const char *word;  /* "--job_id" */
	const char *key;   /* in the request, or NULL */
	enum flag_type type;
	enum flag_origin origin;
	size_t offset;
	const char *help;
};

#define ROW(brief, word, key, type, origin, member, help) \
	{                                                 \
		brief, word, key, type, origin,           \
		    offsetof(struct flags, member), help  \
	}
#define FATE(brief, name, type, member, help) \
	ROW(brief, "--" name, name, type, FLAG_FATE, member, help)

static const struct flag flags[] = {
    ROW("-f", "--function", "function", FLAG_TEXT, FLAG_COMMON, function,
	"the command by FATE's name"),
    ROW("-c", "--config", "config", FLAG_PATH, FLAG_COMMON, config,
	"JSON file that is the base of the request"),
    FATE("-d", "dsl", FLAG_TEXT, dsl, "JSON file with a job's DSL"),
    FATE("-j", "job_id", FLAG_TEXT, job_id, "job id"),
    FATE("-p", "party_id", FLAG_TEXT, party_id, "party id"),
    FATE("-r", "role", FLAG_TEXT, role, "guest, host, arbiter, local"),
    FATE("-cpn", "component_name", FLAG_TEXT, component_name,
	"component, e.g. hetero_lr_0"),
    FATE("-s", "status", FLAG_TEXT, status, "status, a filter"),
    FATE("-n", "namespace", FLAG_TEXT, name_space, "namespace of a table"),
    FATE("-t", "table_name", FLAG_TEXT, table_name, "name of a table"),
    FATE("-w", "work_mode", FLAG_INT, work_mode,
	"0: all parties on this site, 1: each on its own"),
    FATE("-i", "file", FLAG_TEXT, file, "file to send"),
    FATE("-o", "output_path", FLAG_PATH, output_path, "where to write"),
    FATE("-m", "model", FLAG_TEXT, model, "day YYYYMMDD of metrics"),
    FATE("-drop", "drop", FLAG_TEXT, drop,
	"a table that exists: 1 replaces it, 0 adds to it"),
    FATE("-limit", "limit", FLAG_INT, limit, "at most so many rows"),
    FATE("-verbose", "verbose", FLAG_INT, verbose,
	"1: show progress though stderr is no terminal"),
    FATE("-src_party_id", "src_party_id", FLAG_TEXT, src_party_id,
	"the party that asks"),
    FATE("-src_role", "src_role", FLAG_TEXT, src_role, "the role that asks"),
    FATE("-privilege_role", "privilege_role", FLAG_TEXT, privilege_role,
	"roles, a comma list, or all"),
    FATE("-privilege_command", "privilege_command", FLAG_TEXT,
	privilege_command, "commands, a comma list, or all"),
    FATE("-privilege_component", "privilege_component", FLAG_TEXT,
	privilege_component, "modules, a comma list, or all"),
    ROW("", "--model_id", "model_id", FLAG_TEXT, FLAG_OWN, model_id,
	"model id, as a job's model_info has it"),
    ROW("", "--model_version", "model_version", FLAG_TEXT, FLAG_OWN,
	model_version, "the id of the job that trained the model"),
    ROW("", "--head", "head", FLAG_INT, FLAG_OWN, head,
	"1: the file's first line is its header, 0: it has none"),
    ROW("", "--partition", "partition", FLAG_INT, FLAG_OWN, partition,
	"partitions of the table, 1 to 1023"),
    ROW("", "--service_id", "service_id", FLAG_TEXT, FLAG_OWN, service_id,
	"the id by which the model is served"),
    ROW("", "--session_id", "session_id", FLAG_TEXT, FLAG_OWN, session_id,
	"an upload by parts"),
    ROW("", "--operate", "operate", FLAG_TEXT, FLAG_OWN, operate,
	"kill: the job ends as failed, not as canceled"),
    ROW("", "--reason", "reason", FLAG_TEXT, FLAG_OWN, reason,
	"why, in your words: shown with the job"),
    ROW("", "--token", NULL, FLAG_TEXT, FLAG_OWN, token,
	"what makes the same submit again the same job (else a random one)"),
    ROW("", "--wait", NULL, FLAG_SET, FLAG_OWN, wait,
	"wait for the end of the job that this starts"),
    ROW("", "--timeout", NULL, FLAG_INT, FLAG_OWN, timeout,
	"give up after so many seconds of waiting"),
    ROW("", "--resume", NULL, FLAG_SET, FLAG_OWN, resume,
	"send by parts, and go on where an earlier try ended (from 64M on "
	"always)"),
    ROW("", "--no-resume", NULL, FLAG_SET, FLAG_OWN, no_resume,
	"send in one piece, whatever the size"),
    ROW("", "--part-size", NULL, FLAG_SIZE, FLAG_OWN, part_size,
	"bytes of a part, with K, M or G (8M)"),
    ROW("", "--force", NULL, FLAG_SET, FLAG_OWN, force,
	"replace files that are there already"),
    ROW("", "--server", NULL, FLAG_TEXT, FLAG_COMMON, server,
	"HOST:PORT (else --profile, $FATEFLOW_SERVER, ...)"),
    ROW("", "--profile", NULL, FLAG_TEXT, FLAG_COMMON, profile,
	"a server by its name in the profile file"),
    ROW("-h", "--help", NULL, FLAG_SET, FLAG_COMMON, help,
	"this text; with a command, that of the command"),
};

/* Equal for n characters, "-" and "_" being one. */
static bool
begins(const char *word, const char *with, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (word[i] != with[i] &&
		    !(i > 1 && strchr("-_", word[i]) && strchr("-_", with[i])))
			return false;
	return true;
}

/*
 * "--component=x" means --component_name: the beginning of one word only.
 * What FATE's client understands stays what it means there: a word of ours is
 * not looked at when one of FATE's begins so.
 */
static const struct flag *
find_abbreviated(const char *word, size_t len)
{
	const struct flag *found[2] = {NULL, NULL};
	int n[2] = {0, 0};

	for (size_t i = 0; len > 2 && i < ARRAY_LEN(flags); i++) {
		bool is_own = flags[i].origin == FLAG_OWN;

		if (strlen(flags[i].word) < len ||
		    !begins(flags[i].word, word, len))
			continue;
		if (!flags[i].word[len])
			return &flags[i];
		found[is_own] = &flags[i];
		n[is_own]++;
	}
	if (n[0])
		return n[0] == 1 ? found[0] : NULL;
	return n[1] == 1 ? found[1] : NULL;
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

/* "unrecognized arguments: --jobid" and what was perhaps meant. */
static enum err
unknown(const char *word, struct buf *err)
{
	struct nearest near = {.word = word};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		nearest_try(&near, flags[i].word);
	err_set(err, ERR_INVALID, "unrecognized arguments: %s", word);
	nearest_tell(&near, err);
	return ERR_INVALID;
}

static enum err
set(struct flags *out, const struct flag *flag, const char *value,
    struct buf *err)
{
	const char **text = (const char **)(void *)((char *)out + flag->offset);
	/* FATE's client takes any integer, and the server says what is wrong.
	 */
	int64_t ignored, min = flag->origin == FLAG_OWN ? 0 : INT_MIN;

	if (flag->type == FLAG_INT &&
	    num_parse_int(value, flag->word, min, INT_MAX, &ignored, NULL))
		return err_set(err, ERR_INVALID,
		    "argument %s%s%s: invalid int value: '%s'", flag->brief,
		    *flag->brief ? "/" : "", flag->word, value);
	if (flag->type == FLAG_SIZE &&
	    num_parse_size(value, flag->word, &ignored, err))
		return ERR_INVALID;
	*text = value;
	return ERR_OK;
}

/* As with argparse: a word that is a flag is no value, but "-1" is. */
static bool
is_flag(const char *word)
{
	const char *value;

	return word && *word == '-' && find(word, &value);
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
			return unknown(argv[i], err);
		if (flag->type == FLAG_SET) {
			*(bool *)((char *)out + flag->offset) = true;
			continue;
		}
		if (!value && (++i == argc || is_flag(argv[i])))
			return err_set(err, ERR_INVALID,
			    "argument %s%s%s: expected one argument",
			    flag->brief, *flag->brief ? "/" : "", flag->word);
		rc = set(out, flag, value ? value : argv[i], err);
		if (rc)
			return rc;
	}
	return ERR_OK;
}

/* Adds the parts of `path`; "." and ".." are gone through, as in Python. */
static void
add_parts(struct buf *out, const char *path)
{
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && !strncmp(p, "..", n)) {
			const char *slash = strrchr(out->ptr, '/');

			buf_truncate(
			    out, slash ? (size_t)(slash - out->ptr) : 0);
		} else if (n && !(n == 1 && *p == '.')) {
			buf_addc(out, '/');
			buf_add(out, p, n);
		}
		p += n + (p[n] == '/');
	}
}

static void
merge_path(cJSON *request, const char *key, const char *value)
{
	char cwd[PATH_MAX];
	struct buf path = BUF_INIT;

	if (*value != '/' && getcwd(cwd, sizeof(cwd)))
		add_parts(&path, cwd);
	add_parts(&path, value);
	if (!path.len)
		buf_adds(&path, "/");
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
	if (folder && *folder)
		merge_path(request, "output_path", folder);
	merge_local(f, request);
}

static bool
is_given(const struct flags *f, const struct flag *flag)
{
	const char *at = (const char *)f + flag->offset;

	if (flag->type == FLAG_SET)
		return *(const bool *)at;
	return *(const char *const *)(const void *)at != NULL;
}

const char *
flags_unread(
    const struct flags *f, bool own_only, flags_reads *reads, const void *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		const struct flag *flag = &flags[i];

		if (flag->origin == FLAG_COMMON ||
		    (own_only && flag->origin == FLAG_FATE))
			continue;
		if (is_given(f, flag) && !reads(flag->word + 2, arg))
			return flag->word;
	}
	return NULL;
}

static void
print_row(const struct flag *flag, const char *note, struct buf *out)
{
	static const char *const values[] = {
	    [FLAG_TEXT] = " TEXT",
	    [FLAG_INT] = " N",
	    [FLAG_SIZE] = " SIZE",
	    [FLAG_PATH] = " PATH",
	    [FLAG_SET] = "",
	};
	struct buf left = BUF_INIT;
	bool is_same = !strcmp(flag->brief, flag->word + 1);

	buf_addf(&left, "%s%s%s%s", is_same ? "" : flag->brief,
	    *flag->brief && !is_same ? ", " : "", flag->word + is_same,
	    values[flag->type]);
	buf_addf(out, "  %-28s %s%s\n", left.ptr, flag->help, note);
	buf_release(&left);
}

bool
flags_print_one(const char *name, const char *note, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (!strcmp(flags[i].word + 2, name)) {
			print_row(&flags[i], note, out);
			return true;
		}
	return false;
}

void
flags_print_help(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		print_row(&flags[i], "", out);
}
