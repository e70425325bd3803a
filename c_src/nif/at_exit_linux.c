#include "nif/at_exit.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>

enum { STEP_MS = 5 };

static _Atomic pid_t awaited;

void at_exit_wait_for(pid_t pid)
{
    atomic_store(&awaited, pid);
}

/* This is also called when the library is unloaded. Then there is nothing to
 * wait for, because cprof_nif.c has set the process to 0. */
__attribute__((destructor)) static void wait_now(void)
{
    const pid_t pid = atomic_load(&awaited);
    for (int ms = 0; pid > 0 && ms < AT_EXIT_MS && kill(pid, 0) == 0;
         ms += STEP_MS)
        poll(NULL, 0, STEP_MS);
}
