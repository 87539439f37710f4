/* A PUB in one process, many SUBs in another, all of which want everything.
 *
 *   fan SECONDS PIN drop|wait|MICROSECONDS tcp|ipc SUBSCRIBERS SIZE
 *
 * drop: the PUB does what it does by default when a SUB falls behind. wait: it waits for the slowest
 * (ZMQ_XPUB_NODROP). The rate is that of the messages that all SUBs together received. A number has the PUB send
 * only so often, awake in between; what is told then is how long messages take to each of the SUBs. */
#include "common.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum { BATCH = 256 };
enum phase { JOINING, RUNNING };

static int waits;
/* Nanoseconds from one message to the next, if they are to come one by one. */
static double pace;
static const char *transport;
static size_t size;
/* The SUBs. */
static zmq_pollitem_t *subs;
static long count;

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
    for (double next = now ();; next += pace) {
        if (pace > 0) {
            while (now () < next)
                ;
            memcpy (body, &next, sizeof next);
        }
        check (zmq_send (pub, body, size, 0) == (int) size, "zmq_send");
    }
}

static void measure_rate (char *body)
{
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
}

/* From when a message was due to when a SUB had it. */
static void measure_delay (char *body)
{
    float *samples = malloc (MOST_SAMPLES * sizeof *samples);
    double start = now () + warm_up, end = start + duration, time, sent;
    long received = 0;
    do {
        check (zmq_poll (subs, count, 1000) > 0, "zmq_poll");
        for (long i = 0; i < count; i++) {
            if (subs[i].revents == 0)
                continue;
            while (zmq_recv (subs[i].socket, body, size, ZMQ_DONTWAIT) == (int) size) {
                memcpy (&sent, body, sizeof sent);
                time = now ();
                /* What was sent to join says no time. */
                if (sent < start || received == MOST_SAMPLES)
                    continue;
                samples[received++] = time - sent;
            }
        }
    } while (now () < end);
    check (received > 0, "no message came");
    report_percentiles (samples, received);
}

int main (int argc, char **argv)
{
    begin (argc, argv, 4, "drop|wait|MICROSECONDS tcp|ipc SUBSCRIBERS SIZE");
    waits = strcmp (argv[3], "wait") == 0;
    pace = atof (argv[3]) * 1e3;
    transport = argv[4];
    count = strtol (argv[5], NULL, 10);
    size = strtoul (argv[6], NULL, 10);
    check (pace == 0 || size >= sizeof pace, "a message has to hold a time");
    spawn (1, publish);
    pin (0);
    void *context = zmq_ctx_new ();
    const char *endpoint = await_endpoint (0);
    subs = calloc (count, sizeof *subs);
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
    (pace > 0 ? measure_delay : measure_rate) (body);
    finish ();
    return 0;
}
