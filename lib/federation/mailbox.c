/*
 * One file per message. The sender writes it under a temporary name in the
 * receiver's folder and links it to its own, so that it is whole or absent
 * and never replaces another; the receiver checks the digest, then truncates
 * it to a marker that holds the digest alone, so that a message sent twice
 * is known.
 *
 * A receiver sets its watch, then looks, then sleeps; and because a watch is
 * only a hint (it is silent on NFS) it looks by itself as well, after 5 ms
 * rising to a second.
 */
#include "lib/federation/mailbox.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/federation/mailbox_tags.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_MAX       4096
#define MESSAGE_MAX    ((size_t)1 << 32)
#define FIRST_PAUSE_MS 5
#define LAST_PAUSE_MS  1000

static const char *const kind_names[] = {
    [MESSAGE_KEY] = "key",
    [MESSAGE_CIPHERTEXT] = "ciphertext",
    [MESSAGE_BLINDED] = "blinded",
    [MESSAGE_AGGREGATE] = "aggregate",
    [MESSAGE_IDS] = "ids",
};
static_assert(ARRAY_LEN(kind_names) == MESSAGE_KIND__MAX, "a name each");

/* The next sequence number per (peer, tag, direction). */
struct counter {
	char *key;
	int64_t next;
};

struct mailbox {
	struct mailbox_options o;
	struct counter *counters;
	size_t n_counters;
	int watch; /* inotify, or -1 */
};

const char *
message_kind_name(enum message_kind kind)
{
	return kind < MESSAGE_KIND__MAX ? kind_names[kind] : "unknown";
}

enum err
mailbox_open(const struct mailbox_options *options, struct mailbox **out,
    struct buf *err)
{
	struct mailbox *m;
	enum err rc = path_mkdirs(options->self.dir, err);

	if (rc)
		return rc;
	m = xcalloc(1, sizeof(*m));
	m->o = *options;
	m->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (m->watch >= 0)
		inotify_add_watch(
		    m->watch, options->self.dir, IN_CREATE | IN_MOVED_TO);
	*out = m;
	return ERR_OK;
}

void
mailbox_close(struct mailbox **mp)
{
	struct mailbox *m = *mp;

	if (!m)
		return;
	for (size_t i = 0; i < m->n_counters; i++)
		free(m->counters[i].key);
	free(m->counters);
	if (m->watch >= 0)
		close(m->watch);
	free(m);
	*mp = NULL;
}

static int64_t *
counter(struct mailbox *m, const struct mailbox_party *peer, const char *tag,
    char direction)
{
	struct buf key = BUF_INIT;
	size_t i;

	buf_addf(
	    &key, "%c.%s-%s.%s", direction, peer->role, peer->party_id, tag);
	for (i = 0; i < m->n_counters; i++)
		if (!strcmp(m->counters[i].key, key.ptr)) {
			buf_release(&key);
			return &m->counters[i].next;
		}
	m->counters = xreallocarray(m->counters, i + 1, sizeof(*m->counters));
	m->counters[i] = (struct counter){.key = buf_detach(&key)};
	m->n_counters++;
	return &m->counters[i].next;
}

static void
message_path(struct buf *path, const char *dir,
    const struct mailbox_party *from, const char *tag, int64_t seq)
{
	path_set(path, "%s/%s-%s.%s.%08lld", dir, from->role, from->party_id,
	    tag, (long long)seq);
}

/* ---- sending ---- */

struct outgoing {
	const char *tag;
	enum message_kind kind;
	int64_t n, seq;
	const void *payload;
	size_t len;
	char digest[DIGEST_HEX_LEN];
};

static enum err
check_outgoing(const struct outgoing *msg, struct buf *err)
{
	const struct mailbox_tag *tag = mailbox_tag_find(msg->tag);

	if (tag && tag->kinds & 1u << msg->kind)
		return ERR_OK;
	return err_set(err, ERR_INTERNAL,
	    "a message '%s' of kind %s is not one that may leave a party",
	    msg->tag, message_kind_name(msg->kind));
}

static int64_t
folder_size(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int64_t total = 0;
	struct stat st;

	while (d && (entry = readdir(d)))
		if (fstatat(dirfd(d), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			total += st.st_size;
	if (d)
		closedir(d);
	return total;
}

static void
write_head(const struct mailbox *m, const struct mailbox_party *to,
    const struct outgoing *msg, struct buf *out)
{
	cJSON *head = cJSON_CreateObject();
	struct buf name = BUF_INIT;

	json_add_int(head, "v", 1);
	json_add_str(head, "kind", message_kind_name(msg->kind));
	json_add_str(head, "tag", msg->tag);
	path_set(&name, "%s-%s", m->o.self.role, m->o.self.party_id);
	json_add_str(head, "from", name.ptr);
	path_set(&name, "%s-%s", to->role, to->party_id);
	json_add_str(head, "to", name.ptr);
	json_add_int(head, "seq", msg->seq);
	json_add_int(head, "n", msg->n);
	json_add_int(head, "len", (int64_t)msg->len);
	json_add_str(head, "sha256", msg->digest);
	json_print(head, JSON_COMPACT, out);
	buf_addc(out, '\n');
	cJSON_Delete(head);
	buf_release(&name);
}

/* The digest in the head of a message or marker that is there already. */
static enum err
compare_resent(const char *path, const char *digest, struct buf *err)
{
	char head[HEAD_MAX + 1];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(head, 1, HEAD_MAX, f) : 0;

	head[n] = '\0';
	if (f)
		fclose(f);
	head[strcspn(head, "\n")] = '\0';
	if (strstr(head, digest))
		return ERR_OK;
	return err_set(err, ERR_CONFLICT,
	    "the message %s was sent before with other content", path);
}

static enum err
publish(const char *path, const struct buf *content, const char *digest,
    struct buf *err)
{
	struct buf tmp = BUF_INIT;
	enum err rc;

	buf_addf(&tmp, "%s.%d.new", path, (int)getpid());
	rc = path_write_file(
	    tmp.ptr, content->ptr, content->len, PATH_SCRATCH, err);
	if (!rc && link(tmp.ptr, path) < 0) {
		if (errno == EEXIST)
			rc = compare_resent(path, digest, err);
		else
			rc = err_set_errno(
			    err, ERR_IO, "cannot deliver %s", path);
	}
	unlink(tmp.ptr);
	buf_release(&tmp);
	return rc;
}

static enum err
deliver(const struct mailbox *m, const struct mailbox_party *to,
    struct outgoing *msg, struct buf *err)
{
	struct buf path = BUF_INIT, content = BUF_INIT;
	uint8_t raw[DIGEST_SHA256_LEN];
	enum err rc = path_mkdirs(to->dir, err);

	if (rc)
		goto out;
	if (m->o.quota &&
	    folder_size(to->dir) + (int64_t)msg->len > m->o.quota) {
		rc = err_set(err, ERR_BUSY,
		    "the mailbox of %s %s is full (%lld bytes)", to->role,
		    to->party_id, (long long)m->o.quota);
		goto out;
	}
	digest_sha256(msg->payload, msg->len, raw);
	digest_hex(raw, sizeof(raw), msg->digest);
	write_head(m, to, msg, &content);
	buf_add(&content, msg->payload, msg->len);
	message_path(&path, to->dir, &m->o.self, msg->tag, msg->seq);
	rc = publish(path.ptr, &content, msg->digest, err);
out:
	buf_release(&path);
	buf_release(&content);
	return rc;
}

enum err
mailbox_send(struct mailbox *m, const struct mailbox_party *to, const char *tag,
    enum message_kind kind, int64_t n, const void *payload, size_t len,
    struct buf *err)
{
	int64_t *next = counter(m, to, tag, '>');
	struct outgoing msg = {.tag = tag,
	    .kind = kind,
	    .n = n,
	    .seq = *next,
	    .payload = payload,
	    .len = len};
	enum err rc = check_outgoing(&msg, err);

	if (!rc)
		rc = deliver(m, to, &msg, err);
	if (!rc)
		++*next;
	return rc;
}

/* ---- receiving ---- */

static void
drain_watch(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0)
		;
}

/* Waits until the file is there; ERR_BUSY when `waiting` says to give up. */
static enum err
await(struct mailbox *m, const char *path, struct buf *err)
{
	struct pollfd watch = {.fd = m->watch, .events = POLLIN};
	int pause_ms = FIRST_PAUSE_MS;

	while (access(path, F_OK) < 0) {
		if (m->o.waiting && !m->o.waiting(m->o.arg))
			return err_set(
			    err, ERR_BUSY, "stopped waiting for %s", path);
		if (poll(&watch, 1, pause_ms) > 0)
			drain_watch(m->watch);
		else
			pause_ms = pause_ms * 2 < LAST_PAUSE_MS ? pause_ms * 2
								: LAST_PAUSE_MS;
	}
	return ERR_OK;
}

/* Splits head and payload and checks all that the head says. */
static enum err
check_content(const char *path, struct buf *content, enum message_kind kind,
    cJSON **head_out, struct buf *err)
{
	size_t head_len = strcspn(content->ptr, "\n");
	size_t len = content->len - head_len - (head_len < content->len);
	uint8_t raw[DIGEST_SHA256_LEN];
	char digest[DIGEST_HEX_LEN];
	cJSON *head = NULL;
	enum err rc;

	if (head_len > HEAD_MAX || head_len == content->len)
		return err_set(err, ERR_INVALID, "%s is no message", path);
	rc = json_parse(content->ptr, head_len, path, &head, err);
	if (rc)
		return rc;
	digest_sha256(content->ptr + head_len + 1, len, raw);
	digest_hex(raw, sizeof(raw), digest);
	if (json_int(head, "len", -1) != (int64_t)len ||
	    strcmp(json_str(head, "sha256", ""), digest))
		rc = err_set(
		    err, ERR_INVALID, "%s was cut or changed on its way", path);
	else if (strcmp(json_str(head, "kind", ""), message_kind_name(kind)))
		rc = err_set(err, ERR_INVALID, "%s is of kind %s, expected %s",
		    path, json_str(head, "kind", "?"), message_kind_name(kind));
	if (rc)
		cJSON_Delete(head);
	else
		*head_out = head;
	return rc;
}

/* Leaves the head as the marker of a consumed message. */
static enum err
consume(
    const struct mailbox *m, const char *path, size_t head_len, struct buf *err)
{
	struct buf kept = BUF_INIT;
	enum err rc = ERR_OK;

	buf_addf(&kept, "%s.kept", path);
	if (m->o.keep_messages) {
		struct buf head = BUF_INIT;

		rc = path_read_file(path, MESSAGE_MAX, &head, err);
		if (!rc && rename(path, kept.ptr) < 0)
			rc = err_set_errno(err, ERR_IO, "cannot keep %s", path);
		if (!rc)
			rc = path_write_file(
			    path, head.ptr, head_len, PATH_SCRATCH, err);
		buf_release(&head);
	} else if (truncate(path, (off_t)head_len) < 0) {
		rc = err_set_errno(err, ERR_IO, "cannot consume %s", path);
	}
	buf_release(&kept);
	return rc;
}

static enum err
take(struct mailbox *m, const char *path, enum message_kind kind,
    struct buf *payload_out, int64_t *n_out, struct buf *err)
{
	struct buf content = BUF_INIT;
	cJSON *head = NULL;
	size_t head_len;
	enum err rc = path_read_file(path, MESSAGE_MAX, &content, err);

	if (!rc)
		rc = check_content(path, &content, kind, &head, err);
	if (rc)
		goto out;
	head_len = strcspn(content.ptr, "\n");
	rc = consume(m, path, head_len, err);
	if (rc)
		goto out;
	buf_add(payload_out, content.ptr + head_len + 1,
	    content.len - head_len - 1);
	if (n_out)
		*n_out = json_int(head, "n", 0);
out:
	cJSON_Delete(head);
	buf_release(&content);
	return rc;
}

enum err
mailbox_receive(struct mailbox *m, const struct mailbox_party *from,
    const char *tag, enum message_kind kind, struct buf *payload_out,
    int64_t *n_out, struct buf *err)
{
	int64_t *next = counter(m, from, tag, '<');
	struct buf path = BUF_INIT;
	enum err rc;

	message_path(&path, m->o.self.dir, from, tag, *next);
	rc = await(m, path.ptr, err);
	if (!rc)
		rc = take(m, path.ptr, kind, payload_out, n_out, err);
	if (!rc)
		++*next;
	buf_release(&path);
	return rc;
}

/* ---- JSON ---- */

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

	if (!rc)
		rc = json_parse(text.ptr, text.len, tag, out, err);
	buf_release(&text);
	return rc;
}
