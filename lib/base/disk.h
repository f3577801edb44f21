/*
 * Is there room on the disk of the work folder? Asked before something large
 * begins, so that a full disk is announced and waited for instead of met.
 *
 * site.min_free stays free for what runs already; below site.warn_free the
 * site says so. Files (inodes) count as space does: FILES_MIN and FILES_LOW.
 */
#ifndef FF_BASE_DISK_H
#define FF_BASE_DISK_H

#include <stdint.h>

#include "lib/base/cfg.h"

enum { DISK_FILES_MIN = 1000, DISK_FILES_LOW = 10000 };

struct disk {
	int64_t bytes; /* free for us, as of df */
	int64_t files; /* free; INT64_MAX where they are not counted */
};

/* Of the file system that holds `dir`, or will when it is made. */
enum err disk_look(const char *dir, struct disk *out, struct buf *err);

enum disk_level {
	DISK_ROOMY,
	DISK_LOW,  /* below site.warn_free: say so */
	DISK_FULL, /* what is needed and site.min_free do not fit */
};

/*
 * Does something that takes `need` bytes fit? Unless it is ROOMY, `why` gets
 * what is needed, what is free, and which key sets the limit. Pure.
 */
enum disk_level disk_judge(
    const struct disk *d, const struct cfg *cfg, int64_t need, struct buf *why);

/* Both, for the work folder: ERR_FULL with the reason when it does not fit. */
enum err disk_room(const struct cfg *cfg, int64_t need, struct buf *err);

/* A table takes about so many times the bytes of the file it is read from. */
#define DISK_UPLOAD_FACTOR 2

/* "1.5G", "300M": rounded down, for sentences. */
void disk_add_size(int64_t bytes, struct buf *out);

#endif
