/*
 * SecureAddExample: guest and host each hold data_num ones and learn the sum
 * of both, each value being shared additively.
 *
 * A share is a number modulo 2^64 in fixed point. One half of a value is
 * uniform, the other is the value less that half, so either alone says
 * nothing of the value. Each party keeps one half, gives away the other, and
 * adds up what it has; the two sums are shares of the total.
 */
#include <math.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/num.h"
#include "lib/crypto/random.h"
#include "task/task.h"

#define SHARE_TAG   "toy_share"
#define SUM_TAG	    "toy_sum"
#define SHARE_BITS  20	  /* of the fraction; 100 million ones need 47 */
#define CHUNK	    65536 /* shares in one message */
#define SHARE_WIDTH ((size_t)8)
#define SUM_HEX_LEN 16
#define ROWS_TAG    "toy_rows"
#define TOLERANCE   1e-6

struct secure_add {
	struct task *t;
	const struct mailbox_party *peer;
	bool is_guest;
	int64_t n;
	uint64_t sum; /* of the shares that this party holds */
};

/*
 * FATE's toy script looks in INFO.log for lines of secure_add_guest.py, the
 * guest's program there; who reads them finds the line in this file.
 */
__attribute__((format(printf, 3, 4))) static void
say_at(struct secure_add *a, int line, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	log_at(LOG_LEVEL_INFO,
	    (struct log_place){
		a->is_guest ? "secure_add_guest.py" : "secure_add_host.py",
		line},
	    "%s", text.ptr);
	buf_release(&text);
}

#define SAY(a, ...) say_at(a, __LINE__, __VA_ARGS__)

/* A result is printed too: it stands in std.log besides. */
static void
tell_result(struct secure_add *a, const char *what, double v)
{
	SAY(a, "%s is %.4f", what, v);
	printf("%s is %.4f\n", what, v);
	fflush(stdout);
}

static double
from_share(uint64_t share)
{
	return ldexp((double)(int64_t)share, -SHARE_BITS);
}

static void
put_share(uint8_t *out, uint64_t share)
{
	for (size_t i = SHARE_WIDTH; i-- > 0; share >>= 8)
		out[i] = (uint8_t)share;
}

static uint64_t
get_share(const uint8_t *in)
{
	uint64_t share = 0;

	for (size_t i = 0; i < SHARE_WIDTH; i++)
		share = share << 8 | in[i];
	return share;
}

/* Keeps a uniform half of each of n ones; the other halves go to `out`. */
static void
split(struct secure_add *a, uint8_t *out, int64_t n)
{
	const uint64_t one = (uint64_t)1 << SHARE_BITS;
	uint64_t kept;

	for (int64_t i = 0; i < n; i++, out += SHARE_WIDTH) {
		random_bytes(&kept, sizeof(kept));
		a->sum += kept;
		put_share(out, one - kept);
	}
}

static enum err
send_shares(struct secure_add *a, struct buf *err)
{
	uint8_t *shares = xreallocarray(NULL, CHUNK, SHARE_WIDTH);
	enum err rc = ERR_OK;

	for (int64_t left = a->n, n; !rc && left > 0; left -= n) {
		n = left < CHUNK ? left : CHUNK;
		split(a, shares, n);
		rc = mailbox_send(a->t->mail, a->peer, SHARE_TAG,
		    MESSAGE_BLINDED, n, shares, (size_t)n * SHARE_WIDTH, err);
	}
	free(shares);
	return rc;
}

static enum err
receive_shares(struct secure_add *a, struct buf *err)
{
	struct buf shares = BUF_INIT;
	enum err rc = ERR_OK;

	for (int64_t left = a->n, n; !rc && left > 0; left -= n) {
		buf_reset(&shares);
		rc = mailbox_receive(a->t->mail, a->peer, SHARE_TAG,
		    MESSAGE_BLINDED, &shares, &n, err);
		if (rc)
			break;
		if (n < 1 || n > left || shares.len != (size_t)n * SHARE_WIDTH)
			rc = err_set(err, ERR_INVALID,
			    "%s %s sent %lld shares in %zu bytes, expected at "
			    "most %lld; data_num must be the same for both",
			    a->peer->role, a->peer->party_id, (long long)n,
			    shares.len, (long long)left);
		for (int64_t i = 0; !rc && i < n; i++)
			a->sum += get_share((const uint8_t *)shares.ptr +
					    (size_t)i * SHARE_WIDTH);
	}
	buf_release(&shares);
	return rc;
}

/* As text: a double would not hold 64 bits. */
static enum err
send_sum(struct secure_add *a, struct buf *err)
{
	cJSON *o = cJSON_CreateObject();
	char hex[SUM_HEX_LEN + 1];
	enum err rc;

	snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)a->sum);
	json_add_str(o, "sum", hex);
	rc = mailbox_send_json(
	    a->t->mail, a->peer, SUM_TAG, MESSAGE_AGGREGATE, o, err);
	cJSON_Delete(o);
	return rc;
}

static enum err
receive_sum(struct secure_add *a, uint64_t *out, struct buf *err)
{
	cJSON *o = NULL;
	const char *hex;
	enum err rc = mailbox_receive_json(
	    a->t->mail, a->peer, SUM_TAG, MESSAGE_AGGREGATE, &o, err);

	if (rc)
		return rc;
	hex = json_str(o, "sum", "");
	if (strlen(hex) != SUM_HEX_LEN ||
	    strspn(hex, "0123456789abcdef") != SUM_HEX_LEN)
		rc = err_set(
		    err, ERR_INVALID, "the host's sum is no 64-bit number");
	else
		*out = strtoull(hex, NULL, 16);
	cJSON_Delete(o);
	return rc;
}

static enum err
reconstruct(struct secure_add *a, uint64_t host_sum, struct buf *err)
{
	double total = from_share(a->sum + host_sum);
	char text[32];

	tell_result(a, "host sum", from_share(host_sum));
	tell_result(a, "guest sum", from_share(a->sum));
	tell_result(a, "Secure Add Result", total);
	if (fabs(total - 2 * (double)a->n) >= TOLERANCE)
		return err_set(err, ERR_INVALID,
		    "the secure sum is %.6f, expected %lld", total,
		    2 * (long long)a->n);
	num_format_double(total, text);
	SAY(a, "success to calculate secure_sum, it is %s", text);
	task_progress(a->t, 100, "the secure sum is %s", text);
	return ERR_OK;
}

/* Both must hold as many, or one would wait for shares for ever. */
static enum err
agree_on_rows(struct secure_add *a, struct buf *err)
{
	cJSON *o = cJSON_CreateObject();
	int64_t theirs = -1;
	enum err rc;

	json_add_int(o, "rows", a->n);
	rc = mailbox_send_json(
	    a->t->mail, a->peer, ROWS_TAG, MESSAGE_AGGREGATE, o, err);
	cJSON_Delete(o);
	o = NULL;
	if (!rc)
		rc = mailbox_receive_json(
		    a->t->mail, a->peer, ROWS_TAG, MESSAGE_AGGREGATE, &o, err);
	if (!rc)
		theirs = json_int(o, "rows", -1);
	cJSON_Delete(o);
	if (!rc && theirs != a->n)
		rc = err_set(err, ERR_INVALID,
		    "data_num is %lld here and %lld at %s %s; it must be the "
		    "same",
		    (long long)a->n, (long long)theirs, a->peer->role,
		    a->peer->party_id);
	return rc;
}

static enum err
exchange(struct secure_add *a, struct buf *err)
{
	enum err rc;

	SAY(a, "begin to split %lld ones into two random shares each",
	    (long long)a->n);
	rc = send_shares(a, err);
	if (rc)
		return rc;
	SAY(a, "one share of each went to %s %s", a->peer->role,
	    a->peer->party_id);
	task_progress(a->t, 40, "waiting for the other party's shares");
	rc = receive_shares(a, err);
	if (!rc)
		SAY(a, "got a share of each value of %s %s", a->peer->role,
		    a->peer->party_id);
	return rc;
}

enum err
secure_add_example_run(struct task *t, struct buf *err)
{
	bool is_guest = !strcmp(t->role, "guest");
	struct secure_add a = {.t = t,
	    .is_guest = is_guest,
	    .peer = task_peer(t, is_guest ? "host" : "guest", 0),
	    .n = json_int(t->param, "data_num", 10000)};
	uint64_t host_sum = 0;
	enum err rc;

	if (!a.peer || t->n_peers != 1)
		return err_set(err, ERR_INVALID,
		    "SecureAddExample needs one guest and one host");
	SAY(&a, "begin to agree on the number of values");
	rc = agree_on_rows(&a, err);
	if (!rc)
		rc = exchange(&a, err);
	if (rc)
		return rc;
	if (!is_guest) {
		SAY(&a, "give the sum of the shares at hand to the guest");
		return send_sum(&a, err);
	}
	SAY(&a, "wait for the host's sum of its shares");
	rc = receive_sum(&a, &host_sum, err);
	return rc ? rc : reconstruct(&a, host_sum, err);
}
