#include "lib/base/err.h"

#include <assert.h>

static const char *const names[] = {
    [ERR_OK] = "ok",
    [ERR_INVALID] = "invalid",
    [ERR_NOTFOUND] = "notfound",
    [ERR_CONFLICT] = "conflict",
    [ERR_DENIED] = "denied",
    [ERR_BUSY] = "busy",
    [ERR_DB] = "db",
    [ERR_UNCERTAIN] = "uncertain",
    [ERR_IO] = "io",
    [ERR_INTERNAL] = "internal",
    [ERR_FULL] = "full",
};
static_assert(sizeof(names) / sizeof(names[0]) == ERR__MAX, "a name each");

const char *
err_name(enum err e)
{
	return e < ERR__MAX ? names[e] : "unknown";
}
