/*
 * After a failure nothing more is sent, so that the client sees a stream that
 * breaks off and never takes half an archive for a whole one.
 *
 * libarchive frees its compressor only in a close that it comes to, and not
 * after a write that failed: so a client that went away is no failed write
 * until the end, where failing at once spares filling up the last member.
 */
#include "fcgi-app/archive_out.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

struct archive_out {
	struct reply *rp;
	struct archive *archive;
	struct buf name; /* of the file, for the log */
	int64_t rest;	 /* bytes that the member still takes */
	int64_t made_at; /* seconds */
	bool is_broken;
	bool is_closing;
};

static la_ssize_t
on_write(struct archive *archive, void *arg, const void *bytes, size_t len)
{
	struct archive_out *a = arg;

	reply_bytes(a->rp, bytes, len);
	if (!a->rp->is_broken || !a->is_closing)
		return (la_ssize_t)len;
	archive_set_error(archive, 0, "the client went away");
	return -1;
}

/* Notes, once, that no more than this will be sent. */
static void
check(struct archive_out *a, bool ok)
{
	const char *why = "the client went away";

	if (a->is_broken || (ok && !a->rp->is_broken))
		return;
	if (!a->rp->is_broken)
		why = archive_error_string(a->archive);
	log_error("%s broken off: %s", a->name.ptr, why ? why : "no reason");
	a->is_broken = a->rp->is_broken = true;
}

struct archive_out *
archive_out_open(struct reply *rp, const char *file_name)
{
	struct archive_out *a = xcalloc(1, sizeof(*a));
	struct buf disposition = BUF_INIT;

	a->rp = rp;
	a->made_at = clock_wall_ms() / 1000;
	buf_init(&a->name);
	buf_adds(&a->name, file_name);
	buf_addf(&disposition, "attachment; filename=%s", file_name);
	reply_head(rp, "application/x-tar", disposition.ptr);
	buf_release(&disposition);
	a->archive = archive_write_new();
	archive_write_set_format_pax_restricted(a->archive);
	archive_write_add_filter_gzip(a->archive);
	archive_write_set_filter_option(
	    a->archive, "gzip", "compression-level", "1");
	archive_write_set_bytes_in_last_block(a->archive, 1);
	check(a, archive_write_open(a->archive, a, NULL, on_write, NULL) ==
		     ARCHIVE_OK);
	return a;
}

void
archive_out_member(struct archive_out *a, const char *name, int64_t size)
{
	struct archive_entry *e;

	if (a->is_broken)
		return;
	e = archive_entry_new();
	archive_entry_set_pathname(e, name);
	archive_entry_set_size(e, size);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_mtime(e, a->made_at, 0);
	a->rest = size;
	/* This also fills the member before it up to its size. */
	check(a, archive_write_header(a->archive, e) == ARCHIVE_OK);
	archive_entry_free(e);
}

bool
archive_out_data(struct archive_out *a, const void *bytes, size_t len)
{
	if ((int64_t)len > a->rest)
		len = (size_t)a->rest;
	if (!a->is_broken && len)
		check(a, archive_write_data(a->archive, bytes, len) ==
			     (la_ssize_t)len);
	a->rest -= (int64_t)len;
	return !a->is_broken;
}

void
archive_out_text(
    struct archive_out *a, const char *name, const char *text, size_t len)
{
	archive_out_member(a, name, (int64_t)len);
	archive_out_data(a, text, len);
}

void
archive_out_close(struct archive_out **archive)
{
	struct archive_out *a = *archive;

	if (!a)
		return;
	a->is_closing = true;
	check(a, archive_write_close(a->archive) == ARCHIVE_OK);
	archive_write_free(a->archive);
	buf_release(&a->name);
	free(a);
	*archive = NULL;
}
