/*
 * FATE-Serving, told of a model (contract: serving, section 1): one gRPC call
 * to each configured server, one after another, until one says no.
 */
#ifndef FF_SERVING_SERVING_H
#define FF_SERVING_SERVING_H

#include <stdint.h>

#include "lib/base/json.h"

/* Addresses; zero-initialised is empty. */
struct serving_list {
	char **addresses;
	size_t n;
};

/*
 * serving.addresses of the configuration, "host:port, host:port". ERR_INVALID
 * names what is no address.
 */
enum err
serving_list_parse(const char *text, struct serving_list *out, struct buf *err);
/*
 * Those that a request names, a JSON list. ERR_DENIED names one that is not
 * in `configured`: a request must not make this server call anybody.
 */
enum err serving_list_choose(const struct serving_list *configured,
    const cJSON *wanted, struct serving_list *out, struct buf *err);
void serving_list_release(struct serving_list *list);

struct serving_party {
	const char *role;
	const char *party_id;
};

struct serving_publish {
	struct serving_party local;
	const struct serving_party *parties; /* roles in one piece each */
	size_t n_parties;
	const struct serving_party *models; /* whose models are told of */
	size_t n_models;
	const char *model_id; /* without role and party */
	const char *model_version;
	const char *service_id; /* the rest may be "" */
	const char *load_type;
	const char *file_path;
};

enum serving_method { SERVING_LOAD, SERVING_BIND };

/* What comes of it, as FATE-Flow words it. */
struct serving_verdict {
	int code; /* 0; the server's status; 100: it could not be asked */
	struct buf text;
};

/*
 * Calls them until one fails or `deadline_at` (monotonic milliseconds) is
 * over. The verdict's text is appended.
 */
void serving_call(const struct serving_list *list, enum serving_method method,
    const struct serving_publish *publish, int64_t deadline_at,
    struct serving_verdict *out);

#endif
