/* Many DEALERs in one process, one ROUTER in another that answers them.
 *
 *   echo SECONDS PIN tcp|ipc CONNECTIONS SIZE
 *
 * Each DEALER has one request under way at a time: all send, then all receive. */
#include "common.h"

#include <stdlib.h>
#include <zmq.h>

static const char *transport;
static long connections;
static size_t size;

static void answer (void)
{
    void *context = zmq_ctx_new ();
    void *router = open_socket (context, ZMQ_ROUTER);
    set_int (router, ZMQ_BACKLOG, 4096);
    bind_any (router, transport, 0);
    zmq_msg_t id, body;
    zmq_msg_init (&id);
    zmq_msg_init (&body);
    for (;;) {
        check (zmq_msg_recv (&id, router, 0) >= 0, "zmq_msg_recv");
        check (zmq_msg_recv (&body, router, 0) >= 0, "zmq_msg_recv");
        check (zmq_msg_send (&id, router, ZMQ_SNDMORE) >= 0, "zmq_msg_send");
        check (zmq_msg_send (&body, router, 0) >= 0, "zmq_msg_send");
    }
}

int main (int argc, char **argv)
{
    begin (argc, argv, 3, "tcp|ipc CONNECTIONS SIZE");
    transport = argv[3];
    connections = strtol (argv[4], NULL, 10);
    size = strtoul (argv[5], NULL, 10);
    spawn (1, answer);
    pin (0);
    void *context = zmq_ctx_new ();
    check (zmq_ctx_set (context, ZMQ_MAX_SOCKETS, connections + 10) == 0, "ZMQ_MAX_SOCKETS");
    const char *endpoint = await_endpoint (0);
    void **dealers = calloc (connections, sizeof *dealers);
    for (long i = 0; i < connections; i++) {
        dealers[i] = open_socket (context, ZMQ_DEALER);
        connect_to (dealers[i], endpoint);
    }
    char *body = calloc (1, size);
    double start = 0, end = 0, cpu = 0, trips = 0;
    for (int measuring = -1;; trips += connections) {
        double time = now ();
        if (measuring < 0 && trips > 0) {
            /* The first round was spent on connecting. */
            measuring = 0;
            end = time + warm_up;
        } else if (measuring == 0 && time >= end) {
            measuring = 1;
            trips = 0;
            start = now ();
            end = start + duration;
            cpu = cpu_of_all ();
        } else if (measuring == 1 && time >= end)
            break;
        for (long i = 0; i < connections; i++)
            check (zmq_send (dealers[i], body, size, 0) == (int) size, "zmq_send");
        for (long i = 0; i < connections; i++)
            check (zmq_recv (dealers[i], body, size, 0) == (int) size, "zmq_recv");
    }
    report ("rate", trips / (now () - start) * 1e9);
    report ("cpu", (cpu_of_all () - cpu) / trips);
    finish ();
    return 0;
}
