/* Signals, taken when it suits. */
#include "app/stop.h"

#include "base/thread.h"

#include <signal.h>
#include <time.h>

static void set_of(sigset_t *signals)
{
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGINT);
    (void)sigaddset(signals, SIGTERM);
}

void stop_block(void)
{
    sigset_t signals;

    set_of(&signals);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

bool stop_was_asked(void)
{
    struct timespec at_once = { .tv_nsec = 0 };
    sigset_t signals;
    bool was_asked = false;

    if (!thread_stop_is_pending()) {
        return false;
    }
    set_of(&signals);
    while (sigtimedwait(&signals, NULL, &at_once) > 0) {
        was_asked = true;
    }
    (void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    return was_asked;
}
