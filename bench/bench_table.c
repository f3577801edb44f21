/*
 * Uploading, measured: generates a CSV of N rows (default 1,000,000) of about
 * 100 bytes with ids in no order, then reads it and looks for the ends of its
 * lines (the floor), scans it and imports it, and prints one line per step
 * with MB/s, rows/s and the peak of RssAnon so far.
 *
 *	bench_table [rows [folder]]
 */
#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/table/csv.h"
#include "lib/table/import.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_bool is_done;
static atomic_long peak_kb;

static long
rss_anon_kb(void)
{
	char line[128];
	long kb = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "RssAnon:", 8))
			kb = strtol(line + 8, NULL, 10);
	if (f)
		fclose(f);
	return kb;
}

static void *
watch(void *arg)
{
	while (!is_done) {
		long kb = rss_anon_kb();

		if (kb > peak_kb)
			peak_kb = kb;
		usleep(5000);
	}
	return arg;
}

static void
generate(const char *path, int64_t rows)
{
	FILE *f = fopen(path, "w");
	uint64_t x = 88172645463325252U;

	if (!f)
		exit(1);
	fputs("id,y,x0,x1,x2,x3,x4,x5,x6,x7,x8\n", f);
	for (int64_t i = 0; i < rows; i++) {
		/* A bijection on 0..2^32-1: shuffled and without repeats. */
		uint32_t id = (uint32_t)i * 2654435761U;

		fprintf(f, "%u,%d", id, (int)(id & 1));
		for (int k = 0; k < 9; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			fprintf(f, ",%.6f", (double)(x % 4000000) / 1e6 - 2);
		}
		fputc('\n', f);
	}
	fclose(f);
}

static void
print_row(const char *what, int64_t ms, int64_t bytes, int64_t rows)
{
	double s = ms ? (double)ms / 1000 : 0.001;

	printf("%-8s %8.2f s %8.0f MB/s %10.0f rows/s  peak RssAnon %ld kB\n",
	    what, s, (double)bytes / 1e6 / s, (double)rows / s, peak_kb);
}

static void
read_lines(const char *path)
{
	static char block[512 * 1024];
	int64_t start = clock_mono_ms(), rows = 0, size = 0;
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		exit(1);
	setvbuf(f, NULL, _IONBF, 0);
	while ((n = fread(block, 1, sizeof(block), f)) > 0) {
		const char *p = block, *end = block + n;

		while (p < end &&
		       (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
			rows++;
			p++;
		}
		size += (int64_t)n;
	}
	fclose(f);
	print_row("floor", clock_mono_ms() - start, size, rows);
}

static void
scan(const char *path)
{
	struct csv_reader *r = NULL;
	struct csv_line line;
	int64_t start = clock_mono_ms(), rows = 0, fields = 0, size;

	if (csv_open(path, &r, NULL))
		exit(1);
	while (!csv_next(r, &line, NULL)) {
		fields += (int64_t)csv_split(&line);
		rows++;
	}
	size = csv_size(r);
	csv_close(&r);
	print_row("scan", clock_mono_ms() - start, size, rows);
	if (fields < rows)
		exit(1);
}

static void
import(const char *file, const char *table)
{
	struct import_options o = {
	    .file = file, .path = table, .has_head = true};
	struct import_result result;
	struct buf err = BUF_INIT;
	int64_t start = clock_mono_ms();

	if (table_import(&o, &result, &err)) {
		fprintf(stderr, "%s\n", err.ptr);
		exit(1);
	}
	print_row("import", clock_mono_ms() - start, 0, result.stats.rows);
	table_schema_release(&result.schema);
}

static void
read_back(const char *table)
{
	struct table_reader *r = NULL;
	struct table_row row;
	int64_t start = clock_mono_ms(), rows = 0;
	char id[16];

	if (table_reader_open(table, &r, NULL))
		exit(1);
	while (!table_reader_next(r, &row, NULL))
		rows++;
	print_row("read", clock_mono_ms() - start, 0, rows);
	start = clock_mono_ms();
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t n = i % (uint32_t)rows * 2654435761U;

		snprintf(id, sizeof(id), "%u", n);
		if (table_reader_find(r, id, strlen(id), &row, NULL))
			exit(1);
	}
	print_row("find", clock_mono_ms() - start, 0, 100000);
	table_reader_close(&r);
}

int
main(int argc, char **argv)
{
	int64_t rows = 1000000;
	struct buf csv = BUF_INIT, table = BUF_INIT;
	pthread_t watcher;

	if (argc > 1 &&
	    num_parse_int(argv[1], "rows", 1, 100000000, &rows, NULL))
		return 2;
	buf_addf(&csv, "%s/bench-table-%d.csv", argc > 2 ? argv[2] : "/tmp",
	    (int)getpid());
	buf_addf(&table, "%s.table", csv.ptr);
	generate(csv.ptr, rows);
	pthread_create(&watcher, NULL, watch, NULL);
	read_lines(csv.ptr);
	scan(csv.ptr);
	import(csv.ptr, table.ptr);
	read_back(table.ptr);
	is_done = true;
	pthread_join(watcher, NULL);
	unlink(csv.ptr);
	unlink(table.ptr);
	buf_release(&csv);
	buf_release(&table);
	return 0;
}
