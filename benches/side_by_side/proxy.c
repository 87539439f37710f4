/* zmq_proxy in a process of its own, between two others.
 *
 *   proxy SECONDS PIN pull-push|router-dealer tcp|ipc SIZE
 *
 * pull-push: messages a second that pass. router-dealer: round trips a second, with 128 requests under
 * way between one DEALER and one answering DEALER. The proxy is alone on its side. */
#include "common.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { FRONT, BACK, WINDOW = 128 };

static int round_trips;
static const char *transport;
static size_t size;
static char *body;

static void pass (void)
{
    void *context = zmq_ctx_new ();
    void *front = open_socket (context, round_trips ? ZMQ_ROUTER : ZMQ_PULL);
    void *back = open_socket (context, round_trips ? ZMQ_DEALER : ZMQ_PUSH);
    bind_any (front, transport, FRONT);
    bind_any (back, transport, BACK);
    zmq_proxy (front, back, NULL);
    fail ("zmq_proxy");
}

static void feed (void)
{
    void *push = open_socket (zmq_ctx_new (), ZMQ_PUSH);
    connect_to (push, shared->endpoint[FRONT]);
    for (;;)
        check (zmq_send (push, body, size, 0) == (int) size, "zmq_send");
}

static void answer (void)
{
    void *dealer = open_socket (zmq_ctx_new (), ZMQ_DEALER);
    connect_to (dealer, shared->endpoint[BACK]);
    zmq_msg_t part;
    zmq_msg_init (&part);
    for (;;) {
        check (zmq_msg_recv (&part, dealer, 0) >= 0, "zmq_msg_recv");
        int more = zmq_msg_more (&part);
        check (zmq_msg_send (&part, dealer, more ? ZMQ_SNDMORE : 0) >= 0, "zmq_msg_send");
    }
}

int main (int argc, char **argv)
{
    begin (argc, argv, 3, "pull-push|router-dealer tcp|ipc SIZE");
    round_trips = strcmp (argv[3], "router-dealer") == 0;
    transport = argv[4];
    size = strtoul (argv[5], NULL, 10);
    body = calloc (1, size);
    spawn (0, pass);
    await_endpoint (FRONT);
    await_endpoint (BACK);
    spawn (1, round_trips ? answer : feed);
    pin (1);
    void *socket = open_socket (zmq_ctx_new (), round_trips ? ZMQ_DEALER : ZMQ_PULL);
    connect_to (socket, shared->endpoint[round_trips ? FRONT : BACK]);
    for (int i = 0; round_trips && i < WINDOW; i++)
        check (zmq_send (socket, body, size, 0) == (int) size, "zmq_send");

    double start = 0, end = 0, cpu = 0;
    long count = 0;
    for (int measuring = 0;;) {
        for (int i = 0; i < 64; i++, count++) {
            check (zmq_recv (socket, body, size, 0) == (int) size, "zmq_recv");
            if (round_trips)
                check (zmq_send (socket, body, size, 0) == (int) size, "zmq_send");
        }
        double time = now ();
        if (end == 0)
            end = time + warm_up;
        if (time < end)
            continue;
        if (measuring)
            break;
        measuring = 1;
        count = 0;
        cpu = cpu_of_all ();
        start = now ();
        end = start + duration;
    }
    report ("rate", count / (now () - start) * 1e9);
    report ("cpu", (cpu_of_all () - cpu) / count);
    finish ();
    return 0;
}
