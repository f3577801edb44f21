/*
 * HeteroPearson's model. A party's own columns have their names in it, the
 * other's are numbered: only their count is known here.
 */
#include "lib/base/mem.h"
#include "pearson.pb-c.h"
#include "task/components/hetero_pearson.h"
#include "task/components/pool.h"

#include <stdlib.h>

/* A party of the model: in its order, guest before host. */
struct shown {
	const char *role;
	const char *party_id;
	size_t n_columns;
	bool is_self;
};

static size_t
list_parties(const struct pearson *p, struct shown *out)
{
	struct shown self = {p->t->role, p->t->party_id, p->d, true};
	struct shown peer = {.is_self = false};

	out[0] = self;
	if (!p->is_cross)
		return 1;
	peer.role = p->cross.peer->role;
	peer.party_id = p->cross.peer->party_id;
	peer.n_columns = p->is_guest ? p->cross.n_host : p->cross.n_guest;
	out[0] = p->is_guest ? self : peer;
	out[1] = p->is_guest ? peer : self;
	return 2;
}

/* printf into the pool's memory. */
__attribute__((format(printf, 2, 3))) static char *
text(struct pool *pool, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	char *out;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	out = pool_new(pool, b.len, 1);
	memcpy(out, b.ptr, b.len);
	buf_release(&b);
	return out;
}

static char *
name_of(const struct pearson *p, size_t column)
{
	return p->schema.header[p->columns[column]];
}

static char *
anonymous_name(struct pool *pool, const struct shown *party, size_t column)
{
	return text(pool, "%s_%s_%zu", party->role, party->party_id, column);
}

static Model__Names *
names_of(const struct pearson *p, struct pool *pool, const struct shown *party)
{
	Model__Names *out = pool_new(pool, 1, sizeof(*out));

	model__names__init(out);
	out->n_names = party->n_columns;
	out->names = pool_new(pool, party->n_columns, sizeof(char *));
	for (size_t j = 0; j < party->n_columns; j++)
		out->names[j] = party->is_self ? name_of(p, j)
					       : anonymous_name(pool, party, j);
	return out;
}

static void
fill_parties(Model__PearsonModelParam *m, const struct pearson *p,
    struct pool *pool, const struct shown *parties, size_t n)
{
	m->n_parties = m->n_shapes = m->n_all_names = n;
	m->parties = pool_new(pool, n, sizeof(char *));
	m->shapes = pool_new(pool, n, sizeof(*m->shapes));
	m->all_names = pool_new(pool, n, sizeof(void *));
	for (size_t i = 0; i < n; i++) {
		m->parties[i] =
		    text(pool, "(%s,%s)", parties[i].role, parties[i].party_id);
		m->shapes[i] = (int32_t)parties[i].n_columns;
		m->all_names[i] = names_of(p, pool, &parties[i]);
		if (parties[i].is_self)
			m->party = m->parties[i];
	}
}

static void
fill_own(Model__PearsonModelParam *m, const struct pearson *p,
    struct pool *pool, const struct shown *self)
{
	Model__Anonymous *map = pool_new(pool, p->d, sizeof(*map));

	m->shape = (int32_t)p->d;
	m->n_names = m->n_anonymous_map = p->d;
	m->names = pool_new(pool, p->d, sizeof(char *));
	m->anonymous_map = pool_new(pool, p->d, sizeof(void *));
	for (size_t j = 0; j < p->d; j++) {
		model__anonymous__init(&map[j]);
		m->names[j] = map[j].name = name_of(p, j);
		map[j].anonymous = anonymous_name(pool, self, j);
		m->anonymous_map[j] = &map[j];
	}
	m->local_corr = p->local;
	m->n_local_corr = p->d * p->d;
	m->corr = p->corr;
	m->n_corr = p->corr ? p->cross.n_guest * p->cross.n_host : 0;
}

enum err
pearson_save(struct pearson *p, struct buf *err)
{
	Model__PearsonModelMeta meta = MODEL__PEARSON_MODEL_META__INIT;
	Model__PearsonModelParam m = MODEL__PEARSON_MODEL_PARAM__INIT;
	struct pool pool = {0};
	struct shown parties[2];
	size_t n = list_parties(p, parties);
	enum err rc;

	fill_parties(&m, p, &pool, parties, n);
	fill_own(&m, p, &pool,
	    parties[n - 1].is_self ? &parties[n - 1] : &parties[0]);
	meta.n_shapes = m.n_shapes;
	meta.shapes = m.shapes;
	rc = instances_save(p->t, "HeteroPearsonModelMeta", "PearsonModelMeta",
	    &meta.base, err);
	if (!rc)
		rc = instances_save(p->t, "HeteroPearsonModelParam",
		    "PearsonModelParam", &m.base, err);
	pool_release(&pool);
	return rc;
}
