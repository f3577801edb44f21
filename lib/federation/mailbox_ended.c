/*
 * The word that a party's task has ended: an empty file beside its mailbox.
 * There is no half of it, so it is made in its place: a temporary file would
 * stay of a task that is killed before it renames it.
 */
#include "lib/federation/mailbox.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/path.h"

static void
ended_path(const struct mailbox_party *party, struct buf *out)
{
	path_set(out, "%s" MAILBOX_ENDED, party->dir);
}

enum err
mailbox_say_ended(const struct mailbox_party *self, struct buf *err)
{
	struct buf path = BUF_INIT, parent = BUF_INIT;
	enum err rc;
	int fd = -1;

	ended_path(self, &path);
	rc = path_mkdirs(path_parent(path.ptr, &parent), err);
	if (rc == ERR_OK) {
		fd = open(path.ptr, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0640);
		if (fd < 0)
			rc = err_set_errno(
			    err, ERR_IO, "cannot create %s", path.ptr);
	}
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	buf_release(&parent);
	return rc;
}

bool
mailbox_has_ended(const struct mailbox_party *party)
{
	struct buf path = BUF_INIT;
	bool answer;

	ended_path(party, &path);
	answer = path_exists(path.ptr);
	buf_release(&path);
	return answer;
}
