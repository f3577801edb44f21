/* The word that a party's task has ended: an empty file beside its mailbox. */
#include "lib/federation/mailbox.h"

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

	ended_path(self, &path);
	rc = path_mkdirs(path_parent(path.ptr, &parent), err);
	if (rc == ERR_OK)
		rc = path_write_file(path.ptr, "", 0, PATH_SCRATCH, err);
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
