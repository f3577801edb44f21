/*
 * One unary gRPC call over HTTP/2 without TLS, as FATE-Serving offers it.
 * Every call has a connection of its own.
 */
#ifndef FF_HTTP_GRPC_H
#define FF_HTTP_GRPC_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct grpc_call {
	const char *address; /* "host:port" */
	const char *method;  /* "/package.Service/method" */
	const void *message; /* packed */
	size_t len;
	int64_t timeout_ms; /* of the whole call */
};

/*
 * Appends the packed answer. ERR_BUSY: nobody listens there, or no answer in
 * time; ERR_IO: the server refused the call, or what it said is no gRPC. The
 * text names the address.
 */
enum err
grpc_unary(const struct grpc_call *call, struct buf *answer, struct buf *err);

/* "host:port" with a host that a URL can hold and a port 1..65535. */
bool grpc_is_address(const char *text);

#endif
