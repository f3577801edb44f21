/*
 * A mailbox is a folder; a message is the file "<role>-<party>~<tag>~<seq>"
 * in it. A consumed message becomes "<name>.done", which holds its digest: it
 * is renamed, then cut to it, and until then begins with its head. A sender
 * that looks for the message first and for the marker second always sees one
 * of them; and no file is made or removed for it, which file systems make
 * dear. A kept one has a marker written before it is renamed.
 *
 * For the same reason a message is written over the marker of the last but one
 * of its kind, which becomes it by a rename. The receiver is done with that
 * marker once there is the next one. The first marker stays, so that a second
 * sender is still told apart.
 *
 * Waiting is inotify as a hint, and a look of its own after 5 ms rising to
 * 1 s, because inotify is silent on NFS and when its queue overflows.
 */
#include "lib/federation/mailbox.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/federation/mailbox_private.h"
#include "lib/federation/mailbox_tags.h"

#define LOOK_FIRST_MS 5
#define LOOK_MAX_MS   1000
#define MESSAGE_MAX   ((size_t)2 << 30)

static const char *const kind_names[] = {
    [MESSAGE_KEY] = "key",
    [MESSAGE_CIPHERTEXT] = "ciphertext",
    [MESSAGE_BLINDED] = "blinded",
    [MESSAGE_AGGREGATE] = "aggregate",
    [MESSAGE_IDS] = "ids",
};
_Static_assert(ARRAY_LEN(kind_names) == MESSAGE_KIND__MAX, "a name each");

struct counter { /* next sequence of one (peer, tag) in one direction */
	char *key;
	int64_t next;
};

struct mailbox {
	struct mailbox_options o;
	int inotify;
	struct counter *counters;
	size_t n_counters;
	int64_t unscanned; /* bytes sent since the quota was last counted */
	bool scanned;
};

struct message { /* what a message is, without its payload */
	const char *tag;
	enum message_kind kind;
	const struct mailbox_party *from;
	const struct mailbox_party *to;
	int64_t seq;
	int64_t n;
	size_t len;
	char sha256[DIGEST_HEX_LEN];
};

const char *
message_kind_name(enum message_kind kind)
{
	return kind_names[kind];
}

static int64_t *
counter_of(struct mailbox *m, char way, const struct mailbox_party *peer,
    const char *tag)
{
	struct buf key = BUF_INIT;

	buf_addf(&key, "%c%s-%s~%s", way, peer->role, peer->party_id, tag);
	for (size_t i = 0; i < m->n_counters; i++)
		if (strcmp(m->counters[i].key, key.ptr) == 0) {
			buf_release(&key);
			return &m->counters[i].next;
		}
	m->counters =
	    xreallocarray(m->counters, m->n_counters + 1, sizeof(*m->counters));
	m->counters[m->n_counters] =
	    (struct counter){.key = buf_detach(&key), .next = 0};
	return &m->counters[m->n_counters++].next;
}

enum err
mailbox_open(const struct mailbox_options *options, struct mailbox **out,
    struct buf *err)
{
	struct mailbox *m;
	enum err rc = path_mkdirs(options->self.dir, err);

	if (rc != ERR_OK)
		return rc;
	m = xcalloc(1, sizeof(*m));
	m->o = *options;
	/* Without inotify the looks alone do. */
	m->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (m->inotify >= 0)
		inotify_add_watch(m->inotify, options->self.dir, IN_MOVED_TO);
	*out = m;
	return ERR_OK;
}

void
mailbox_close(struct mailbox **m)
{
	if (*m == NULL)
		return;
	for (size_t i = 0; i < (*m)->n_counters; i++)
		free((*m)->counters[i].key);
	free((*m)->counters);
	if ((*m)->inotify >= 0)
		close((*m)->inotify);
	free(*m);
	*m = NULL;
}

static void
message_path(const struct message *msg, struct buf *out)
{
	path_set(out, "%s/%s-%s~%s~%09lld", msg->to->dir, msg->from->role,
	    msg->from->party_id, msg->tag, (long long)msg->seq);
}

static void
party_text(const struct mailbox_party *p, cJSON *to, const char *key)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, "%s-%s", p->role, p->party_id);
	json_add_str(to, key, b.ptr);
	buf_release(&b);
}

static cJSON *
message_head(const struct message *msg)
{
	cJSON *head = cJSON_CreateObject();

	json_add_int(head, "v", 1);
	json_add_str(head, "kind", message_kind_name(msg->kind));
	json_add_str(head, "tag", msg->tag);
	party_text(msg->from, head, "from");
	party_text(msg->to, head, "to");
	json_add_int(head, "seq", msg->seq);
	json_add_int(head, "n", msg->n);
	json_add_int(head, "len", (int64_t)msg->len);
	json_add_str(head, "sha256", msg->sha256);
	return head;
}

/* Splits a message into head and payload; the payload's offset comes out. */
static enum err
message_split(
    const struct buf *file, cJSON **head, size_t *offset, struct buf *err)
{
	const char *end = memchr(file->ptr, '\n', file->len);

	if (end == NULL)
		return err_set(err, ERR_INVALID, "message without a head");
	*offset = (size_t)(end - file->ptr) + 1;
	return json_parse(
	    file->ptr, *offset - 1, "head of a message", head, err);
}

static void
payload_digest(const void *payload, size_t len, char out[DIGEST_HEX_LEN])
{
	uint8_t raw[DIGEST_SHA256_LEN];

	digest_sha256(payload, len, raw);
	digest_hex(raw, sizeof(raw), out);
}

/* The digest under which the name is taken: ERR_NOTFOUND when it is free. */
static enum err
existing_digest(const char *path, struct buf *out, struct buf *err)
{
	struct buf file = BUF_INIT, done = BUF_INIT;
	cJSON *head = NULL;
	size_t offset;
	enum err rc = path_read_file(path, MESSAGE_MAX, &file, NULL);

	path_set(&done, "%s.done", path);
	if (rc != ERR_OK)
		rc = path_read_file(done.ptr, MESSAGE_MAX, &file, NULL);
	if (rc == ERR_OK && file.len && *file.ptr != '{') {
		buf_add(out, file.ptr,
		    file.len < DIGEST_HEX_LEN ? file.len : DIGEST_HEX_LEN - 1);
	} else if (rc == ERR_OK) {
		rc = message_split(&file, &head, &offset, err);
		if (rc == ERR_OK)
			buf_adds(out, json_str(head, "sha256", ""));
	}
	cJSON_Delete(head);
	buf_release(&file);
	buf_release(&done);
	return rc;
}

/* Sleeps until something may have come; false: the wait is to end. */
static bool
wait_a_little(struct mailbox *m, int *ms)
{
	char events[4096];
	struct pollfd p = {.fd = m->inotify, .events = POLLIN};

	if (poll(&p, m->inotify >= 0 ? 1 : 0, *ms) > 0)
		while (read(m->inotify, events, sizeof(events)) > 0)
			;
	else
		*ms = *ms * 2 > LOOK_MAX_MS ? LOOK_MAX_MS : *ms * 2;
	return m->o.waiting == NULL || m->o.waiting(m->o.arg);
}

/* Waits until `len` bytes more fit. Counts only now and then. */
static enum err
wait_for_room(struct mailbox *m, const struct mailbox_party *to, size_t len,
    struct buf *err)
{
	int64_t used, want = (int64_t)len;
	int ms = LOOK_FIRST_MS;
	enum err rc;

	if (m->o.quota <= 0)
		return ERR_OK;
	if (want > m->o.quota)
		return err_set(err, ERR_INVALID,
		    "a message of %lld bytes is over the mailbox quota of "
		    "%lld (federation.mailbox_quota)",
		    (long long)want, (long long)m->o.quota);
	m->unscanned += want;
	if (m->scanned && m->unscanned < m->o.quota / 16)
		return ERR_OK;
	for (;;) {
		rc = mailbox_folder_bytes(to->dir, &used, err);
		if (rc != ERR_OK)
			return rc;
		if (used + want <= m->o.quota)
			break;
		if (!wait_a_little(m, &ms))
			return err_set(err, ERR_BUSY,
			    "stopped while the mailbox of %s %s was full "
			    "(%lld of %lld bytes)",
			    to->role, to->party_id, (long long)used,
			    (long long)m->o.quota);
	}
	/* Counted again soon when it is filling up. */
	m->scanned = used < m->o.quota / 2;
	m->unscanned = 0;
	return ERR_OK;
}

/* The marker's path of the message that was sent so many before this one. */
static void
marker_before(const struct message *msg, int64_t before, struct buf *out)
{
	struct message earlier = *msg;

	earlier.seq -= before;
	message_path(&earlier, out);
	buf_adds(out, ".done");
}

/*
 * Opens what the message is written to before it gets its name, whose path is
 * tmp: a marker, which is shorter than any head, or a new file.
 */
static int
open_unnamed(const struct mailbox *m, const struct message *msg,
    const char *path, struct buf *tmp)
{
	bool used_up = false;
	int fd = -1;

	if (msg->seq > 2 && !m->o.keep_messages) {
		marker_before(msg, 1, tmp);
		used_up = path_exists(tmp->ptr);
	}
	if (used_up) {
		marker_before(msg, 2, tmp);
		fd = open(tmp->ptr, O_WRONLY | O_CLOEXEC);
	}
	if (fd >= 0)
		return fd;
	path_set(tmp, "%s.tmp", path);
	return open(tmp->ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
}

static enum err
message_write(const struct mailbox *m, const struct message *msg,
    const char *path, const void *payload, struct buf *err)
{
	struct buf tmp = BUF_INIT, text = BUF_INIT;
	cJSON *head = message_head(msg);
	enum err rc = ERR_IO;
	int fd;

	json_print(head, JSON_COMPACT, &text);
	buf_addc(&text, '\n');
	fd = open_unnamed(m, msg, path, &tmp);
	if (fd >= 0 && path_write_all(fd, text.ptr, text.len) &&
	    path_write_all(fd, payload, msg->len))
		rc = ERR_OK;
	if (fd >= 0 && close(fd) != 0)
		rc = ERR_IO;
	if (rc == ERR_OK && rename(tmp.ptr, path) != 0)
		rc = ERR_IO;
	if (rc != ERR_OK) {
		err_set_errno(err, rc, "sending message %s", path);
		unlink(tmp.ptr);
	}
	cJSON_Delete(head);
	buf_release(&tmp);
	buf_release(&text);
	return rc;
}

static enum err
check_tag(const char *tag, enum message_kind kind, struct buf *err)
{
	const struct mailbox_tag *row = mailbox_tag_find(tag);

	if (row == NULL || !(row->kinds & MESSAGE_BIT(kind)))
		return err_set(err, ERR_INTERNAL,
		    "tag %s may not carry a message of kind %s", tag,
		    message_kind_name(kind));
	return ERR_OK;
}

static enum err
send_once(struct mailbox *m, const struct message *msg, const void *payload,
    struct buf *err)
{
	struct buf path = BUF_INIT, old = BUF_INIT;
	enum err rc;

	message_path(msg, &path);
	rc = existing_digest(path.ptr, &old, err);
	if (rc == ERR_OK) {
		if (strcmp(old.ptr, msg->sha256) != 0)
			rc = err_set(err, ERR_CONFLICT,
			    "message %s was sent before with other content",
			    path.ptr);
		goto out;
	}
	if (rc != ERR_NOTFOUND)
		goto out;
	rc = wait_for_room(m, msg->to, msg->len, err);
	if (rc == ERR_OK)
		rc = message_write(m, msg, path.ptr, payload, err);
out:
	buf_release(&path);
	buf_release(&old);
	return rc;
}

enum err
mailbox_send(struct mailbox *m, const struct mailbox_party *to, const char *tag,
    enum message_kind kind, int64_t n, const void *payload, size_t len,
    struct buf *err)
{
	struct message msg = {.tag = tag,
	    .kind = kind,
	    .from = &m->o.self,
	    .to = to,
	    .n = n,
	    .len = len};
	int64_t *next;
	enum err rc = check_tag(tag, kind, err);

	if (rc != ERR_OK)
		return rc;
	next = counter_of(m, 's', to, tag);
	msg.seq = *next;
	if (msg.seq == 0)
		rc = path_mkdirs(to->dir, err);
	if (rc != ERR_OK)
		return rc;
	payload_digest(payload, len, msg.sha256);
	rc = send_once(m, &msg, payload, err);
	if (rc == ERR_OK)
		++*next;
	return rc;
}

/* What a head says must be what was waited for. */
static enum err
message_check(const struct message *want, const cJSON *head,
    const struct buf *file, size_t offset, struct buf *err)
{
	char sha256[DIGEST_HEX_LEN];
	const char *kind = json_str(head, "kind", "");
	size_t len = file->len - offset;

	if (strcmp(kind, message_kind_name(want->kind)) != 0)
		return err_set(err, ERR_INTERNAL,
		    "message %s from %s %s is of kind %s, expected %s",
		    want->tag, want->from->role, want->from->party_id, kind,
		    message_kind_name(want->kind));
	if (strcmp(json_str(head, "tag", ""), want->tag) != 0 ||
	    json_int(head, "seq", -1) != want->seq)
		return err_set(err, ERR_INTERNAL,
		    "message %s %lld holds another tag or sequence", want->tag,
		    (long long)want->seq);
	payload_digest(file->ptr + offset, len, sha256);
	if (json_int(head, "len", -1) != (int64_t)len ||
	    strcmp(json_str(head, "sha256", ""), sha256) != 0)
		return err_set(err, ERR_INTERNAL,
		    "message %s %lld from %s %s is damaged: %zu bytes of "
		    "%lld, or a wrong SHA-256",
		    want->tag, (long long)want->seq, want->from->role,
		    want->from->party_id, len,
		    (long long)json_int(head, "len", -1));
	return ERR_OK;
}

/* The message becomes its own marker. */
static enum err
become_done(
    const char *path, const char *done, const char *sha256, struct buf *err)
{
	enum err rc = ERR_IO;
	int fd = -1;

	if (rename(path, done) == 0)
		fd = open(done, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && path_write_all(fd, sha256, strlen(sha256)) &&
	    ftruncate(fd, (off_t)strlen(sha256)) == 0)
		rc = ERR_OK;
	if (rc != ERR_OK)
		err_set_errno(err, rc, "marking %s as consumed", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

static enum err
keep(const char *path, const char *done, const char *sha256, struct buf *err)
{
	struct buf kept = BUF_INIT;
	enum err rc =
	    path_write_file(done, sha256, strlen(sha256), PATH_SCRATCH, err);

	path_set(&kept, "%s.kept", path);
	if (rc == ERR_OK && rename(path, kept.ptr) != 0)
		rc = err_set_errno(err, ERR_IO, "keeping %s", path);
	buf_release(&kept);
	return rc;
}

static enum err
message_consume(const struct mailbox *m, const char *path, const cJSON *head,
    struct buf *err)
{
	struct buf done = BUF_INIT;
	const char *sha256 = json_str(head, "sha256", "");
	enum err rc;

	path_set(&done, "%s.done", path);
	rc = m->o.keep_messages ? keep(path, done.ptr, sha256, err)
				: become_done(path, done.ptr, sha256, err);
	buf_release(&done);
	return rc;
}

/*
 * Reads our folder: a name that NFS believes to be absent is looked up anew
 * after that.
 */
static void
look_afresh(const struct mailbox *m)
{
	DIR *d = opendir(m->o.self.dir);

	while (d != NULL && readdir(d) != NULL)
		;
	if (d != NULL)
		closedir(d);
}

static enum err
message_wait(struct mailbox *m, const struct message *want, const char *path,
    struct buf *file, struct buf *err)
{
	int ms = LOOK_FIRST_MS;
	bool is_last;
	enum err rc;

	for (;;) {
		/* asked first: what was sent before the end is there then */
		is_last = mailbox_has_ended(want->from);
		if (is_last)
			look_afresh(m);
		rc = path_read_file(path, MESSAGE_MAX, file, NULL);
		if (rc == ERR_OK)
			return ERR_OK;
		if (rc != ERR_NOTFOUND)
			return path_read_file(path, MESSAGE_MAX, file, err);
		if (is_last)
			return err_set(err, ERR_INVALID,
			    "%s %s has ended without sending %s; the "
			    "parameters of the parties do not fit together",
			    want->from->role, want->from->party_id, want->tag);
		if (!wait_a_little(m, &ms))
			return err_set(err, ERR_BUSY,
			    "stopped while waiting for %s from %s %s",
			    want->tag, want->from->role, want->from->party_id);
	}
}

enum err
mailbox_receive(struct mailbox *m, const struct mailbox_party *from,
    const char *tag, enum message_kind kind, struct buf *payload_out,
    int64_t *n_out, struct buf *err)
{
	int64_t *next = counter_of(m, 'r', from, tag);
	struct message want = {.tag = tag,
	    .kind = kind,
	    .from = from,
	    .to = &m->o.self,
	    .seq = *next};
	struct buf path = BUF_INIT, file = BUF_INIT;
	cJSON *head = NULL;
	size_t offset = 0;
	enum err rc;

	message_path(&want, &path);
	rc = message_wait(m, &want, path.ptr, &file, err);
	if (rc == ERR_OK)
		rc = message_split(&file, &head, &offset, err);
	if (rc == ERR_OK)
		rc = message_check(&want, head, &file, offset, err);
	if (rc == ERR_OK)
		rc = message_consume(m, path.ptr, head, err);
	if (rc == ERR_OK) {
		++*next;
		buf_reset(payload_out);
		buf_add(payload_out, file.ptr + offset, file.len - offset);
		if (n_out != NULL)
			*n_out = json_int(head, "n", 0);
	}
	cJSON_Delete(head);
	buf_release(&path);
	buf_release(&file);
	return rc;
}

enum err
mailbox_send_json(struct mailbox *m, const struct mailbox_party *to,
    const char *tag, enum message_kind kind, const cJSON *value,
    struct buf *err)
{
	struct buf text = BUF_INIT;
	enum err rc;

	json_print(value, JSON_COMPACT, &text);
	rc = mailbox_send(m, to, tag, kind, 1, text.ptr, text.len, err);
	buf_release(&text);
	return rc;
}

enum err
mailbox_receive_json(struct mailbox *m, const struct mailbox_party *from,
    const char *tag, enum message_kind kind, cJSON **out, struct buf *err)
{
	struct buf text = BUF_INIT;
	enum err rc = mailbox_receive(m, from, tag, kind, &text, NULL, err);

	if (rc == ERR_OK)
		rc = json_parse(text.ptr, text.len, tag, out, err);
	buf_release(&text);
	return rc;
}
