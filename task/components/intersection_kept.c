/*
 * A host's signed ids, kept for its next run: what they cost is a power a
 * row. They are found again by a digest over the ids themselves, in their
 * order, and both parties' names, so another table, and another guest, has
 * another key. A guest that meets a key again learns that the host's ids are
 * the ones of before, and nothing else.
 *
 *	<cache>/intersection/<digest>/signed
 *
 * is a line of JSON with the key, a digest a row, and the SHA-256 over all
 * that. It holds the secret key, so it is its owner's alone, and goes some
 * time after it was made (retention.cache): used or not, the next run makes a
 * new key then. What is damaged is not looked at further.
 *
 * A task that is killed while it writes leaves "signed.<pid>.tmp" beside it,
 * maybe with a key that signed nothing which is kept. It is its owner's alone
 * as well, nobody reads it, and it goes with the folder.
 */
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/crypto/rsa_blind.h"
#include "task/components/intersection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_VERSION "1"

/* Of the line with the key: three numbers of at most 309 digits. */
#define HEAD_MAX 2048

/* ---- where ---- */

static void
add_text(struct digest *d, const char *text, size_t len)
{
	uint64_t n = len;

	digest_update(d, &n, sizeof(n));
	digest_update(d, text, len);
}

/* What the digest is of, but for the ids. */
static void
add_names(const struct intersection *x, const struct mailbox_party *guest,
    struct digest *d)
{
	const cJSON *cache = json_get(x->task->param, "intersect_cache_param");
	const char *const names[] = {KEPT_VERSION, guest->party_id,
	    x->task->party_id, json_str(cache, "id_type", "phone"),
	    json_str(cache, "encrypt_type", "sha256")};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		add_text(d, names[i], strlen(names[i]));
}

bool
kept_is_asked_for(const struct task *t)
{
	return json_bool(
	    json_get(t->param, "intersect_cache_param"), "use_cache", false);
}

bool
kept_is_allowed(const struct task *t)
{
	return *json_str(t->root, "cache", "");
}

enum err
kept_path(struct intersection *x, const struct mailbox_party *guest,
    struct buf *out, struct buf *err)
{
	uint8_t sum[DIGEST_SHA256_LEN];
	char hex[DIGEST_HEX_LEN];
	struct digest *d;
	struct table_row row;
	enum err rc;

	if (!kept_is_asked_for(x->task) || !kept_is_allowed(x->task))
		return ERR_OK;
	d = digest_new();
	add_names(x, guest, d);
	while (!(rc = table_reader_next(x->reader, &row, err)))
		add_text(d, row.id, row.id_len);
	digest_final(d, sum);
	table_reader_rewind(x->reader);
	if (rc != ERR_NOTFOUND)
		return rc;
	digest_hex(sum, sizeof(sum), hex);
	path_set(out, "%s/intersection/%s/signed",
	    json_str(x->task->root, "cache", ""), hex);
	return ERR_OK;
}

/* ---- reading ---- */

/* The exponent is the one of its texts that is secret. */
static void
forget_head(cJSON *head)
{
	cJSON *d = cJSON_GetObjectItemCaseSensitive(head, "d");

	if (cJSON_IsString(d))
		explicit_bzero(d->valuestring, strlen(d->valuestring));
	cJSON_Delete(head);
}

/* A key as we make them, with so many rows; else NULL. */
static struct rsa_secret *
parse_head(const char *line, size_t len, int64_t rows)
{
	struct rsa_secret *key = NULL;
	cJSON *head = cJSON_ParseWithLength(line, len);

	if (head && json_int(head, "rows", -1) == rows)
		(void)rsa_secret_parse(
		    &(struct rsa_given){json_str(head, "n", ""),
			json_str(head, "e", ""), json_str(head, "d", "")},
		    &key, NULL);
	if (key && rsa_public_of(key)->width != RSA_BLIND_BITS / 8) {
		rsa_secret_free(key);
		key = NULL;
	}
	forget_head(head);
	return key;
}

/*
 * The line with the key, behind which the file is then read on. It is read
 * without stdio, whose buffers nobody wipes.
 */
static struct rsa_secret *
read_head(int fd, int64_t rows, struct digest *sum)
{
	struct rsa_secret *key = NULL;
	char text[HEAD_MAX];
	ssize_t len = pread(fd, text, sizeof(text), 0);
	const char *end = len > 0 ? memchr(text, '\n', (size_t)len) : NULL;
	size_t head = end ? (size_t)(end - text) + 1 : 0;

	if (head && lseek(fd, (off_t)head, SEEK_SET) > 0) {
		digest_update(sum, text, head);
		key = parse_head(text, head, rows);
	}
	explicit_bzero(text, sizeof(text));
	return key;
}

/* All digests and the sum, and no byte more. */
static bool
read_rows(struct intersection *x, FILE *f, int64_t rows, struct digest *sum)
{
	uint8_t digest[DIGEST_SHA256_LEN], want[DIGEST_SHA256_LEN];

	for (int64_t i = 0; i < rows; i++) {
		if (fread(digest, sizeof(digest), 1, f) != 1)
			break;
		digest_update(sum, digest, sizeof(digest));
		idset_add(&x->set, digest, i);
	}
	digest_final(sum, want);
	return fread(digest, sizeof(digest), 1, f) == 1 && fgetc(f) == EOF &&
	       x->set.n == rows && !memcmp(want, digest, sizeof(want));
}

struct rsa_secret *
kept_load(struct intersection *x, const char *path)
{
	int64_t rows = table_reader_count(x->reader);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct rsa_secret *key = NULL;
	struct digest *sum;
	FILE *f = NULL;

	if (fd < 0)
		return NULL;
	sum = digest_new();
	key = read_head(fd, rows, sum);
	if (key)
		f = fdopen(fd, "r");
	if (!f) {
		digest_free(sum);
		close(fd);
	}
	if (!f || !read_rows(x, f, rows, sum)) {
		rsa_secret_free(key);
		key = NULL;
		idset_restart(&x->set);
		task_log(x->task, "the signed ids that were kept are damaged; "
				  "they are made anew");
	}
	if (f)
		fclose(f);
	return key;
}

/* ---- writing ---- */

/* In decimal digits, as rsa_secret_parse() reads them, and without stdio. */
static bool
write_head(
    int fd, int64_t rows, const struct rsa_secret *key, struct digest *sum)
{
	struct buf n = BUF_INIT, e = BUF_INIT, d = BUF_INIT, line = BUF_INIT;
	bool is_written;

	rsa_secret_print(key, &n, &e, &d);
	buf_addf(&line,
	    "{\"rows\":%lld,\"n\":\"%s\",\"e\":\"%s\",\"d\":\"%s\"}\n",
	    (long long)rows, n.ptr, e.ptr, d.ptr);
	digest_update(sum, line.ptr, line.len);
	is_written = path_write_all(fd, line.ptr, line.len);
	explicit_bzero(d.ptr, d.len);
	explicit_bzero(line.ptr, line.len);
	buf_release(&n);
	buf_release(&e);
	buf_release(&d);
	buf_release(&line);
	return is_written;
}

static bool
write_rows(const struct intersection *x, FILE *f, struct digest *sum)
{
	uint8_t end[DIGEST_SHA256_LEN];

	for (int64_t i = 0; i < x->set.n; i++) {
		digest_update(sum, x->set.items[i].digest, sizeof(end));
		fwrite(x->set.items[i].digest, sizeof(end), 1, f);
	}
	digest_final(sum, end);
	fwrite(end, sizeof(end), 1, f);
	return !fflush(f) && !ferror(f);
}

/* Closes it: some file systems say only then that a disk is full. */
static bool
write_all(const struct intersection *x, const struct rsa_secret *key, int fd)
{
	struct digest *sum = digest_new();
	bool is_written = write_head(fd, x->set.n, key, sum);
	FILE *f = is_written ? fdopen(fd, "w") : NULL;

	if (!f) {
		digest_free(sum);
		close(fd);
		return false;
	}
	is_written = write_rows(x, f, sum);
	return !fclose(f) && is_written;
}

/* Whole or not at all, under a name that no other task has meanwhile. */
static enum err
write_file(const struct intersection *x, const struct rsa_secret *key,
    const char *path, struct buf *err)
{
	struct buf tmp = BUF_INIT;
	enum err rc = ERR_OK;
	int fd;

	buf_addf(&tmp, "%s.%d.tmp", path, (int)getpid());
	fd = open(tmp.ptr,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || !write_all(x, key, fd) || rename(tmp.ptr, path))
		rc = err_set_errno(err, ERR_IO, "cannot write %s", path);
	if (rc)
		unlink(tmp.ptr);
	buf_release(&tmp);
	return rc;
}

/* The last folder is its owner's alone. */
static enum err
make_folder(const char *dir, struct buf *err)
{
	struct buf parent = BUF_INIT;
	enum err rc = path_mkdirs(path_parent(dir, &parent), err);

	if (!rc && mkdir(dir, 0700) && errno != EEXIST)
		rc = err_set_errno(err, ERR_IO, "cannot create %s", dir);
	buf_release(&parent);
	return rc;
}

void
kept_save(const struct intersection *x, const char *path,
    const struct rsa_secret *key)
{
	struct buf dir = BUF_INIT, err = BUF_INIT;
	enum err rc = make_folder(path_parent(path, &dir), &err);

	if (!rc)
		rc = write_file(x, key, path, &err);
	if (rc)
		task_log(x->task, "the signed ids are not kept: %s", err.ptr);
	else
		task_log(x->task, "%lld signed ids are kept for the next run",
		    (long long)x->set.n);
	buf_release(&dir);
	buf_release(&err);
}
