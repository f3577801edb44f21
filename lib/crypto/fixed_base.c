#include "lib/crypto/fixed_base.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

#define ENTRIES ((size_t)256)
#define AT_ONCE ((size_t)64)

struct fixed_base {
	struct lanes *ls;
	size_t len;
	/* [digit][window]: base^(digit << (8 * window)) in Montgomery's form;
	 * those of digit 0 are never read */
	uint64_t *table;
	uint32_t *list; /* AT_ONCE times len */
};

static uint64_t *
entry(const struct fixed_base *f, size_t digit, size_t window)
{
	return f->table + (digit * f->len + window) * f->ls->stride;
}

static void
fill(struct fixed_base *f, const mpz_t base)
{
	static const unsigned eight = 8;
	size_t size = f->ls->stride * sizeof(uint64_t);

	lanes_set(f->ls, entry(f, 1, 0), base);
	lanes_scale(f->ls, entry(f, 1, 0), lanes_constant(f->ls, LANES_R2), 1);
	for (size_t w = 1; w < f->len; w++) {
		memcpy(entry(f, 1, w), entry(f, 1, w - 1), size);
		lanes_square(f->ls, entry(f, 1, w), &eight, 1);
	}
	for (size_t d = 2; d < ENTRIES; d++) {
		memcpy(entry(f, d, 0), entry(f, d - 1, 0), f->len * size);
		lanes_mul(f->ls, entry(f, d, 0), entry(f, 1, 0), f->len);
	}
}

struct fixed_base *
fixed_base_new(struct lanes *ls, const mpz_t base, size_t len)
{
	struct fixed_base *f = xcalloc(1, sizeof(*f));

	f->ls = ls;
	f->len = len;
	f->table = lanes_alloc(ls, ENTRIES * len);
	f->list = xcalloc(AT_ONCE * len, sizeof(*f->list));
	fill(f, base);
	return f;
}

void
fixed_base_free(struct fixed_base *f)
{
	if (!f)
		return;
	free(f->table);
	free(f->list);
	free(f);
}

void
fixed_base_multiply(struct fixed_base *f, uint64_t *acc,
    const unsigned char *exponents, size_t n)
{
	struct lanes_chain chain[AT_ONCE];
	uint32_t *list;
	size_t now;

	for (; n > 0; n -= now, acc += now * f->ls->stride) {
		now = n < AT_ONCE ? n : AT_ONCE;
		for (size_t i = 0; i < now; i++, exponents += f->len) {
			list = f->list + i * f->len;
			chain[i] = (struct lanes_chain){
			    acc + i * f->ls->stride, list, 0, false};
			for (size_t w = 0; w < f->len; w++)
				if (exponents[w])
					list[chain[i].n++] =
					    (uint32_t)(exponents[w] * f->len +
						       w);
		}
		lanes_chains(f->ls, f->table, chain, now);
	}
	explicit_bzero(f->list, AT_ONCE * f->len * sizeof(*f->list));
}
