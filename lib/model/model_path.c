/*
 * Every part may come out of a request, so each is checked here, by the one
 * function that joins them.
 */
#include "lib/model/model_path.h"

#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/path.h"
#include "lib/core/ids.h"

static enum err
check(const char *what, const char *value, struct buf *err)
{
	if (path_is_component(value))
		return ERR_OK;
	return err_set(err, ERR_INVALID,
	    "%s \"%.64s\" cannot be the name of a folder", what, value);
}

static void
add_party_model(const struct model_ref *m, struct buf *out)
{
	struct buf name = BUF_INIT;
	uint8_t digest[DIGEST_SHA256_LEN];
	char hex[DIGEST_HEX_LEN];

	ids_party_model(m->role, m->party_id, m->model_id, &name);
	if (!path_is_component(name.ptr)) {
		digest_sha256(m->model_id, strlen(m->model_id), digest);
		digest_hex(digest, sizeof(digest), hex);
		buf_reset(&name);
		buf_addf(&name, "%s#%s#sha256-%s", m->role, m->party_id, hex);
	}
	buf_add(out, name.ptr, name.len);
	buf_release(&name);
}

enum err
model_path_root(const struct model_ref *m, struct buf *out, struct buf *err)
{
	enum err rc = check("role", m->role, err);

	if (!rc)
		rc = check("party_id", m->party_id, err);
	if (!rc)
		rc = check("model_version", m->version, err);
	if (rc)
		return rc;
	path_set(out, "%s/models/", m->work_dir);
	add_party_model(m, out);
	buf_addf(out, "/%s", m->version);
	return ERR_OK;
}

enum err
model_path_component(const struct model_ref *m, const char *component,
    const char *alias, struct buf *out, struct buf *err)
{
	enum err rc = model_path_root(m, out, err);

	if (!rc)
		rc = check("component", component, err);
	if (!rc)
		rc = check("model alias", alias, err);
	if (!rc)
		buf_addf(out, "/%s/%s", component, alias);
	return rc;
}
