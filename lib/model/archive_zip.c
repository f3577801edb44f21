/*
 * libarchive reads the whole directory of a zip file before the first entry,
 * and unpacks methods that want hundreds of megabytes. So the end of the file
 * is looked at first, and only "stored" and "deflated" are let through.
 */
#include "lib/model/archive_zip.h"

#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/model/define_meta.h"
#include "lib/model/model_archive.h"
#include "lib/model/model_dir.h"
#include "lib/model/model_tree.h"

#define READ_BLOCK    65536
#define END_LEN	      22 /* of the record at the file's end */
#define DIRECTORY_MAX (8 << 20)
#define PROTO_MAX     (1 << 20)

void
zip_locale_begin(struct zip_locale *l)
{
	l->own = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	l->before = uselocale(l->own); /* no change when there is none */
}

void
zip_locale_end(struct zip_locale *l)
{
	uselocale(l->before);
	if (l->own)
		freelocale(l->own);
}

static uint32_t
little(const unsigned char *p, int n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

static enum err
not_zip(struct buf *err)
{
	return err_set(err, ERR_INVALID,
	    "the file is no zip archive, or is cut off, or holds more behind "
	    "its end");
}

/* One disk, no comment, the directory right before the end, not too large. */
static enum err
check_end(int fd, struct buf *err)
{
	unsigned char end[END_LEN];
	struct stat st;
	uint32_t n, len, at;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, ERR_IO, "the archive");
	if (!S_ISREG(st.st_mode) || st.st_size < END_LEN ||
	    pread(fd, end, END_LEN, st.st_size - END_LEN) != END_LEN ||
	    memcmp(end, "PK\5\6", 4) != 0)
		return not_zip(err);
	n = little(end + 10, 2);
	len = little(end + 12, 4);
	at = little(end + 16, 4);
	if (little(end + 4, 4) || little(end + 8, 2) != n || n == 0xffff ||
	    little(end + 20, 2) ||
	    (int64_t)at + len + END_LEN != (int64_t)st.st_size)
		return not_zip(err);
	if (n > MODEL_ARCHIVE_ENTRIES || len > DIRECTORY_MAX)
		return err_set(err, ERR_INVALID,
		    "the archive has %u entries in a directory of %u bytes, "
		    "at most %d and %d are taken",
		    n, len, MODEL_ARCHIVE_ENTRIES, DIRECTORY_MAX);
	return ERR_OK;
}

enum err
zip_open(int fd, struct archive **out, struct buf *err)
{
	enum err rc = check_end(fd, err);
	struct archive *zip;

	*out = NULL;
	if (rc)
		return rc;
	zip = archive_read_new();
	if (lseek(fd, 0, SEEK_SET) < 0 ||
	    archive_read_support_format_zip_seekable(zip) != ARCHIVE_OK ||
	    archive_read_open_fd(zip, fd, READ_BLOCK) != ARCHIVE_OK) {
		archive_read_free(zip);
		return not_zip(err);
	}
	*out = zip;
	return ERR_OK;
}

/* ---- names ---- */

/* What an archive may hold; "*" stands for one name. */
static const struct {
	const char *pattern;
	enum zip_kind kind;
	const char *cut;   /* from the head of the name ... */
	const char *place; /* ... and put there instead */
	int64_t max_bytes;
} layout[] = {
    {"define/", ZIP_FOLDER, "", "", 0},
    {"define/proto/", ZIP_FOLDER, "", "", 0},
    {"variables/", ZIP_FOLDER, "", "", 0},
    {"variables/data/", ZIP_FOLDER, "", "", 0},
    {"variables/index/", ZIP_FOLDER, "", "", 0},
    {"variables/data/*/", ZIP_FOLDER, "", "", 0},
    {"variables/data/*/*/", ZIP_FOLDER, "", "", 0},
    {"pipeline.pb", ZIP_PIPELINE, "", MODEL_DEFINE_DIR "/", MODEL_BUFFER_MAX},
    {"define/define_meta.yaml", ZIP_META, "define/", MODEL_DEFINE_DIR "/",
	DEFINE_META_MAX},
    {"define/proto/*", ZIP_PROTO, "define/", MODEL_DEFINE_DIR "/", PROTO_MAX},
    {"variables/data/*/*/*", ZIP_BUFFER, "variables/data/", "",
	MODEL_BUFFER_MAX},
};

/* A "*" of the pattern against the name up to the next slash. */
static bool
take_name(const char **name)
{
	char part[256];
	size_t n = strcspn(*name, "/");

	if (n >= sizeof(part))
		return false;
	memcpy(part, *name, n);
	part[n] = '\0';
	*name += n;
	return define_meta_is_name(part);
}

static bool
fits(const char *pattern, const char *name)
{
	for (; *pattern; pattern++)
		if (*pattern == '*') {
			if (!take_name(&name))
				return false;
		} else if (*pattern != *name++) {
			return false;
		}
	return *name == '\0';
}

static bool
is_proto_name(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && !strcmp(name + n - 6, ".proto");
}

static enum err
place(struct zip_entry *e, struct buf *err)
{
	for (size_t i = 0; i < ARRAY_LEN(layout); i++) {
		if (!fits(layout[i].pattern, e->name))
			continue;
		if (layout[i].kind == ZIP_PROTO && !is_proto_name(e->name))
			break;
		e->kind = layout[i].kind;
		e->max_bytes = layout[i].max_bytes;
		buf_reset(&e->place);
		buf_addf(&e->place, "%s%s", layout[i].place,
		    e->name + strlen(layout[i].cut));
		return ERR_OK;
	}
	return err_set(err, ERR_INVALID,
	    "the archive holds \"%.200s\", which is no part of a model",
	    e->name);
}

/* ---- entries ---- */

static enum err
check_packing(struct archive *zip, struct archive_entry *entry,
    struct zip_entry *e, struct buf *err)
{
	const char *format = archive_format_name(zip);
	int type = archive_entry_filetype(entry);

	if (archive_entry_hardlink(entry) || archive_entry_symlink(entry) ||
	    (type != AE_IFREG && type != AE_IFDIR))
		return err_set(err, ERR_INVALID,
		    "the archive's entry \"%.200s\" is neither a file nor a "
		    "folder",
		    e->name);
	if (archive_entry_is_encrypted(entry) || !format ||
	    (!strstr(format, "(deflation)") &&
		!strstr(format, "(uncompressed)")))
		return err_set(err, ERR_INVALID,
		    "the archive's entry \"%.200s\" is packed as %s, only "
		    "stored and deflated are read",
		    e->name, format ? format : "?");
	if ((e->kind == ZIP_FOLDER) != (type == AE_IFDIR))
		return err_set(err, ERR_INVALID,
		    "the archive's entry \"%.200s\" is of the wrong kind",
		    e->name);
	return ERR_OK;
}

enum err
zip_next(struct archive *zip, struct zip_entry *e, struct buf *err)
{
	struct archive_entry *entry;
	const char *why;
	int got = archive_read_next_header(zip, &entry);
	enum err rc;

	if (got == ARCHIVE_EOF)
		return ERR_NOTFOUND;
	if (got != ARCHIVE_OK) {
		why = archive_error_string(zip);
		return err_set(err, ERR_INVALID, "the archive is damaged: %s",
		    why ? why : "?");
	}
	e->name = archive_entry_pathname_utf8(entry);
	if (!e->name)
		return err_set(err, ERR_INVALID,
		    "the archive has an entry whose name is no UTF-8");
	rc = place(e, err);
	return rc ? rc : check_packing(zip, entry, e, err);
}
