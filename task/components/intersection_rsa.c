/*
 * The rsa method. With each host in turn the guest has its ids signed blindly
 * (a chunk is on its way while the one before is unblinded), gets the digests
 * of the host's own signed ids, and marks what it finds among them. Once all
 * hosts are done it tells each host, in that host's digests, what is common
 * to all; without sync_intersect_ids it tells nobody. A host may have kept its
 * signed ids, and their key, from an earlier run.
 */
#include "lib/base/mem.h"
#include "lib/crypto/rsa_blind.h"
#include "task/components/intersection.h"

#define SIGN_GROUP ((size_t)64) /* divides INTERSECT_CHUNK */

static struct item_stream
stream(struct intersection *x, const struct mailbox_party *peer,
    const char *tag, size_t width)
{
	struct item_stream s = {.mail = x->task->mail,
	    .peer = peer,
	    .tag = tag,
	    .kind = MESSAGE_BLINDED,
	    .width = width,
	    .chunk = BUF_INIT};

	return s;
}

/* ---- guest ---- */

/* A chunk of our ids that is out to be signed. */
struct batch {
	mpz_t r[INTERSECT_CHUNK];
	int64_t n;
};

struct guest_round {
	struct intersection *x;
	const struct mailbox_party *host;
	struct rsa_public key;
	struct batch *batches[2];
	mpz_t h, t;
	struct buf id;	  /* what a row is compared by */
	int64_t next_row; /* of the first id in the batch to be unblinded */
	struct item_stream out, in;
};

static enum err
receive_key(struct guest_round *g, struct buf *err)
{
	cJSON *key = NULL;
	enum err rc = mailbox_receive_json(
	    g->x->task->mail, g->host, "intersect_key", MESSAGE_KEY, &key, err);

	if (!rc)
		rc = rsa_public_parse(&g->key, json_str(key, "n", ""),
		    json_str(key, "e", ""), err);
	cJSON_Delete(key);
	return rc;
}

/* Blinds and sends the next ids; b->n is 0 when there are no more. */
static enum err
send_batch(struct guest_round *g, struct batch *b, struct buf *err)
{
	uint8_t wire[RSA_BLIND_BITS_MAX / 8];
	struct table_row row;
	enum err rc = ERR_OK;

	for (b->n = 0; !rc && b->n < INTERSECT_CHUNK; b->n++) {
		rc = table_reader_next(g->x->reader, &row, err);
		if (rc)
			break;
		rc = repeat_key(g->x, &row, &g->id, err);
		if (rc)
			break;
		rsa_hash_id(g->h, g->id.ptr, g->id.len);
		rsa_blind(&g->key, g->h, b->r[b->n], g->t);
		rsa_write(&g->key, g->t, wire);
		rc = stream_put(&g->out, wire, err);
	}
	if (rc == ERR_NOTFOUND)
		rc = ERR_OK;
	return rc ? rc : stream_end(&g->out, err);
}

static enum err
take_batch(struct guest_round *g, struct batch *b, struct buf *err)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	int64_t n = 0;
	enum err rc;

	if (!b->n)
		return ERR_OK;
	rc = stream_get(&g->in, &n, err);
	if (!rc && n != b->n)
		rc =
		    err_set(err, ERR_INVALID, "host %s signed %lld ids of %lld",
			g->host->party_id, (long long)n, (long long)b->n);
	for (int64_t i = 0; !rc && i < n; i++) {
		const char *at = g->in.chunk.ptr + (size_t)i * g->key.width;

		rc = rsa_read(&g->key, (const uint8_t *)at, g->h, err);
		if (rc)
			break;
		rsa_unblind(&g->key, b->r[i], g->h, g->t);
		rsa_digest(&g->key, g->t, digest);
		idset_add(&g->x->set, digest, g->next_row++);
	}
	return rc;
}

static enum err
have_signed(struct guest_round *g, struct buf *err)
{
	int64_t total = table_reader_count(g->x->reader);
	int turn = 0;
	enum err rc = stream_announce(&g->out, total, err);

	table_reader_rewind(g->x->reader);
	g->in.left = total;
	g->batches[1]->n = 0;
	while (!rc) {
		rc = send_batch(g, g->batches[turn], err);
		if (!rc)
			rc = take_batch(g, g->batches[!turn], err);
		if (rc || !g->batches[turn]->n)
			break;
		turn = !turn;
		task_progress(g->x->task,
		    total ? (int)(g->next_row * 100 / total) : 0,
		    "host %s: %lld of %lld ids", g->host->party_id,
		    (long long)g->next_row, (long long)total);
	}
	return rc;
}

/* Marks our rows that are among a stream of digests. */
static enum err
mark_stream(struct intersection *x, struct item_stream *in, struct buf *err)
{
	enum err rc = stream_expect(in, err);
	int64_t n = 1;

	while (!rc && n) {
		rc = stream_get(in, &n, err);
		for (int64_t i = 0; !rc && i < n; i++)
			idset_mark(&x->set, (const uint8_t *)in->chunk.ptr +
						i * DIGEST_SHA256_LEN);
	}
	idset_close_round(&x->set);
	return rc;
}

static void
round_init(struct guest_round *g)
{
	mpz_inits(g->h, g->t, NULL);
	for (int k = 0; k < 2; k++) {
		g->batches[k] = xcalloc(1, sizeof(struct batch));
		for (int i = 0; i < INTERSECT_CHUNK; i++)
			mpz_init(g->batches[k]->r[i]);
	}
}

static void
round_release(struct guest_round *g)
{
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < INTERSECT_CHUNK; i++)
			mpz_clear(g->batches[k]->r[i]);
		free(g->batches[k]);
	}
	mpz_clears(g->h, g->t, NULL);
	buf_release(&g->id);
	stream_release(&g->out);
	stream_release(&g->in);
	rsa_public_clear(&g->key);
}

static enum err
guest_with_host(
    struct intersection *x, const struct mailbox_party *host, struct buf *err)
{
	struct guest_round g = {.x = x, .host = host, .id = BUF_INIT};
	struct item_stream digests =
	    stream(x, host, "intersect_hashed", DIGEST_SHA256_LEN);
	enum err rc = receive_key(&g, err);

	if (rc)
		return rc;
	g.out = stream(x, host, "intersect_blinded", g.key.width);
	g.in = stream(x, host, "intersect_signed", g.key.width);
	round_init(&g);
	idset_restart(&x->set);
	rc = have_signed(&g, err);
	idset_sort(&x->set);
	if (!rc)
		rc = mark_stream(x, &digests, err);
	round_release(&g);
	stream_release(&digests);
	return rc;
}

/* A common row, and the first of those with its digest? */
static bool
is_told(const struct intersection *x, const struct idset *set, int64_t i)
{
	const struct idset_item *item = &set->items[i];

	return x->set.common[item->row] &&
	       (!i ||
		   memcmp(item[-1].digest, item->digest, sizeof(item->digest)));
}

/* Sends the common rows, in the digests that `set` holds for this host. */
static enum err
tell_host(struct intersection *x, const struct mailbox_party *host,
    const struct idset *set, struct buf *err)
{
	struct item_stream out =
	    stream(x, host, "intersect_common", DIGEST_SHA256_LEN);
	int64_t n = 0;
	enum err rc;

	for (int64_t i = 0; i < set->n; i++)
		n += is_told(x, set, i);
	rc = stream_announce(&out, n, err);
	for (int64_t i = 0; !rc && i < set->n; i++)
		if (is_told(x, set, i))
			rc = stream_put(&out, set->items[i].digest, err);
	if (!rc)
		rc = stream_end(&out, err);
	stream_release(&out);
	return rc;
}

static enum err
run_guest(struct intersection *x, struct buf *err)
{
	size_t n = task_n_peers(x->task, "host");
	struct idset *kept = xcalloc(n, sizeof(*kept));
	enum err rc = ERR_OK;

	for (size_t i = 0; !rc && i < n; i++) {
		rc = guest_with_host(x, task_peer(x->task, "host", i), err);
		/* The digests differ by host; keep them for the answer. */
		kept[i].items = x->set.items;
		kept[i].n = x->set.n;
		x->set.items = xreallocarray(
		    NULL, (size_t)x->set.cap, sizeof(*x->set.items));
		x->set.n = 0;
	}
	for (size_t i = 0; !rc && x->sync && i < n; i++)
		rc = tell_host(x, task_peer(x->task, "host", i), &kept[i], err);
	for (size_t i = 0; i < n; i++)
		free(kept[i].items);
	free(kept);
	x->has_result = true;
	return rc;
}

/* ---- host ---- */

static enum err
send_key(struct intersection *x, const struct mailbox_party *guest,
    const struct rsa_public *pub, struct buf *err)
{
	char *n = mpz_get_str(NULL, 16, pub->n);
	char *e = mpz_get_str(NULL, 16, pub->e);
	cJSON *key = cJSON_CreateObject();
	enum err rc;

	json_add_str(key, "n", n);
	json_add_str(key, "e", e);
	rc = mailbox_send_json(
	    x->task->mail, guest, "intersect_key", MESSAGE_KEY, key, err);
	cJSON_Delete(key);
	free(n);
	free(e);
	return rc;
}

/* Numbers on their way through the key, as many as pay at once. */
struct signing {
	const struct rsa_secret *key;
	mpz_t v[SIGN_GROUP];
	size_t n;
};

static void
signing_init(struct signing *sg, const struct rsa_secret *key)
{
	sg->key = key;
	sg->n = 0;
	for (size_t i = 0; i < SIGN_GROUP; i++)
		mpz_init(sg->v[i]);
}

static void
signing_release(struct signing *sg)
{
	for (size_t i = 0; i < SIGN_GROUP; i++)
		mpz_clear(sg->v[i]);
}

/* Signs the group and sends it on. */
static enum err
sign_and_put(struct signing *sg, struct item_stream *out, struct buf *err)
{
	uint8_t wire[RSA_BLIND_BITS_MAX / 8];
	enum err rc = ERR_OK;

	rsa_sign_many(sg->key, sg->v, sg->n);
	for (size_t i = 0; !rc && i < sg->n; i++) {
		rsa_write(rsa_public_of(sg->key), sg->v[i], wire);
		rc = stream_put(out, wire, err);
	}
	sg->n = 0;
	return rc;
}

static enum err
sign_chunk(struct signing *sg, struct item_stream *in, int64_t n,
    struct item_stream *out, struct buf *err)
{
	const struct rsa_public *pub = rsa_public_of(sg->key);
	const uint8_t *at = (const uint8_t *)in->chunk.ptr;
	enum err rc = ERR_OK;

	for (int64_t i = 0; !rc && i < n; i++, at += pub->width) {
		rc = rsa_read(pub, at, sg->v[sg->n++], err);
		if (!rc && (sg->n == SIGN_GROUP || i + 1 == n))
			rc = sign_and_put(sg, out, err);
	}
	return rc ? rc : stream_end(out, err);
}

static enum err
sign_for_guest(struct intersection *x, const struct mailbox_party *guest,
    const struct rsa_secret *key, struct buf *err)
{
	size_t width = rsa_public_of(key)->width;
	struct item_stream in = stream(x, guest, "intersect_blinded", width);
	struct item_stream out = stream(x, guest, "intersect_signed", width);
	enum err rc = stream_expect(&in, err);
	int64_t total = in.left, n = 1;
	struct signing sg;

	signing_init(&sg, key);
	while (!rc && n) {
		rc = stream_get(&in, &n, err);
		if (!rc)
			rc = sign_chunk(&sg, &in, n, &out, err);
		if (total)
			task_progress(x->task,
			    (int)((total - in.left) * 50 / total),
			    "signed %lld of %lld ids",
			    (long long)(total - in.left), (long long)total);
	}
	signing_release(&sg);
	stream_release(&in);
	stream_release(&out);
	return rc;
}

static void
sign_and_add(struct intersection *x, struct signing *sg)
{
	uint8_t digest[DIGEST_SHA256_LEN];

	rsa_sign_many(sg->key, sg->v, sg->n);
	for (size_t i = 0; i < sg->n; i++) {
		rsa_digest(rsa_public_of(sg->key), sg->v[i], digest);
		idset_add(&x->set, digest, x->set.n);
	}
	sg->n = 0;
}

/* Our own ids, signed and hashed, into the set, by row. */
static enum err
sign_own(struct intersection *x, const struct rsa_secret *key, struct buf *err)
{
	int64_t total = table_reader_count(x->reader);
	struct signing sg;
	struct table_row row;
	enum err rc;

	signing_init(&sg, key);
	while (!(rc = table_reader_next(x->reader, &row, err))) {
		rsa_hash_id(sg.v[sg.n++], row.id, row.id_len);
		if (sg.n < SIGN_GROUP)
			continue;
		sign_and_add(x, &sg);
		if (x->set.n % INTERSECT_CHUNK == 0)
			task_progress(x->task,
			    50 + (int)(x->set.n * 50 / total),
			    "hashed %lld of %lld own ids", (long long)x->set.n,
			    (long long)total);
	}
	sign_and_add(x, &sg);
	signing_release(&sg);
	return rc == ERR_NOTFOUND ? ERR_OK : rc;
}

static enum err
send_digests(
    struct intersection *x, const struct mailbox_party *guest, struct buf *err)
{
	struct item_stream out =
	    stream(x, guest, "intersect_hashed", DIGEST_SHA256_LEN);
	enum err rc = stream_announce(&out, x->set.n, err);

	for (int64_t i = 0; !rc && i < x->set.n; i++)
		rc = stream_put(&out, x->set.items[i].digest, err);
	if (!rc)
		rc = stream_end(&out, err);
	stream_release(&out);
	return rc;
}

/* The key of this run, and whether our own ids are signed with it already. */
static struct rsa_secret *
find_key(struct intersection *x, const char *path, bool *is_kept_out)
{
	struct rsa_secret *key = *path ? kept_load(x, path) : NULL;

	*is_kept_out = key != NULL;
	if (!key)
		return rsa_generate(RSA_BLIND_BITS);
	task_log(x->task, "%lld signed ids come from an earlier run",
	    (long long)x->set.n);
	return key;
}

static enum err
sign_and_keep(struct intersection *x, const char *path,
    const struct rsa_secret *key, struct buf *err)
{
	enum err rc = sign_own(x, key, err);

	if (!rc && *path)
		kept_save(x, path, key);
	return rc;
}

static enum err
run_host(struct intersection *x, struct buf *err)
{
	const struct mailbox_party *guest = task_peer(x->task, "guest", 0);
	struct item_stream common =
	    stream(x, guest, "intersect_common", DIGEST_SHA256_LEN);
	struct rsa_secret *key = NULL;
	struct buf path = BUF_INIT;
	bool is_kept = false;
	enum err rc = kept_path(x, guest, &path, err);

	if (!rc)
		key = find_key(x, path.ptr, &is_kept);
	if (!rc)
		rc = send_key(x, guest, rsa_public_of(key), err);
	if (!rc)
		rc = sign_for_guest(x, guest, key, err);
	if (!rc && !is_kept)
		rc = sign_and_keep(x, path.ptr, key, err);
	idset_sort(&x->set);
	if (!rc)
		rc = send_digests(x, guest, err);
	if (!rc && x->sync) {
		rc = mark_stream(x, &common, err);
		x->has_result = true;
	}
	stream_release(&common);
	rsa_secret_free(key);
	buf_release(&path);
	return rc;
}

enum err
intersection_rsa(struct intersection *x, struct buf *err)
{
	return strcmp(x->task->role, "guest") ? run_host(x, err)
					      : run_guest(x, err);
}
