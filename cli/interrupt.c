#include "cli/interrupt.h"
#include "lib/base/mem.h"

#include <signal.h>

static const int ends[] = {SIGINT, SIGTERM, SIGHUP};

static struct {
	volatile sig_atomic_t signo;
	struct sigaction before[ARRAY_LEN(ends)];
} state;

static void
note(int signo)
{
	state.signo = signo;
}

/* What is ignored stays so: nohup, and jobs behind a shell's "&". */
void
interrupt_catch(void)
{
	struct sigaction action = {.sa_handler = note};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		sigaction(ends[i], NULL, &state.before[i]);
		if (state.before[i].sa_handler != SIG_IGN)
			sigaction(ends[i], &action, NULL);
	}
}

bool
interrupt_seen(void)
{
	return state.signo != 0;
}

void
interrupt_release(void)
{
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		sigaction(ends[i], &state.before[i], NULL);
	if (state.signo)
		raise(state.signo);
}
