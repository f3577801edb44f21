/*
 * Ctrl-C while something is being written: the signal is noted, the writer
 * ends at its next step and clears away what is not whole, and then the
 * program dies of the signal as it would have.
 */
#ifndef FF_CLI_INTERRUPT_H
#define FF_CLI_INTERRUPT_H

#include <stdbool.h>

/* From here on SIGINT, SIGTERM and SIGHUP are only noted. */
void interrupt_catch(void);

/* One was noted. */
bool interrupt_seen(void);

/* Ends that; does not return when one was noted. */
void interrupt_release(void);

#endif
