/*
 * Intersection: the rows whose ids all parties have. This file checks the
 * parameters, runs the method, and writes the party's own rows of the common
 * ids with the schema they came with.
 */
#include "task/components/intersection.h"
#include "lib/base/mem.h"

#include <strings.h>

/* The value that FATE leaves in a row when only keys are wanted. */
static const char only_key_text[] = "intersect_id";

static enum err
check_task(const struct task *t, struct buf *err)
{
	size_t guests = task_n_peers(t, "guest"),
	       hosts = task_n_peers(t, "host");
	bool is_guest = !strcmp(t->role, "guest");

	if (json_bool(t->param, "repeated_id_process", false) &&
	    !json_bool(t->param, "sync_intersect_ids", true) &&
	    !strcasecmp(json_str(t->param, "join_role", "guest"), "host") &&
	    !strcasecmp(json_str(t->param, "intersect_method", "rsa"), "raw"))
		return err_set(err, ERR_INVALID,
		    "repeated_id_process with join_role \"host\" needs "
		    "sync_intersect_ids");
	if (json_bool(t->param, "repeated_id_process", false) &&
	    kept_is_asked_for(t))
		return err_set(err, ERR_INVALID,
		    "repeated_id_process and intersect_cache_param.use_cache "
		    "are both true");
	if (is_guest ? !hosts || guests : guests != 1)
		return err_set(err, ERR_INVALID,
		    "Intersection needs one guest and at least one host");
	return ERR_OK;
}

enum err
intersection_put(struct intersection *x, struct table_writer *out,
    const struct table_row *row, struct buf *err)
{
	struct table_row bare = {.id = row->id,
	    .id_len = row->id_len,
	    .text = only_key_text,
	    .text_len = sizeof(only_key_text) - 1};

	return table_writer_add(out, x->only_key ? &bare : row, err);
}

static enum err
copy_rows(struct intersection *x, struct table_writer *out, struct buf *err)
{
	struct table_row row;
	int64_t i = 0;
	enum err rc;

	if (x->repeats)
		return x->is_owner ? repeat_write_own(x, out, err)
				   : repeat_write_host(x, out, err);
	table_reader_rewind(x->reader);
	while (!(rc = table_reader_next(x->reader, &row, err))) {
		if (!x->set.common[i++])
			continue;
		rc = intersection_put(x, out, &row, err);
		if (rc)
			return rc;
	}
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static enum err
write_output(struct intersection *x, struct buf *err)
{
	struct table_writer *out = NULL;
	struct table_schema schema;
	struct table_stats stats;
	enum err rc;

	table_schema_init(&schema, TABLE_RAW);
	if (!x->only_key) {
		table_schema_release(&schema);
		repeat_schema(
		    table_reader_schema(x->reader), x->is_owner, &schema);
	}
	rc = table_writer_open(
	    task_output_path(x->task), &schema, TABLE_SORTED, &out, err);
	if (!rc)
		rc = copy_rows(x, out, err);
	if (!rc)
		rc = table_writer_finish(&out, &stats, err);
	if (!rc)
		task_output_table(
		    x->task, &stats, &schema, x->input->partitions);
	table_writer_abort(&out);
	table_schema_release(&schema);
	return rc;
}

static void
report(struct intersection *x)
{
	int64_t rows = table_reader_count(x->reader);
	int64_t n = x->has_result ? idset_count(&x->set) : -1;
	char count[24];

	/* A host's own rows count as often as they are repeated. */
	if (x->repeats && !x->is_owner && x->has_result) {
		rows += x->n_repeated - n;
		n = x->n_repeated;
	}

	snprintf(count, sizeof(count), "%lld", (long long)n);
	task_metric(
	    x->task, "train", "intersection", "\"intersect_count\"", count);
	if (x->has_result)
		task_metric_value(x->task, "train", "intersection",
		    "intersect_rate", (double)n / (double)rows);
	else
		task_metric(x->task, "train", "intersection",
		    "\"intersect_rate\"", "-1");
	task_metric_meta(x->task, "train", "intersection", "intersection",
	    "INTERSECTION", NULL);
}

/* Submitting accepts any case; a word that is none of ours sends nothing. */
static const struct method {
	const char *name;
	enum err (*run)(struct intersection *x, struct buf *err);
} methods[] = {{"rsa", intersection_rsa}, {"raw", intersection_raw}};

static enum err
find_method(const struct task *t, const struct method **out, struct buf *err)
{
	const char *name = json_str(t->param, "intersect_method", "rsa");

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (!strcasecmp(methods[i].name, name)) {
			*out = &methods[i];
			return ERR_OK;
		}
	return err_set(err, ERR_INVALID,
	    "intersect_method is \"%.64s\", expected \"rsa\" or \"raw\"", name);
}

static void
tell_unused_cache(const struct task *t, const struct method *method)
{
	const char *why = NULL;

	if (method->run != intersection_rsa || strcmp(t->role, "host") != 0)
		why = "ids are kept by a host, with the method rsa";
	else if (!kept_is_allowed(t))
		why = "this site keeps no signed ids "
		      "(federation.keep_signed_ids)";
	if (why && kept_is_asked_for(t))
		task_log(t, "intersect_cache_param.use_cache has no effect: %s",
		    why);
}

static void
tell_unused(const struct task *t, const struct method *method)
{
	tell_unused_cache(t, method);
	if (json_bool(t->param, "allow_info_share", false))
		task_log(t, "allow_info_share has no effect: no party's "
			    "values are sent to another");
}

enum err
intersection_run(struct task *t, struct buf *err)
{
	struct intersection x = {.task = t, .input = task_any_input(t)};
	const struct method *method = NULL;
	enum err rc = check_task(t, err);

	if (!rc)
		rc = find_method(t, &method, err);
	x.sync = json_bool(t->param, "sync_intersect_ids", true);
	x.only_key = json_bool(t->param, "only_output_key", false);
	x.repeats = json_bool(t->param, "repeated_id_process", false);
	x.is_owner = x.repeats && !strcmp(t->role, "guest");
	if (!rc && (!x.input || !x.input->path))
		rc = err_set(
		    err, ERR_INVALID, "Intersection has no input table");
	if (!rc)
		tell_unused(t, method);
	if (!rc)
		rc = table_reader_open(x.input->path, &x.reader, err);
	if (rc)
		return rc;
	idset_init(&x.set, table_reader_count(x.reader));
	rc = method->run(&x, err);
	if (!rc && x.is_owner && x.sync)
		rc = repeat_tell(&x, err);
	if (!rc && x.has_result)
		rc = write_output(&x, err);
	if (!rc)
		report(&x);
	idset_release(&x.set);
	table_reader_close(&x.reader);
	return rc;
}
