/*
 * doctor: a table of checks, each prints one line. A check that fails says
 * what to do about it; the verb fails when one did. Later checks need what
 * earlier ones found, so the order of the table is the order of need.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/verbs.h"
#include "lib/base/disk.h"
#include "lib/base/mem.h"
#include "lib/base/path.h"
#include "lib/serving/serving.h"
#include "lib/store/health.h"
#include "lib/store/migrate.h"

struct visit {
	const struct verb_args *args;
	struct db *db;
	bool has_db;
};

/* Each writes what it found to `note`, or why it failed. */
typedef enum err check_run(struct visit *v, struct buf *note);

static enum err
check_config(struct visit *v, struct buf *note)
{
	buf_addf(note, "%s", v->args->cfg_path);
	return ERR_OK;
}

static enum err
check_database(struct visit *v, struct buf *note)
{
	enum err rc = db_ping(v->db, note);

	v->has_db = rc == ERR_OK;
	if (v->has_db)
		buf_addf(note, "%s, server %s", v->args->cfg->database.name,
		    db_server(v->db));
	return rc;
}

static enum err
check_schema(struct visit *v, struct buf *note)
{
	struct migrate_report r = {0};
	enum err rc;

	if (!v->has_db)
		return err_set(note, ERR_DB, "needs the database");
	rc = migrate_look(v->db, v->args->sql_dir, &r, note);
	if (rc != ERR_OK)
		return rc;
	if (r.to < r.newest)
		return err_set(note, ERR_CONFLICT,
		    "version %d, newest is %d: run fateflow-admin migrate",
		    r.to, r.newest);
	buf_addf(note, "version %d, the newest", r.to);
	return ERR_OK;
}

/* Does the server take every statement of this program? */
static enum err
check_statements(struct visit *v, struct buf *note)
{
	size_t n = 0;

	if (!v->has_db)
		return err_set(note, ERR_DB, "needs the database");
	for (const struct db_statements *s = db_statements_all(); s;
	     s = s->next)
		for (size_t i = 0; i < s->n; i++, n++) {
			enum err rc;

			if (!s->texts[i])
				continue;
			rc = db_prepare_only(v->db, s->texts[i], note);
			if (rc != ERR_OK) {
				buf_addf(
				    note, " in %s, statement %zu", s->file, i);
				return rc;
			}
		}
	buf_addf(note, "the server takes all %zu", n);
	return ERR_OK;
}

static enum err
check_work_dir(struct visit *v, struct buf *note)
{
	const char *dir = v->args->cfg->site.work_dir;
	struct buf path = BUF_INIT;
	enum err rc;

	path_set(&path, "%s/.doctor-%d", dir, (int)getpid());
	rc = path_write_file(path.ptr, "ok\n", 3, PATH_DURABLE, note);
	if (rc == ERR_OK) {
		unlink(path.ptr);
		buf_addf(note, "%s is writable", dir);
	}
	buf_release(&path);
	return rc;
}

static enum err
check_disk(struct visit *v, struct buf *note)
{
	const struct cfg *cfg = v->args->cfg;
	struct disk d;
	enum err rc = disk_look(cfg->site.work_dir, &d, note);

	if (rc)
		return rc;
	if (disk_judge(&d, cfg, 0, note) != DISK_ROOMY)
		return ERR_FULL;
	disk_add_size(d.bytes, note);
	buf_adds(note, " free");
	return ERR_OK;
}

/* A worker's socket: does anybody listen? */
static enum err
check_socket(struct visit *v, const char *name, struct buf *note)
{
	const char *dir = v->args->cfg->site.runtime_dir;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd, n;
	enum err rc = ERR_OK;

	n = snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof(a.sun_path))
		return err_set(note, ERR_INVALID,
		    "%s/%s: a socket's path has at most %zu bytes", dir, name,
		    sizeof(a.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set_errno(note, ERR_IO, "socket");
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		rc = err_set_errno(
		    note, ERR_IO, "%s: are the workers running?", a.sun_path);
	else
		buf_addf(note, "%s answers", a.sun_path);
	close(fd);
	return rc;
}

static enum err
check_api_socket(struct visit *v, struct buf *note)
{
	return check_socket(v, "api.sock", note);
}

static enum err
check_bulk_socket(struct visit *v, struct buf *note)
{
	return check_socket(v, "bulk.sock", note);
}

static enum err
check_scheduler(struct visit *v, struct buf *note)
{
	int64_t n = 0;
	enum err rc;

	if (!v->has_db)
		return err_set(note, ERR_DB, "needs the database");
	rc = health_live_schedulers(v->db, &n, note);
	if (rc == ERR_OK && !n)
		return err_set(note, ERR_BUSY,
		    "none is alive: start fateflow-scheduler, or run it with "
		    "--once from cron");
	if (rc == ERR_OK)
		buf_addf(note, "%d alive", (int)n);
	return rc;
}

static enum err
check_program(const char *path, struct buf *note)
{
	if (access(path, X_OK) != 0)
		return err_set_errno(note, ERR_IO, "%s", path);
	buf_addf(note, "%s", path);
	return ERR_OK;
}

static enum err
check_task_program(struct visit *v, struct buf *note)
{
	return check_program(v->args->cfg->scheduler.task_program, note);
}

static enum err
check_keeper_program(struct visit *v, struct buf *note)
{
	return check_program(v->args->cfg->scheduler.keeper_program, note);
}

static enum err
check_serving(struct visit *v, struct buf *note)
{
	struct serving_list list;
	enum err rc =
	    serving_list_parse(v->args->cfg->serving.addresses, &list, note);

	if (rc == ERR_OK && list.n)
		buf_addf(note, "%zu configured, not asked", list.n);
	else if (rc == ERR_OK)
		buf_adds(note, "none configured");
	serving_list_release(&list);
	return rc;
}

static const struct {
	const char *name;
	check_run *run;
} checks[] = {
    {"configuration", check_config},
    {"database", check_database},
    {"schema", check_schema},
    {"statements", check_statements},
    {"work folder", check_work_dir},
    {"disk", check_disk},
    {"task program", check_task_program},
    {"keeper program", check_keeper_program},
    {"serving", check_serving},
    {"api workers", check_api_socket},
    {"bulk workers", check_bulk_socket},
    {"scheduler", check_scheduler},
};

enum err
doctor_run(const struct verb_args *args, struct buf *err)
{
	struct visit v = {.args = args, .db = db_new(args->cfg)};
	struct buf note = BUF_INIT;
	enum err first = ERR_OK;
	int n_failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		enum err rc;

		buf_reset(&note);
		rc = checks[i].run(&v, &note);
		printf("%-7s %-14s %s\n", rc == ERR_OK ? "ok" : "FAILED",
		    checks[i].name, note.ptr);
		n_failed += rc != ERR_OK;
		if (first == ERR_OK)
			first = rc;
	}
	if (n_failed)
		err_set(err, first, "%d of %zu checks failed", n_failed,
		    ARRAY_LEN(checks));
	buf_release(&note);
	db_close(&v.db);
	return first;
}
