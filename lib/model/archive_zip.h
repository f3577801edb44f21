/* Between a file from outside and libarchive; for the archive_*.c alone. */
#ifndef FF_MODEL_ARCHIVE_ZIP_H
#define FF_MODEL_ARCHIVE_ZIP_H

#include <archive.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

/*
 * libarchive turns names from and to the thread's locale, which knows no
 * letters beyond ASCII unless a program sets one: between the two calls it
 * is C.UTF-8.
 */
struct zip_locale {
	locale_t own;
	locale_t before;
};
void zip_locale_begin(struct zip_locale *l);
void zip_locale_end(struct zip_locale *l);

/* Opens the archive at the start of `fd`; ends with archive_read_free(). */
enum err zip_open(int fd, struct archive **out, struct buf *err);

enum zip_kind {
	ZIP_FOLDER,
	ZIP_META,     /* define/define_meta.yaml */
	ZIP_PIPELINE, /* pipeline.pb */
	ZIP_PROTO,    /* define/proto/x.proto */
	ZIP_BUFFER,   /* variables/data/<component>/<alias>/<buffer> */
};

struct zip_entry {
	enum zip_kind kind;
	const char *name; /* borrowed until the next entry */
	struct buf place; /* where it goes, below the model's folder */
	int64_t max_bytes;
};

/*
 * The next entry, if its name, kind and packing are what a model's archive
 * may hold. ERR_NOTFOUND (and no text) after the last.
 */
enum err zip_next(struct archive *zip, struct zip_entry *out, struct buf *err);

#endif
