/*
 * External merge sort. The arena holds flat records one after another, each
 * behind its 8-byte seq; beside it stands one small entry per record with the
 * head of its id, so that most comparisons touch no record. Runs are files
 * that are unlinked as soon as they are open: whatever ends the process, they
 * leave nothing behind. Runs of a level are merged into one of the next when
 * there are too many to keep open.
 */
#include "lib/table/sort.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAN_IN	    128
#define RUN_BUF_LEN ((size_t)128 << 10)
#define SEQ_LEN	    ((size_t)8)

struct entry {
	uint64_t head; /* first 8 bytes of the id, big-endian */
	uint32_t id_len;
	uint32_t offset; /* in the arena: grows with seq */
};

struct run {
	int fd;
	int level;	   /* how often its records were merged */
	struct buf buffer; /* what was read and not yet used up */
	size_t at;	   /* of the current record in buffer */
	struct record rec; /* the current record */
};

struct sorter {
	char *path;
	uint64_t n_added;
	char *arena;
	size_t arena_len, arena_cap, arena_limit;
	struct entry *entries;
	size_t n_entries, cap_entries;
	size_t next; /* entry that sorter_next() gives: all in memory */
	struct run runs[FAN_IN];
	int n_runs;
	struct run *heap[FAN_IN]; /* of the runs that still have records */
	int n_heap;
	bool is_started; /* heap[0]'s record was given out */
};

struct sorter *
sorter_new(const char *path, size_t arena_len)
{
	struct sorter *s = xcalloc(1, sizeof(*s));

	s->path = xstrdup(path);
	s->arena_limit = arena_len;
	return s;
}

static void
run_close(struct run *r)
{
	close(r->fd);
	buf_release(&r->buffer);
}

static void
drop_arena(struct sorter *s)
{
	free(s->arena);
	free(s->entries);
	s->arena = NULL;
	s->entries = NULL;
	s->arena_len = s->arena_cap = s->n_entries = s->cap_entries = 0;
}

void
sorter_free(struct sorter *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->n_runs; i++)
		run_close(&s->runs[i]);
	drop_arena(s);
	free(s->path);
	free(s);
}

static int
compare_entries(const void *a, const void *b, void *arena)
{
	const struct entry *x = a, *y = b;
	int order;

	if (x->id_len != y->id_len)
		return x->id_len < y->id_len ? -1 : 1;
	if (x->head != y->head)
		return x->head < y->head ? -1 : 1;
	if (x->id_len > 8) {
		const char *ids = (char *)arena + SEQ_LEN + RECORD_HEAD_LEN + 8;

		order = memcmp(ids + x->offset, ids + y->offset, x->id_len - 8);
		if (order)
			return order;
	}
	return (x->offset < y->offset) - (x->offset > y->offset);
}

static void
sort_arena(struct sorter *s)
{
	qsort_r(s->entries, s->n_entries, sizeof(*s->entries), compare_entries,
	    s->arena);
}

static enum err
write_all(struct sorter *s, int fd, struct buf *b, struct buf *err)
{
	if (!path_write_all(fd, b->ptr, b->len))
		return err_set_errno(err, ERR_IO,
		    "cannot write scratch rows beside %s", s->path);
	buf_reset(b);
	return ERR_OK;
}

/* A record behind its seq goes to the run's file by way of `b`. */
static enum err
put_flat(struct sorter *s, int fd, struct buf *b, const char *flat, size_t len,
    struct buf *err)
{
	buf_add(b, flat, len);
	return b->len < RUN_BUF_LEN ? ERR_OK : write_all(s, fd, b, err);
}

static enum err
create_run(struct sorter *s, int *fd_out, struct buf *err)
{
	struct buf path = BUF_INIT;
	enum err rc = ERR_OK;

	path_set(&path, "%s.run.%d", s->path, (int)getpid());
	*fd_out = open(
	    path.ptr, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd_out < 0)
		rc = err_set_errno(err, ERR_IO, "cannot create %s", path.ptr);
	else
		unlink(path.ptr);
	buf_release(&path);
	return rc;
}

static void
append_run(struct sorter *s, int fd, int level)
{
	struct run *r = &s->runs[s->n_runs++];

	*r = (struct run){.fd = fd, .level = level, .buffer = BUF_INIT};
}

static size_t
flat_len_at(const char *at)
{
	struct record rec;

	record_unflatten(&rec, at + SEQ_LEN);
	return SEQ_LEN + record_flat_len(&rec);
}

/* ---- merging ---- */

/* At least `need` bytes from r->at on, unless the file ends before. */
static enum err
run_fill(struct run *r, size_t need, struct buf *err)
{
	size_t left = r->buffer.len - r->at;

	if (left >= need)
		return ERR_OK;
	memmove(r->buffer.ptr, r->buffer.ptr + r->at, left);
	buf_truncate(&r->buffer, left);
	r->at = 0;
	buf_reserve(&r->buffer, need > RUN_BUF_LEN ? need : RUN_BUF_LEN);
	while (r->buffer.len < need) {
		ssize_t n = read(r->fd, r->buffer.ptr + r->buffer.len,
		    need > RUN_BUF_LEN ? need - r->buffer.len
				       : RUN_BUF_LEN - r->buffer.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(
			    err, ERR_IO, "cannot read scratch rows");
		if (n == 0)
			return ERR_OK;
		r->buffer.len += (size_t)n;
	}
	return ERR_OK;
}

/* ERR_NOTFOUND at the end of the run. */
static enum err
run_load(struct run *r, struct buf *err)
{
	enum err rc = run_fill(r, SEQ_LEN + RECORD_HEAD_LEN, err);
	size_t len;

	if (rc)
		return rc;
	if (r->buffer.len == r->at)
		return ERR_NOTFOUND;
	len = flat_len_at(r->buffer.ptr + r->at);
	rc = run_fill(r, len, err);
	if (!rc && r->buffer.len - r->at < len)
		rc = err_set(err, ERR_IO, "scratch rows were cut short");
	if (rc)
		return rc;
	memcpy(&r->rec.seq, r->buffer.ptr + r->at, SEQ_LEN);
	record_unflatten(&r->rec, r->buffer.ptr + r->at + SEQ_LEN);
	return ERR_OK;
}

static void
sift_down(struct sorter *s, int i)
{
	for (;;) {
		int child = 2 * i + 1;
		struct run *tmp;

		if (child >= s->n_heap)
			return;
		if (child + 1 < s->n_heap &&
		    record_compare(
			&s->heap[child + 1]->rec, &s->heap[child]->rec) < 0)
			child++;
		if (record_compare(&s->heap[i]->rec, &s->heap[child]->rec) <= 0)
			return;
		tmp = s->heap[i];
		s->heap[i] = s->heap[child];
		s->heap[child] = tmp;
		i = child;
	}
}

/* Runs first.. become the heap. */
static enum err
merge_start(struct sorter *s, int first, struct buf *err)
{
	s->n_heap = 0;
	s->is_started = false;
	for (int i = first; i < s->n_runs; i++) {
		struct run *r = &s->runs[i];
		enum err rc;

		if (lseek(r->fd, 0, SEEK_SET) < 0)
			return err_set_errno(
			    err, ERR_IO, "cannot read scratch rows");
		buf_reset(&r->buffer);
		r->at = 0;
		rc = run_load(r, err);
		if (!rc)
			s->heap[s->n_heap++] = r;
		else if (rc != ERR_NOTFOUND)
			return rc;
	}
	for (int i = s->n_heap / 2 - 1; i >= 0; i--)
		sift_down(s, i);
	return ERR_OK;
}

/* heap[0] holds the next record after this. */
static enum err
merge_next(struct sorter *s, struct buf *err)
{
	struct run *r = s->heap[0];
	enum err rc = ERR_OK;

	if (s->n_heap && s->is_started) {
		r->at += SEQ_LEN + record_flat_len(&r->rec);
		rc = run_load(r, err);
		if (rc == ERR_NOTFOUND) {
			s->heap[0] = s->heap[--s->n_heap];
			rc = ERR_OK;
		}
		if (!rc)
			sift_down(s, 0);
	}
	s->is_started = true;
	if (!rc && !s->n_heap)
		rc = ERR_NOTFOUND;
	return rc;
}

/* The runs of the lowest level (the last ones) become one. */
static enum err
merge_level(struct sorter *s, struct buf *err)
{
	struct buf out = BUF_INIT;
	int first = s->n_runs - 1, level = s->runs[first].level, fd = -1;
	enum err rc;

	while (first > 0 && s->runs[first - 1].level == level)
		first--;
	if (first == s->n_runs - 1)
		first = 0;
	rc = create_run(s, &fd, err);
	if (!rc)
		rc = merge_start(s, first, err);
	while (!rc && !(rc = merge_next(s, err))) {
		const struct run *r = s->heap[0];

		rc = put_flat(s, fd, &out, r->buffer.ptr + r->at,
		    SEQ_LEN + record_flat_len(&r->rec), err);
	}
	if (rc == ERR_NOTFOUND)
		rc = write_all(s, fd, &out, err);
	buf_release(&out);
	if (rc) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while (s->n_runs > first)
		run_close(&s->runs[--s->n_runs]);
	append_run(s, fd, level + 1);
	return ERR_OK;
}

/* Writes the arena as a run and empties it. */
static enum err
spill(struct sorter *s, struct buf *err)
{
	struct buf out = BUF_INIT;
	int fd = -1;
	enum err rc;

	sort_arena(s);
	rc = create_run(s, &fd, err);
	for (size_t i = 0; !rc && i < s->n_entries; i++) {
		const char *at = s->arena + s->entries[i].offset;

		rc = put_flat(s, fd, &out, at, flat_len_at(at), err);
	}
	if (!rc)
		rc = write_all(s, fd, &out, err);
	buf_release(&out);
	if (rc) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	append_run(s, fd, 0);
	s->arena_len = s->n_entries = 0;
	if (s->n_runs == FAN_IN) {
		drop_arena(s);
		rc = merge_level(s, err);
	}
	return rc;
}

/* ---- the three calls ---- */

static enum err
make_room(struct sorter *s, size_t len, struct buf *err)
{
	enum err rc = ERR_OK;

	if (s->n_entries && s->arena_len + len > s->arena_limit)
		rc = spill(s, err);
	if (!rc && s->arena_len + len > s->arena_cap) {
		s->arena_cap = len > s->arena_limit ? len : s->arena_limit;
		s->arena = xreallocarray(s->arena, s->arena_cap, 1);
	}
	if (!rc && s->n_entries == s->cap_entries) {
		s->cap_entries = s->cap_entries ? s->cap_entries * 2 : 1024;
		s->entries = xreallocarray(
		    s->entries, s->cap_entries, sizeof(*s->entries));
	}
	return rc;
}

enum err
sorter_add(struct sorter *s, const struct record *rec, struct buf *err)
{
	size_t len = SEQ_LEN + record_flat_len(rec);
	enum err rc = make_room(s, len, err);
	struct entry e = {.id_len = rec->id_len};
	char *at;

	if (rc)
		return rc;
	e.offset = (uint32_t)s->arena_len;
	memcpy(&e.head, rec->id, rec->id_len < 8 ? rec->id_len : 8);
	e.head = be64toh(e.head);
	s->entries[s->n_entries++] = e;
	at = s->arena + s->arena_len;
	memcpy(at, &s->n_added, SEQ_LEN);
	s->n_added++;
	record_flatten(rec, at + SEQ_LEN);
	s->arena_len += len;
	return ERR_OK;
}

enum err
sorter_finish(struct sorter *s, struct buf *err)
{
	enum err rc = ERR_OK;

	if (!s->n_runs) {
		if (s->n_entries)
			sort_arena(s);
		return ERR_OK;
	}
	if (s->n_entries)
		rc = spill(s, err);
	drop_arena(s);
	if (!rc)
		rc = merge_start(s, 0, err);
	return rc;
}

enum err
sorter_next(struct sorter *s, struct record *rec_out, struct buf *err)
{
	const char *at;
	enum err rc;

	if (s->n_runs) {
		rc = merge_next(s, err);
		if (!rc)
			*rec_out = s->heap[0]->rec;
		return rc;
	}
	if (s->next == s->n_entries)
		return ERR_NOTFOUND;
	at = s->arena + s->entries[s->next++].offset;
	memcpy(&rec_out->seq, at, SEQ_LEN);
	record_unflatten(rec_out, at + SEQ_LEN);
	return ERR_OK;
}
