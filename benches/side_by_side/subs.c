/* A PUB that has many subscriptions from one SUB, in two processes.
 *
 *   subs SECONDS PIN tcp|ipc SUBSCRIPTIONS
 *
 * Prefixes are 'sub.0000001.' and so on, subscribed to in order and published at random; messages are
 * 64 bytes long. A hit begins with one of them, a miss differs from one in its last byte. Nothing is
 * dropped: high-water marks are off, or the PUB waits. */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum { SIZE = 64, TOPIC = 12, TOPICS = 65536 };
enum phase { JOINING, SUBSCRIBING, MISSING, HITTING, OVER };

static const char *transport;
static long count;

static void make_topic (char *topic, long number)
{
    snprintf (topic, SIZE, "sub.%07ld.", number);
}

static void publish_topics (void *pub, int hits)
{
    static char bodies[TOPICS][SIZE];
    unsigned long random = 88172645463325252ul;
    for (int i = 0; i < TOPICS; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        make_topic (bodies[i], random % count);
        if (!hits)
            bodies[i][TOPIC - 1] = '!';
    }
    double start = now (), sent = 0;
    while (now () < start + duration)
        for (int i = 0; i < 64; i++, sent++) {
            char *body = bodies[(long) sent % TOPICS];
            check (zmq_send (pub, body, SIZE, 0) == SIZE, "zmq_send");
        }
    shared->result = sent / (now () - start) * 1e9;
}

static void publish_mark (void *pub, const char *mark, int phase)
{
    while (shared->phase == phase) {
        check (zmq_send (pub, mark, 1, 0) == 1, "zmq_send");
        usleep (200);
    }
}

static void publish (void)
{
    void *context = zmq_ctx_new ();
    void *pub = open_socket (context, ZMQ_PUB);
    set_int (pub, ZMQ_RCVHWM, 0);
    set_int (pub, ZMQ_XPUB_NODROP, 1);
    bind_any (pub, transport, 0);
    publish_mark (pub, "\1", JOINING);
    publish_mark (pub, "\2", SUBSCRIBING);
    publish_topics (pub, 0);
    publish_mark (pub, "\3", MISSING);
    publish_topics (pub, 1);
    publish_mark (pub, "\4", HITTING);
}

static void subscribe (void *sub, const char *prefix, size_t length)
{
    check (zmq_setsockopt (sub, ZMQ_SUBSCRIBE, prefix, length) == 0, "ZMQ_SUBSCRIBE");
}

static long receive_until (void *sub, char mark)
{
    char body[SIZE];
    for (long received = 0;; received++) {
        check (zmq_recv (sub, body, SIZE, 0) >= 0, "zmq_recv");
        if (body[0] == mark)
            return received;
    }
}

int main (int argc, char **argv)
{
    begin (argc, argv, 2, "tcp|ipc SUBSCRIPTIONS");
    transport = argv[3];
    count = strtol (argv[4], NULL, 10);
    pid_t publisher = spawn (1, publish);
    pin (0);
    void *context = zmq_ctx_new ();
    void *sub = open_socket (context, ZMQ_SUB);
    set_int (sub, ZMQ_SNDHWM, 0);
    connect_to (sub, await_endpoint (0));
    subscribe (sub, "\1", 1);
    receive_until (sub, 1);

    double pub_before = resident_bytes (publisher), sub_before = resident_bytes (getpid ());
    char topic[SIZE];
    shared->phase = SUBSCRIBING;
    double start = now ();
    for (long i = 0; i < count; i++) {
        make_topic (topic, i);
        subscribe (sub, topic, TOPIC);
    }
    subscribe (sub, "\2", 1);
    receive_until (sub, 2);
    double took = now () - start;
    subscribe (sub, "\3", 1);
    subscribe (sub, "\4", 1);
    if (count >= 1000)
        report ("subscribe", count / took * 1e9);
    /* Below that it is the granularity of the allocators that would be measured. */
    if (count >= 10000) {
        usleep (100000);
        report ("pub-bytes", (resident_bytes (publisher) - pub_before) / count);
        report ("sub-bytes", (resident_bytes (getpid ()) - sub_before) / count);
    }

    shared->phase = MISSING;
    receive_until (sub, 3);
    report ("miss", shared->result);
    shared->phase = HITTING;
    check (receive_until (sub, 4) > 0, "nothing that was subscribed arrived");
    report ("hit", shared->result);
    finish ();
    return 0;
}
