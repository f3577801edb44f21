/* Which handler answers which path, in one table. */
#ifndef FF_FCGI_ROUTE_H
#define FF_FCGI_ROUTE_H

#include <stdio.h>

#include "fcgi-app/app.h"

enum route_flag {
	ROUTE_RAW = 1 << 0, /* the handler reads the body itself */
};

struct route {
	unsigned methods; /* enum request_method */
	/*
	 * "{name}" stands for one segment, which goes to request.args; a
	 * final "*" for the rest.
	 */
	const char *path;
	handler *handle; /* NULL: FATE has it, we do not: HTTP 501 */
	unsigned flags;
};

const struct route *route_find(const char *path);
const struct route *route_all(size_t *n_out);

/* "GET, POST" for an Allow header. */
const char *route_allow(const struct route *r);

/* Lines "METHOD PATH", with " -" behind those that are not offered. */
void route_print(FILE *out);

/* Finds the route, reads the body, calls the handler, sends the answer. */
void route_serve(struct app *app, struct request *rq, struct reply *rp);

#endif
