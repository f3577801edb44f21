/*
 * libFuzzer target: any file, taken in as a model, ends in a model that can be
 * given out and taken in again as the same bytes, or in a refusal that leaves
 * nothing. Checksums keep a fuzzer out of a zip file, so bytes that do not
 * begin like one are a list of entries (length and name, two bytes of length
 * and content) that is packed first.
 */
#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "lib/base/path.h"
#include "lib/model/model_archive.h"
#include "lib/model/model_tree.h"

#define UNPACKED_MAX ((int64_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	char work[64];
	int fd;
	int again;
} self = {.fd = -1};

static bool
append(void *arg, const void *bytes, size_t len)
{
	return write(*(int *)arg, bytes, len) == (ssize_t)len;
}

static la_ssize_t
to_fd(struct archive *a, void *arg, const void *bytes, size_t len)
{
	(void)a;
	return append(arg, bytes, len) ? (la_ssize_t)len : -1;
}

static void
stop(void)
{
	(void)path_remove_tree(self.work, NULL);
}

static void
start(void)
{
	const char *base = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";

	snprintf(self.work, sizeof(self.work), "%s/fuzz_archive-XXXXXX", base);
	assert(mkdtemp(self.work) && !atexit(stop));
	self.fd = memfd_create("in", MFD_CLOEXEC);
	self.again = memfd_create("again", MFD_CLOEXEC);
	assert(self.fd >= 0 && self.again >= 0);
}

static void
clear(int fd)
{
	assert(!ftruncate(fd, 0));
	assert(lseek(fd, 0, SEEK_SET) == 0);
}

/* Cuts `n` bytes off the head; fewer when there are not as many. */
static size_t
cut(const uint8_t **at, size_t *left, size_t n, const uint8_t **out)
{
	n = n < *left ? n : *left;
	*out = *at;
	*at += n;
	*left -= n;
	return n;
}

static void
add_entry(struct archive *a, const uint8_t **at, size_t *left)
{
	struct archive_entry *e = archive_entry_new();
	const uint8_t *name, *content;
	char text[256] = "";
	size_t n = *(*at)++;

	--*left;
	n = cut(at, left, n, &name);
	memcpy(text, name, n);
	n = *left > 1 ? (size_t)((*at)[0] | (*at)[1] << 8) : 0;
	cut(at, left, 2, &content);
	n = cut(at, left, n, &content);
	archive_entry_set_pathname(e, text);
	archive_entry_set_filetype(
	    e, *text && text[strlen(text) - 1] == '/' ? AE_IFDIR : AE_IFREG);
	archive_entry_set_size(e, (int64_t)n);
	if (archive_write_header(a, e) == ARCHIVE_OK)
		archive_write_data(a, content, n);
	archive_entry_free(e);
}

static void
pack(const uint8_t *data, size_t size)
{
	struct archive *a = archive_write_new();

	archive_write_set_format_zip(a);
	archive_write_set_options(a, "compression=store");
	archive_write_set_bytes_in_last_block(a, 1);
	archive_write_open(a, &self.fd, NULL, to_fd, NULL);
	while (size)
		add_entry(a, &data, &size);
	archive_write_close(a); /* or its buffer leaks after a failure */
	archive_write_free(a);
}

/* Given out, taken in again, and given out the same. */
static void
check_round(const struct model_ref *m, const char *root)
{
	struct model_ref second = *m;
	struct define_meta meta;
	struct model_sink sink = {append, &self.again};

	second.version = "2";
	clear(self.again);
	assert(!model_tree_read(root, &meta, NULL));
	assert(!model_archive_write(root, &meta, &sink, NULL));
	assert(
	    !model_archive_import(&second, self.again, UNPACKED_MAX * 2, NULL));
	define_meta_release(&meta);
	model_tree_remove(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_ref m = {self.work, "guest", "1", "m", "1"};
	struct buf root = BUF_INIT, err = BUF_INIT;
	enum err rc;

	if (self.fd < 0)
		start();
	clear(self.fd);
	if (size > 1 && data[0] == 'P' && data[1] == 'K')
		append(&self.fd, data, size);
	else
		pack(data, size);
	rc = model_archive_import(&m, self.fd, UNPACKED_MAX, &err);
	assert(!model_path_root(&m, &root, NULL));
	assert(path_exists(root.ptr) == (rc == ERR_OK));
	assert(rc == ERR_OK ? !err.len : err.len > 0);
	if (!rc) {
		check_round(&m, root.ptr);
		model_tree_remove(&m);
	}
	buf_release(&root);
	buf_release(&err);
	return 0;
}
