/*
 * The floor under everything durable: how many times a second this disk takes
 * 4 KiB and fdatasync. usage: bench_fsync FILE [SECONDS]
 */
#include "lib/base/clock.h"
#include "lib/base/num.h"

#include <fcntl.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	static char block[4096];
	int64_t seconds = 2, n = 0, start;
	int fd;

	if (argc < 2 || (argc > 2 && num_parse_int(argv[2], "SECONDS", 1, 60,
					 &seconds, NULL))) {
		fputs("usage: bench_fsync FILE [SECONDS]\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	start = clock_mono_ms();
	while (clock_mono_ms() - start < seconds * 1000) {
		if (pwrite(fd, block, sizeof(block), n % 256 * 4096) < 0 ||
		    fdatasync(fd) < 0) {
			perror(argv[1]);
			return 1;
		}
		n++;
	}
	printf("%.0f\n", (double)n * 1000 / (double)(clock_mono_ms() - start));
	unlink(argv[1]);
	return 0;
}
