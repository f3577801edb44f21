/*
 * Where models lie:
 *
 *	<work>/models/<party model>/<version>/<component>/<alias>/<buffer>
 *
 * <party model> is FATE's "role#party#model_id" (ids_party_model). A model id
 * that cannot stand in a folder's name, being too long or holding a slash, is
 * replaced by "sha256-" and its digest; what users see is always the id.
 */
#ifndef FF_MODEL_MODEL_PATH_H
#define FF_MODEL_MODEL_PATH_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* Which model; all borrowed. */
struct model_ref {
	const char *work_dir;
	const char *role;
	const char *party_id;
	const char *model_id;
	const char *version;
};

/*
 * The folder of a whole model, into an emptied `out`. ERR_INVALID names the
 * role, party or version that cannot be part of a path.
 */
enum err
model_path_root(const struct model_ref *m, struct buf *out, struct buf *err);

/* The folder of one component's buffers, into an emptied `out`. */
enum err model_path_component(const struct model_ref *m, const char *component,
    const char *alias, struct buf *out, struct buf *err);

#endif
