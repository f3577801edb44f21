#include "lib/base/disk.h"
#include "lib/base/path.h"

#include <errno.h>
#include <sys/statvfs.h>

enum err
disk_look(const char *dir, struct disk *out, struct buf *err)
{
	struct buf at = BUF_INIT, up = BUF_INIT;
	struct statvfs fs;
	enum err rc = ERR_OK;
	int failed;

	*out = (struct disk){INT64_MAX, INT64_MAX};
	path_set(&at, "%s", dir);
	while (
	    (failed = statvfs(at.ptr, &fs)) && errno == ENOENT && at.len > 1) {
		path_parent(at.ptr, &up);
		path_set(&at, "%s", up.len ? up.ptr : "/");
	}
	if (failed) {
		rc = err_set_errno(err, ERR_IO, "%s", dir);
	} else {
		out->bytes = (int64_t)(fs.f_bavail * fs.f_frsize);
		if (fs.f_files)
			out->files = (int64_t)fs.f_favail;
	}
	buf_release(&at);
	buf_release(&up);
	return rc;
}

void
disk_add_size(int64_t bytes, struct buf *out)
{
	static const char units[] = "KMGT";
	double v = (double)bytes;
	size_t unit = 0;

	if (bytes < 1024) {
		buf_addf(out, "%lld bytes", (long long)bytes);
		return;
	}
	for (v /= 1024; v >= 1024 && unit + 2 < sizeof(units); unit++)
		v /= 1024;
	if (v < 10)
		buf_addf(
		    out, "%.1f%c", (double)(int64_t)(v * 10) / 10, units[unit]);
	else
		buf_addf(out, "%lld%c", (long long)v, units[unit]);
}

static void
say_bytes(
    const struct disk *d, const struct cfg *cfg, int64_t need, struct buf *why)
{
	if (need) {
		buf_adds(why, "it needs about ");
		disk_add_size(need, why);
		buf_adds(why, " of disk; ");
	}
	disk_add_size(d->bytes, why);
	buf_addf(why,
	    " are free in %s, of which site.min_free = ", cfg->site.work_dir);
	disk_add_size(cfg->site.min_free, why);
	buf_adds(why, " stay free");
}

enum disk_level
disk_judge(
    const struct disk *d, const struct cfg *cfg, int64_t need, struct buf *why)
{
	if (d->files < DISK_FILES_MIN) {
		buf_addf(why,
		    "%lld more files fit into %s, of which %d stay free",
		    (long long)d->files, cfg->site.work_dir, DISK_FILES_MIN);
		return DISK_FULL;
	}
	if (d->bytes < cfg->site.min_free ||
	    d->bytes - cfg->site.min_free < need) {
		say_bytes(d, cfg, need, why);
		return DISK_FULL;
	}
	if (d->bytes < cfg->site.warn_free) {
		disk_add_size(d->bytes, why);
		buf_addf(why, " are free in %s, below site.warn_free = ",
		    cfg->site.work_dir);
		disk_add_size(cfg->site.warn_free, why);
		return DISK_LOW;
	}
	if (d->files < DISK_FILES_LOW) {
		buf_addf(why, "%lld more files fit into %s",
		    (long long)d->files, cfg->site.work_dir);
		return DISK_LOW;
	}
	return DISK_ROOMY;
}

enum err
disk_room(const struct cfg *cfg, int64_t need, struct buf *err)
{
	struct buf why = BUF_INIT;
	struct disk d;
	enum err rc = disk_look(cfg->site.work_dir, &d, err);

	if (!rc && disk_judge(&d, cfg, need, &why) == DISK_FULL)
		rc = err_set(
		    err, ERR_FULL, "no space left for this: %s", why.ptr);
	buf_release(&why);
	return rc;
}
