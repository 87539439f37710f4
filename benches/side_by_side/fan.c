/* A PUB in one process, many SUBs in another, all of which want everything.
 *
 *   fan SECONDS PIN drop|wait tcp|ipc SUBSCRIBERS SIZE
 *
 * drop: the PUB does what it does by default when a SUB falls behind. wait: it waits for the slowest
 * (ZMQ_XPUB_NODROP). The rate is that of the messages that all SUBs together received. */
#include "common.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum { BATCH = 256 };
enum phase { JOINING, RUNNING };

static int waits;
static const char *transport;
static size_t size;

static void publish (void)
{
    void *context = zmq_ctx_new ();
    void *pub = open_socket (context, ZMQ_PUB);
    char *body = calloc (1, size);
    set_int (pub, ZMQ_BACKLOG, 4096);
    set_int (pub, ZMQ_XPUB_NODROP, waits);
    bind_any (pub, transport, 0);
    while (shared->phase == JOINING) {
        check (zmq_send (pub, body, size, 0) == (int) size, "zmq_send");
        usleep (500);
    }
    for (;;)
        check (zmq_send (pub, body, size, 0) == (int) size, "zmq_send");
}

int main (int argc, char **argv)
{
    begin (argc, argv, 4, "drop|wait tcp|ipc SUBSCRIBERS SIZE");
    waits = strcmp (argv[3], "wait") == 0;
    transport = argv[4];
    long count = strtol (argv[5], NULL, 10);
    size = strtoul (argv[6], NULL, 10);
    spawn (1, publish);
    pin (0);
    void *context = zmq_ctx_new ();
    const char *endpoint = await_endpoint (0);
    zmq_pollitem_t *subs = calloc (count, sizeof *subs);
    char *body = calloc (1, size);
    for (long i = 0; i < count; i++) {
        subs[i].socket = open_socket (context, ZMQ_SUB);
        subs[i].events = ZMQ_POLLIN;
        check (zmq_setsockopt (subs[i].socket, ZMQ_SUBSCRIBE, "", 0) == 0, "ZMQ_SUBSCRIBE");
        connect_to (subs[i].socket, endpoint);
    }
    for (long i = 0; i < count; i++)
        check (zmq_recv (subs[i].socket, body, size, 0) == (int) size, "zmq_recv");
    shared->phase = RUNNING;

    double start = 0, end = now () + warm_up, cpu = 0;
    long received = 0;
    for (int measuring = 0;;) {
        long before = received;
        for (long i = 0; i < count; i++)
            for (int k = 0; k < BATCH; k++, received++)
                if (zmq_recv (subs[i].socket, body, size, ZMQ_DONTWAIT) != (int) size)
                    break;
        if (received == before)
            check (zmq_poll (subs, count, 1000) >= 0, "zmq_poll");
        double time = now ();
        if (time < end)
            continue;
        if (measuring)
            break;
        measuring = 1;
        received = 0;
        cpu = cpu_of_all ();
        start = now ();
        end = start + duration;
    }
    report ("rate", received / (now () - start) * 1e9);
    report ("cpu", (cpu_of_all () - cpu) / received);
    finish ();
    return 0;
}
