#include "lib/crypto/fixed_base.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

#define WIDTH_MIN 8U
#define WIDTH_MAX 12U
#define WIDER	  2U
#define TABLE_MAX ((size_t)40 << 20) /* bytes */
#define AT_ONCE	  ((size_t)64)

struct fixed_base {
	struct lanes *ls;
	size_t len;	  /* bytes of an exponent */
	unsigned width;	  /* bits of a window */
	size_t n_windows; /* of an exponent */
	/* [digit][window]: base^(digit << (width * window)) in Montgomery's
	 * form; those of digit 0 are never read */
	uint64_t *table;
	size_t n_powers; /* so far */
	uint32_t *list;	 /* AT_ONCE times the windows */
};

static uint64_t *
entry(const struct fixed_base *f, size_t digit, size_t window)
{
	return f->table + (digit * f->n_windows + window) * f->ls->stride;
}

static size_t
windows(const struct fixed_base *f, unsigned width)
{
	return (8 * f->len + width - 1) / width;
}

/* A table of windows of so many bits; `base` is in Montgomery's form. */
static void
fill(struct fixed_base *f, const uint64_t *base, unsigned width)
{
	size_t size = f->ls->stride * sizeof(uint64_t);

	f->width = width;
	f->n_windows = windows(f, width);
	f->table = lanes_alloc(f->ls, f->n_windows << width);
	memcpy(entry(f, 1, 0), base, size);
	for (size_t w = 1; w < f->n_windows; w++) {
		memcpy(entry(f, 1, w), entry(f, 1, w - 1), size);
		lanes_square(f->ls, entry(f, 1, w), &width, 1);
	}
	for (size_t d = 2; d < (size_t)1 << width; d++) {
		memcpy(entry(f, d, 0), entry(f, d - 1, 0), f->n_windows * size);
		lanes_mul(f->ls, entry(f, d, 0), entry(f, 1, 0), f->n_windows);
	}
}

static bool
fits(const struct fixed_base *f, unsigned width)
{
	size_t size = f->ls->stride * sizeof(uint64_t);

	return width <= WIDTH_MAX &&
	       (windows(f, width) << width) * size <= TABLE_MAX;
}

/* Would wider windows have saved by now what their table takes? */
static void
widen_if_due(struct fixed_base *f)
{
	unsigned width = f->width + WIDER;
	size_t n = windows(f, width), saved = f->n_windows - n;
	uint64_t *old = f->table;

	if (!fits(f, width) || f->n_powers * saved < n << width)
		return;
	fill(f, old + f->n_windows * f->ls->stride, width);
	free(old);
}

/* Multiplications for so many powers, with those of the table. */
static size_t
cost(const struct fixed_base *f, unsigned width, size_t n_powers)
{
	return windows(f, width) * (((size_t)1 << width) + n_powers);
}

struct fixed_base *
fixed_base_new(struct lanes *ls, const mpz_t base, size_t len, size_t expected)
{
	struct fixed_base *f = xcalloc(1, sizeof(*f));
	uint64_t *first = lanes_alloc(ls, 1);
	unsigned width = WIDTH_MIN;

	f->ls = ls;
	f->len = len;
	while (fits(f, width + WIDER) &&
	       cost(f, width + WIDER, expected) < cost(f, width, expected))
		width += WIDER;
	lanes_set(ls, first, base);
	lanes_scale(ls, first, lanes_constant(ls, LANES_R2), 1);
	fill(f, first, width);
	f->list = xcalloc(AT_ONCE * f->n_windows, sizeof(*f->list));
	free(first);
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

unsigned
fixed_base_width(const struct fixed_base *f)
{
	return f->width;
}

static size_t
digit(const struct fixed_base *f, const unsigned char *exponent, size_t window)
{
	size_t bit = window * f->width, at = bit / 8, bits = 0;

	for (size_t i = 0; i < 3 && at + i < f->len; i++)
		bits |= (size_t)exponent[at + i] << (8 * i);
	return bits >> bit % 8 & (((size_t)1 << f->width) - 1);
}

static uint32_t
list_entries(
    const struct fixed_base *f, uint32_t *list, const unsigned char *exponent)
{
	size_t d;
	uint32_t n = 0;

	for (size_t w = 0; w < f->n_windows; w++) {
		d = digit(f, exponent, w);
		if (d)
			list[n++] = (uint32_t)(d * f->n_windows + w);
	}
	return n;
}

void
fixed_base_multiply(struct fixed_base *f, uint64_t *acc,
    const unsigned char *exponents, size_t n)
{
	struct lanes_chain chain[AT_ONCE];
	uint32_t *list;
	size_t now, n_list = AT_ONCE * f->n_windows;

	for (; n > 0; n -= now, acc += now * f->ls->stride) {
		widen_if_due(f);
		now = n < AT_ONCE ? n : AT_ONCE;
		f->n_powers += now;
		for (size_t i = 0; i < now; i++, exponents += f->len) {
			list = f->list + i * f->n_windows;
			chain[i] = (struct lanes_chain){acc + i * f->ls->stride,
			    list, list_entries(f, list, exponents), false};
		}
		lanes_chains(f->ls, f->table, chain, now);
	}
	explicit_bzero(f->list, n_list * sizeof(*f->list));
}
