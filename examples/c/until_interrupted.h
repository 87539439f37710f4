/* For programs that sit in zmq_proxy: SIGINT shuts the context down, and the proxy ends with ETERM. To wait for
   EINTR instead would miss a signal that comes while a message is passed on. */
#ifndef UNTIL_INTERRUPTED_H
#define UNTIL_INTERRUPTED_H

#include "example.h"
#include <pthread.h>
#include <signal.h>

static inline void *wait_for_interrupt (void *context)
{
    sigset_t interrupts;
    int number;

    sigemptyset (&interrupts);
    sigaddset (&interrupts, SIGINT);
    if (sigwait (&interrupts, &number) == 0)
        zmq_ctx_shutdown (context);
    return NULL;
}

/* Call it before there are other threads: they inherit that the signal is blocked. */
static inline pthread_t shut_down_when_interrupted (void *context)
{
    sigset_t interrupts;
    pthread_t thread;

    sigemptyset (&interrupts);
    sigaddset (&interrupts, SIGINT);
    check (pthread_sigmask (SIG_BLOCK, &interrupts, NULL) == 0, "pthread_sigmask");
    check (pthread_create (&thread, NULL, wait_for_interrupt, context) == 0, "pthread_create");
    return thread;
}

#endif
