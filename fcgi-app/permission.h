/*
 * The words of permissions, and what a job needs of them: pure functions.
 */
#ifndef FF_FCGI_PERMISSION_H
#define FF_FCGI_PERMISSION_H

#include "lib/core/conf.h"
#include "lib/store/privilege.h"

/*
 * Splits a comma list and checks each word (components in any case); "all"
 * adds every word of that kind. ERR_INVALID in FATE's words.
 */
enum err permission_parse(enum privilege_kind kind, const char *text,
    struct privilege_list *out, struct buf *err);

/*
 * May the initiator, who was granted `have`, run this job at its other
 * parties? Its own party id needs nothing. ERR_DENIED names all that is
 * missing.
 */
enum err permission_check(const struct conf *c, const struct dsl *d,
    const struct privilege_list *have, struct buf *err);

#endif
