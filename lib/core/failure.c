/*
 * An error travels as a text in which err_set_errno() has put the system's
 * words; SQLite has words of its own for a full disk. They are looked for
 * here, in one place, since a component in another language has nothing else
 * to give either.
 */
#include "lib/core/failure.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	bool is_transient;
	bool is_reportable; /* a task may call its failure so */
} classes[] = {
    [FAILURE_NONE] = {NULL, false, false},
    [FAILURE_KILLED] = {"killed", true, false},
    [FAILURE_LOST] = {"lost", true, false},
    [FAILURE_DISK_FULL] = {"disk_full", true, true},
    [FAILURE_DATABASE] = {"database", true, true},
    [FAILURE_LAUNCH] = {"launch", true, true},
    [FAILURE_ERROR] = {"error", false, true},
    [FAILURE_TIMEOUT] = {"timeout", false, false},
    [FAILURE_NO_PROGRESS] = {"no_progress", false, false},
    [FAILURE_STOPPED] = {"stopped", false, false},
    [FAILURE_ENDED] = {"ended", false, false},
};
static_assert(ARRAY_LEN(classes) == FAILURE__MAX, "a row for each class");

const char *
failure_name(enum failure f)
{
	assert(f < FAILURE__MAX);
	return classes[f].name;
}

enum failure
failure_parse(const char *name)
{
	for (size_t i = 1; name && i < FAILURE__MAX; i++)
		if (!strcmp(classes[i].name, name))
			return (enum failure)i;
	return FAILURE_NONE;
}

bool
failure_is_transient(enum failure f)
{
	assert(f < FAILURE__MAX);
	return classes[f].is_transient;
}

enum failure
failure_of_text(const char *text)
{
	static const struct {
		int number; /* of errno, or 0 */
		const char *words;
		enum failure class;
	} causes[] = {
	    {ENOSPC, NULL, FAILURE_DISK_FULL},
	    {EDQUOT, NULL, FAILURE_DISK_FULL},
	    {EFBIG, NULL, FAILURE_DISK_FULL},
	    {0, "database or disk is full", FAILURE_DISK_FULL},
	    {EAGAIN, NULL, FAILURE_LAUNCH},
	    {ENOMEM, NULL, FAILURE_LAUNCH},
	    {EMFILE, NULL, FAILURE_LAUNCH},
	    {ENFILE, NULL, FAILURE_LAUNCH},
	};

	for (size_t i = 0; text && i < ARRAY_LEN(causes); i++)
		if (strstr(text, causes[i].words ? causes[i].words
						 : strerror(causes[i].number)))
			return causes[i].class;
	return FAILURE_ERROR;
}

static bool
is_of_database(const char *code)
{
	static const enum err codes[] = {ERR_DB, ERR_UNCERTAIN, ERR_BUSY};

	for (size_t i = 0; code && i < ARRAY_LEN(codes); i++)
		if (!strcmp(err_name(codes[i]), code))
			return true;
	return false;
}

enum failure
failure_of_report(const struct failure_report *r)
{
	enum failure given = failure_parse(r->word);

	if (classes[given].is_reportable &&
	    (given != FAILURE_DATABASE || r->has_database))
		return given;
	if (r->has_database && is_of_database(r->code))
		return FAILURE_DATABASE;
	if (r->code && strcmp(r->code, err_name(ERR_FULL)) == 0)
		return FAILURE_DISK_FULL;
	if (r->code && strcmp(r->code, err_name(ERR_IO)) != 0)
		return FAILURE_ERROR;
	return failure_of_text(r->text);
}
