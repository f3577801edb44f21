/*
 * Rsa: a party signs its ids with a key of its own and keeps, under a name
 * that it chose, which id each digest stands for. Nothing goes to another
 * party, and no message says anything of the key.
 *
 * The digest is FATE's: SHA-256 over the decimal digits of H(id)^d mod n, in
 * hex. Rows come in the order of ids and leave in that of digests.
 */
#include "lib/base/mem.h"
#include "lib/crypto/rsa_blind.h"
#include "task/task.h"

#include <stdlib.h>

#define PROGRESS_EVERY 1024
#define SIGN_GROUP     ((size_t)64)

struct rsa {
	struct task *task;
	const struct task_data *input;
	struct table_reader *reader;
	struct table_writer *writer;
	struct rsa_secret *key;
	const char *name_space;
	const char *name;
	/* ids on their way through the key, as many as pay at once */
	mpz_t h[SIGN_GROUP];
	struct buf ids[SIGN_GROUP];
	size_t n;
	struct buf digits;
};

static enum err
read_names(struct rsa *r, struct buf *err)
{
	struct json_in in = {.obj = r->task->param};

	r->name_space =
	    json_in_str(&in, "save_out_table_namespace", JSON_REQUIRED, 512);
	r->name = json_in_str(&in, "save_out_table_name", JSON_REQUIRED, 512);
	return json_in_done(&in, err);
}

/* What is no integer is told by its name alone. */
static enum err
read_key(struct rsa *r, struct buf *err)
{
	static const char *const names[] = {
	    "rsa_key_n", "rsa_key_e", "rsa_key_d"};
	struct buf digits[ARRAY_LEN(names)];
	enum err rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		buf_init(&digits[i]);
		if (!rc && !json_integer_text(
			       json_get(r->task->param, names[i]), &digits[i]))
			rc = err_set(err, ERR_INVALID,
			    "%s is no integer, as a number or as a text of "
			    "its digits",
			    names[i]);
	}
	if (!rc)
		rc = rsa_secret_parse(&(struct rsa_given){digits[0].ptr,
					  digits[1].ptr, digits[2].ptr},
		    &r->key, err);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		explicit_bzero(digits[i].ptr, digits[i].len);
		buf_release(&digits[i]);
	}
	return rc;
}

static enum err
write_row(
    struct rsa *r, const mpz_t signed_id, const struct buf *id, struct buf *err)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	char hex[DIGEST_HEX_LEN];
	struct table_row out = {.id = hex,
	    .id_len = DIGEST_HEX_LEN - 1,
	    .text = id->ptr,
	    .text_len = id->len};

	buf_reset(&r->digits);
	buf_reserve(&r->digits, mpz_sizeinbase(signed_id, 10) + 2);
	mpz_get_str(r->digits.ptr, 10, signed_id);
	digest_sha256(r->digits.ptr, strlen(r->digits.ptr), digest);
	digest_hex(digest, sizeof(digest), hex);
	return table_writer_add(r->writer, &out, err);
}

static enum err
write_group(struct rsa *r, struct buf *err)
{
	enum err rc = ERR_OK;

	rsa_sign_many(r->key, r->h, r->n);
	for (size_t i = 0; !rc && i < r->n; i++)
		rc = write_row(r, r->h[i], &r->ids[i], err);
	r->n = 0;
	return rc;
}

static enum err
add_row(struct rsa *r, const struct table_row *row, struct buf *err)
{
	rsa_hash_id(r->h[r->n], row->id, row->id_len);
	buf_reset(&r->ids[r->n]);
	buf_add(&r->ids[r->n], row->id, row->id_len);
	return ++r->n < SIGN_GROUP ? ERR_OK : write_group(r, err);
}

static enum err
write_rows(struct rsa *r, struct buf *err)
{
	int64_t total = table_reader_count(r->reader), n = 0;
	struct table_row row;
	enum err rc;

	while (!(rc = table_reader_next(r->reader, &row, err))) {
		rc = add_row(r, &row, err);
		if (rc)
			return rc;
		if (++n % PROGRESS_EVERY == 0)
			task_progress(r->task, (int)(n * 100 / total),
			    "%lld of %lld ids signed", (long long)n,
			    (long long)total);
	}
	return rc == ERR_NOTFOUND ? write_group(r, err) : rc;
}

static enum err
publish(struct rsa *r, const struct table_schema *schema, struct buf *err)
{
	struct table_stats stats;
	enum err rc = table_writer_finish(&r->writer, &stats, err);

	if (rc)
		return rc;
	task_publish_table(r->task, r->name_space, r->name, &stats, schema,
	    r->input->partitions, NULL);
	if (json_int(r->task->param, "drop", 0) != TABLE_DROP_REPLACE)
		task_publish_replaces(r->task, "");
	task_progress(r->task, 100, "%lld ids signed, saved as %s of %s",
	    (long long)stats.rows, r->name, r->name_space);
	task_log(r->task, "%lld ids signed, saved as %s of %s",
	    (long long)stats.rows, r->name, r->name_space);
	return ERR_OK;
}

static enum err
save(struct rsa *r, struct buf *err)
{
	struct table_schema schema;
	enum err rc;

	table_schema_init(&schema, TABLE_RAW);
	rc = table_writer_open(task_output_path(r->task), &schema,
	    TABLE_UNSORTED, &r->writer, err);
	if (!rc)
		rc = write_rows(r, err);
	if (!rc)
		rc = publish(r, &schema, err);
	table_writer_abort(&r->writer);
	table_schema_release(&schema);
	return rc;
}

static void
init(struct rsa *r, struct task *t)
{
	*r = (struct rsa){.task = t, .input = task_any_input(t)};
	buf_init(&r->digits);
	for (size_t i = 0; i < SIGN_GROUP; i++) {
		mpz_init(r->h[i]);
		buf_init(&r->ids[i]);
	}
}

static void
release(struct rsa *r)
{
	table_reader_close(&r->reader);
	rsa_secret_free(r->key);
	buf_release(&r->digits);
	for (size_t i = 0; i < SIGN_GROUP; i++) {
		mpz_clear(r->h[i]);
		buf_release(&r->ids[i]);
	}
}

enum err
rsa_run(struct task *t, struct buf *err)
{
	struct rsa r;
	enum err rc;

	init(&r, t);
	rc = read_names(&r, err);
	if (!rc)
		rc = read_key(&r, err);
	if (!rc && (!r.input || !r.input->path))
		rc = err_set(err, ERR_INVALID, "Rsa has no input table");
	if (!rc)
		rc = table_reader_open(r.input->path, &r.reader, err);
	if (!rc)
		rc = save(&r, err);
	release(&r);
	return rc;
}
