/*
 * Private to HeteroFeatureBinning. Every party cuts its own columns. Then
 *
 *	guest -> hosts   whether they take part; if so, its Paillier key and
 *			 the proof of its rows
 *			 [[y]] of each row, y 0 or 1
 *	host  -> guest   which columns (by number) it has in how many bins,
 *			 and whether they are to be merged
 *			 [[rows with y = 1]] and [[rows]] of each bin, packed:
 *			 slots of 2 * width bits, rows above events
 *	guest -> host    of columns to be merged, which bins go together
 *
 * The guest made the key and decrypts; hosts see ciphertexts of labels only.
 * Where bins are merged, a host learns which of its bins are alike, no more.
 */
#ifndef FF_TASK_COMPONENTS_FEATURE_BINNING_H
#define FF_TASK_COMPONENTS_FEATURE_BINNING_H

#include "lib/crypto/paillier_bins.h"
#include "lib/math/binning_merge.h"
#include "task/components/exchange.h"
#include "task/components/instances.h"

#define BINNING_CHUNK ((size_t)4096)   /* rows of a message */
#define BINNING_MAX   ((size_t)100000) /* bins of a column */

enum binning_method {
	BINNING_QUANTILE,
	BINNING_BUCKET,
	BINNING_OPTIMAL,
	BINNING_METHOD__MAX
};

enum binning_transform {
	BINNING_KEEP, /* the data stays as it is */
	BINNING_NUMBER,
	BINNING_WOE,
	BINNING_TRANSFORM__MAX
};

struct binning_param {
	enum binning_method method;
	struct sketch_param sketch;
	size_t bin_num;
	double adjustment;
	bool local_only;
	enum binning_transform transform;
	bool starts_by_bucket; /* optimal, at the guest */
	size_t start_bins;
	struct binning_merge merge;
};

/* A column of this party, or of a host as the guest sees it. */
struct binning_column {
	bool has_bins;
	bool is_category;    /* each value is a bin */
	bool is_merged;	     /* optimal: bins are to be merged */
	bool is_transformed; /* in the output */
	double *splits;	     /* n; own columns only */
	size_t n;
	struct binning_count *counts; /* n, at the guest */
	struct binning_stats stats;   /* at the guest */
};

struct binning_host {
	size_t n_columns; /* by number; without bins: unknown */
	struct binning_column *columns;
	size_t n_bins; /* of all columns */
	struct binning_merge merge;
};

struct binning {
	struct task *t;
	const cJSON *param;
	bool is_guest;
	struct binning_param p;
	struct table_reader *in;
	struct table_schema schema;
	struct binning_column *columns; /* schema.n_header */
	size_t n_rows;
	int64_t n_events; /* at the guest */
	struct exchange_rows rows;
	struct binning_host *hosts; /* at the guest, when they take part */
	size_t n_hosts;
	struct paillier_secret *secret; /* at the guest */
	struct paillier_public *pub;	/* at a host */
	struct exchange_vector c;
};

/* hetero_feature_binning_param.c */
enum err binning_configure(struct binning *b, struct buf *err);
const char *binning_method_name(enum binning_method method);
/* "" for none, as the model shows it. */
const char *binning_transform_name(enum binning_transform transform);
bool binning_transform_parse(const char *name, enum binning_transform *out);

/* hetero_feature_binning_learn.c: this party's split points, in one pass. */
enum err binning_learn(struct binning *b, struct buf *err);

/* Calls for each row, with its values by column. */
typedef enum err binning_meet(void *arg, const struct table_row *row,
    const double *values, struct buf *err);
enum err binning_each_row(
    struct binning *b, binning_meet *meet, void *arg, struct buf *err);
/* What the bins of a column become: last[k] ends the k-th of n. */
void binning_join(struct binning_column *c, const size_t *last, size_t n);

/* hetero_feature_binning_guest.c, _host.c: the rest of a fit. */
enum err binning_fit_guest(struct binning *b, struct buf *err);
enum err binning_fit_host(struct binning *b, struct buf *err);

/* How counts lie in a packed plaintext. */
struct binning_layout {
	unsigned width; /* bits of a count */
	size_t slots;
	size_t n_packed;
};
struct binning_layout
binning_layout(const struct paillier_public *pub, size_t n_rows, size_t n_bins);

/* hetero_feature_binning_model.c */
enum err binning_save(struct binning *b, struct buf *err);
/* Reads a model, and passes it on; columns are ready to transform. */
enum err binning_load(struct binning *b, struct buf *err);

void binning_column_release(struct binning_column *c);

#endif
