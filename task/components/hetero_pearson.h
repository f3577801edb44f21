/*
 * Private to HeteroPearson. A party reads its rows twice for the correlations
 * of its own columns. With cross_parties there follow those of every column of
 * the guest with every one of the host:
 *
 *	guest -> host    its Paillier key; the proof of its rows, and how many
 *			 columns it has
 *	host  -> guest   how many columns it has
 *	guest -> host    its standardised values, encrypted, row by row, those
 *			 of about 12 columns in one number
 *	host  -> guest   their sums of products with each of its own columns
 *			 under a mask, made random again
 *	guest <-> host   the upper 40 bits of each one's share of the products
 *
 * What is disclosed: to both, the correlations across (to about 2^-38, and
 * whether the lower digits of two shares borrowed), the number of columns of
 * each and that the rows are the same. Neither sees the other's values, means,
 * deviations or names; a column of the other is "host_10000_0". FATE's SPDZ
 * (I. Damgard et al., CRYPTO 2012), with products from Paillier too, discloses
 * the same: both get all of `corr`. Products by shares under an additive
 * encryption are those of B. Goethals et al., "On private scalar product
 * computation for privacy-preserving data mining", ICISC 2004.
 *
 * Assumed: Paillier with short exponents (paillier_mask()), and parties that
 * follow the protocol. LIMIT: correlations are equations for the other's
 * values. Who has about as many columns as there are rows can solve them; the
 * log of both warns where that is so.
 */
#ifndef FF_TASK_COMPONENTS_HETERO_PEARSON_H
#define FF_TASK_COMPONENTS_HETERO_PEARSON_H

#include "lib/crypto/shared_dot.h"
#include "lib/math/correlation.h"
#include "task/components/exchange.h"
#include "task/components/instances.h"

#define PEARSON_CHUNK	    ((size_t)4096) /* rows of a message */
#define PEARSON_COLUMNS_MAX ((size_t)4096) /* of a party */

/* What crosses: of both parties, unless it says whose. */
struct pearson_cross {
	const struct mailbox_party *peer;
	struct exchange_rows rows;
	cJSON *proof;			/* the guest's, at the host */
	struct paillier_secret *secret; /* the guest's */
	struct paillier_public *pub;	/* the host's copy */
	struct shared_dot dot;
	size_t n_guest; /* columns */
	size_t n_host;
	size_t packed_rows; /* of all packed numbers */
	uint64_t *shares;   /* n_guest * n_host, what is opened of them */
	struct exchange_vector c;
};

struct pearson {
	struct task *t;
	bool is_guest;
	bool is_cross;
	struct table_reader *in;
	struct table_schema schema;
	uint32_t *columns; /* positions of those that were chosen */
	size_t d;
	struct correlation own;
	double *local; /* d * d */
	double *corr;  /* n_guest * n_host of `cross`, NULL without */
	struct pearson_cross cross;
};

/* Calls for each row, with the values of the chosen columns. */
typedef enum err pearson_meet(void *arg, const struct table_row *row,
    const double *values, struct buf *err);
enum err pearson_each_row(
    struct pearson *p, pearson_meet *meet, void *arg, struct buf *err);

/*
 * hetero_pearson_cross.c: before the pass in which the ids are added to
 * p->cross.rows, and after it.
 */
enum err pearson_cross_begin(struct pearson *p, struct buf *err);
enum err pearson_cross_finish(struct pearson *p, struct buf *err);
void pearson_cross_release(struct pearson_cross *x);

/* hetero_pearson_guest.c, _host.c: shares[] of this party. */
enum err pearson_share_guest(struct pearson *p, struct buf *err);
enum err pearson_share_host(struct pearson *p, struct buf *err);

/* How many columns of the guest are packed as number g, from g * slots on. */
size_t pearson_packed(const struct pearson *p, size_t g);

/* hetero_pearson_model.c */
enum err pearson_save(struct pearson *p, struct buf *err);

#endif
