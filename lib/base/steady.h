/*
 * Since when has the wall clock run as the monotonic one does? What removes
 * things by their age asks this first: after a step of the clock forward
 * everything looks old, and no stamp can tell.
 *
 * LIMIT: one clock that is wrong from the boot on is not noticed.
 */
#ifndef FF_BASE_STEADY_H
#define FF_BASE_STEADY_H

#include <stdbool.h>
#include <stdint.h>

/* A step of less is a correction, not a step. */
#define STEADY_STEP_MS 10000

/*
 * Compares the clocks with what <runtime_dir>/clock says of the last look, by
 * whichever program, and writes down what it finds. Milliseconds since the
 * last step, the first look or the boot, whichever was last.
 */
int64_t steady_look(const char *runtime_dir);

/*
 * May what was last used `age_ms` ago be taken for that old? The clock must
 * have been steady for as long, or for an hour: whoever uses something says so
 * again within that.
 */
bool steady_is_age_true(const char *runtime_dir, int64_t age_ms);

#endif
