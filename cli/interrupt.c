#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

static struct {
	volatile sig_atomic_t signo;
} state;

static const int ends[] = {SIGINT, SIGTERM, SIGHUP};

static void
note(int signo)
{
	state.signo = signo;
}

static void
set_all(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		sigaction(ends[i], &action, NULL);
}

void
interrupt_catch(void)
{
	set_all(note);
}

bool
interrupt_seen(void)
{
	return state.signo != 0;
}

void
interrupt_release(void)
{
	set_all(SIG_DFL);
	if (state.signo)
		raise(state.signo);
}
