/*
 * The floor under a read through the web server: a FastCGI responder that
 * answers the same number of bytes, always the same ones. It serves the
 * listening socket on descriptor 0. usage: bench_responder BYTES <&SOCKET
 */
#include "lib/base/mem.h"
#include "lib/base/num.h"

#include <fcgiapp.h>

int
main(int argc, char **argv)
{
	FCGX_Request request;
	int64_t bytes;
	char *body;

	if (argc < 2 ||
	    num_parse_int(argv[1], "BYTES", 1, 1 << 24, &bytes, NULL)) {
		fputs("usage: bench_responder BYTES\n", stderr);
		return 2;
	}
	body = xmalloc((size_t)bytes);
	memset(body, 'x', (size_t)bytes);
	FCGX_Init();
	FCGX_InitRequest(&request, 0, 0);
	while (FCGX_Accept_r(&request) == 0) {
		FCGX_FPrintF(
		    request.out, "Content-Type: application/json\r\n\r\n");
		FCGX_PutStr(body, (int)bytes, request.out);
		FCGX_Finish_r(&request);
	}
	free(body);
	return 0;
}
