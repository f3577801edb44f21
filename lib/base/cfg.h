/*
 * The configuration file (libconfig), read once into one struct.
 *
 * Every key stands in one table in cfg.c with its type, default and range;
 * an unknown key, a wrong type or an integer of more than nine digits refuses
 * to start, with the file's line. Sizes and durations are strings with units
 * ("64M", "30s"). etc/fateflow.conf shows every key with its default.
 */
#ifndef FF_BASE_CFG_H
#define FF_BASE_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

/* Every string is owned by the struct and never NULL. */
struct cfg {
	char *path; /* of the file, absolute: for programs that we start */
	struct {
		char *work_dir; /* tables, models, spool, jobs */
		char *
		    runtime_dir; /* sockets; a short path, see LIMIT in cfg.c */
		char *address;	 /* "host:port" shown as f_run_ip */
		char *board_url; /* head of board_url in answers */
		int64_t min_free;  /* bytes: below, no job starts */
		int64_t warn_free; /* bytes: below, the site says so */
	} site;
	struct {
		char *socket; /* unix socket; "" means host and port */
		char *host;
		int64_t port;
		char *user;
		char *password_file; /* "" means no password */
		char *name;
		int64_t connect_timeout_ms;
		int64_t answer_timeout_ms; /* within a request */
	} database;
	struct {
		int64_t workers;      /* in the api pool */
		int64_t bulk_workers; /* in the bulk pool */
		int64_t requests_per_worker;
		int64_t body_limit;   /* bytes of a JSON body */
		int64_t upload_limit; /* bytes of an uploaded file, 0 = none */
		int64_t upload_session_ttl; /* ms since its last use */
		int64_t model_limit; /* bytes of an imported model, unpacked */
		int64_t read_timeout_ms;
		char *input_dir;  /* use_local_data paths must lie below it */
		char *output_dir; /* data/download paths must lie below it */
		char *url_prefix; /* cut from REQUEST_URI before routing */
		bool authentication; /* job/submit asks for privileges */
	} api;
	struct {
		int64_t max_jobs;  /* running at once on this site */
		int64_t max_tasks; /* running at once on this site */
		int64_t cores;	   /* by job_parameters.task_cores, 0: any */
		int64_t memory;	   /* bytes by task_memory, 0: any */
		int64_t max_tasks_per_party; /* 0: any */
		char *party_limits;	     /* "9999:4, host 10000:2" */
		char *role_limits;	     /* "guest:20, host:40" */
		int64_t max_passed_over_ms;  /* then room is kept for it */
		int64_t job_timeout_ms;
		int64_t lease_ms;
		int64_t stop_grace_ms;	/* between TERM and KILL */
		int64_t retry_delay_ms; /* before the first retry; doubles */
		int64_t progress_timeout_ms; /* 0: none */
		char *task_program;	     /* path of fateflow-task */
		char *keeper_program;	     /* path of fateflow-keeper */
	} scheduler;
	struct {
		bool keep_messages; /* audit: consumed messages stay on disk */
		int64_t mailbox_quota;
		int64_t mask_bits;    /* see lib/crypto/paillier.h */
		bool keep_signed_ids; /* with the host's secret key */
	} federation;
	struct {
		int64_t scratch; /* ms after a job's end; 0: for ever */
		int64_t metrics;
		int64_t tables;
		int64_t jobs;
		int64_t cache; /* after it was made */
	} retention;
	struct {
		char *addresses; /* "host:port, ..." of FATE-Serving, or "" */
	} serving;
	struct {
		char *name; /* "": models are stored in the site's own */
		char *socket;
		char *host;
		int64_t port;
		char *user;
		char *password_file;
	} model_store;
};

/* Fills in the defaults, then what the file says. */
enum err cfg_load(struct cfg *c, const char *path, struct buf *err);
void cfg_release(struct cfg *c);

/* Prints every key with its value, as a file that cfg_load() reads. */
void cfg_print(const struct cfg *c, struct buf *out);

/* -c FILE, else $FATEFLOW_CONF, else /etc/fateflow.conf. */
const char *cfg_default_path(void);

#endif
