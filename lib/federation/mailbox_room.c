/* How much of a mailbox's quota is taken. */
#include "lib/federation/mailbox_private.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* Messages that wait: markers and kept ones do not count. */
static bool
counts(const char *name)
{
	return strstr(name, ".kept") == NULL && strstr(name, ".done") == NULL;
}

enum err
mailbox_folder_bytes(const char *dir, int64_t *out, struct buf *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	struct stat st;

	*out = 0;
	if (d == NULL)
		return err_set_errno(err, ERR_IO, "mailbox %s", dir);
	while ((e = readdir(d)) != NULL)
		if (counts(e->d_name) &&
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			0 &&
		    S_ISREG(st.st_mode))
			*out += st.st_size;
	closedir(d);
	return ERR_OK;
}
