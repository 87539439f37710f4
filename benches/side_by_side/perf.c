/* Throughput or latency between two sockets over one transport.
 *
 *   perf SECONDS PIN send|msg|ref|latency|poll|events|pipes tcp|curve|ipc|inproc SIZE
 *
 * send, msg, ref: PUSH to PULL by zmq_send and zmq_recv, by zmq_msg_send and zmq_msg_recv with a
 * copied body, or with a body by reference (zmq_msg_init_data). latency: REQ and REP. poll, events: two
 * DEALERs, whose programs are event loops: they wait by zmq_poll, or by poll on ZMQ_FD while ZMQ_EVENTS has
 * nothing, and take messages until there is none. pipes: a PUSH and a PULL at each end, so that no answer comes
 * the way that the question went.
 * Over tcp (`curve` is tcp with CURVE) and ipc the two ends are two processes, over inproc two threads. CPU time is that of
 * both ends together. */
#include "common.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum how { SEND, MSG, REF, LATENCY, POLL, EVENTS, PIPES };

static enum how how;
static const char *transport;
static size_t size;
static void *common_context;

/* The two sockets. */
static const int types[][2] = {
    {ZMQ_PULL, ZMQ_PUSH}, {ZMQ_PULL, ZMQ_PUSH},     {ZMQ_PULL, ZMQ_PUSH},
    {ZMQ_REQ, ZMQ_REP},   {ZMQ_DEALER, ZMQ_DEALER}, {ZMQ_DEALER, ZMQ_DEALER},
    {ZMQ_PULL, ZMQ_PULL},
};
/* The endpoints of the two ends. */
enum { HERE, THERE };
/* What this end sends by, if that is another socket. */
static __thread void *sender;

static void keep (void *data, void *hint)
{
    (void) data;
    (void) hint;
}

/* Do messages go round, rather than one way? */
static int asks (void)
{
    return how >= LATENCY;
}

static void send_one (void *socket, char *body)
{
    zmq_msg_t message;
    if (sender != NULL)
        socket = sender;
    if (how == SEND || asks ()) {
        check (zmq_send (socket, body, size, 0) == (int) size, "zmq_send");
        return;
    }
    if (how == REF)
        check (zmq_msg_init_data (&message, body, size, keep, NULL) == 0, "zmq_msg_init_data");
    else {
        check (zmq_msg_init_size (&message, size) == 0, "zmq_msg_init_size");
        memcpy (zmq_msg_data (&message), body, size);
    }
    check (zmq_msg_send (&message, socket, 0) == (int) size, "zmq_msg_send");
}

static int get_int (void *socket, int option)
{
    int value = 0;
    size_t length = sizeof value;
    check (zmq_getsockopt (socket, option, &value, &length) == 0, "zmq_getsockopt");
    return value;
}

/* As an event loop does: waits until there is something. */
static void wait_for_one (void *socket)
{
    zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
    if (how == POLL) {
        check (zmq_poll (&item, 1, -1) == 1, "zmq_poll");
        return;
    }
    struct pollfd entry = {get_int (socket, ZMQ_FD), POLLIN, 0};
    while ((get_int (socket, ZMQ_EVENTS) & ZMQ_POLLIN) == 0)
        check (poll (&entry, 1, -1) == 1, "poll");
}

/* The first byte of the message: 1 if it is the last. */
static int receive_one (void *socket, char *body)
{
    if (how == POLL || how == EVENTS) {
        wait_for_one (socket);
        check (zmq_recv (socket, body, size, ZMQ_DONTWAIT) == (int) size, "zmq_recv");
        check (zmq_recv (socket, body, size, ZMQ_DONTWAIT) == -1, "a second message");
        return body[0];
    }
    if (how == SEND || asks ()) {
        check (zmq_recv (socket, body, size, 0) == (int) size, "zmq_recv");
        return body[0];
    }
    zmq_msg_t message;
    zmq_msg_init (&message);
    check (zmq_msg_recv (&message, socket, 0) == (int) size, "zmq_msg_recv");
    int last = *(char *) zmq_msg_data (&message);
    zmq_msg_close (&message);
    return last;
}

/* The other end: pushes until it is told to stop, or answers until the last message. */
static void other_end (void *context)
{
    char *body = calloc (1, size), *end = calloc (1, size);
    void *socket = open_socket (context, types[how][1]);
    end[0] = 1;
    if (how == PIPES) {
        sender = open_socket (context, ZMQ_PUSH);
        connect_to (sender, await_endpoint (HERE));
    }
    connect_to (socket, await_endpoint (how == PIPES ? THERE : HERE));
    if (asks ())
        do {
            receive_one (socket, body);
            send_one (socket, body);
        } while (body[0] == 0);
    else {
        while (!shared->stop)
            send_one (socket, body);
        send_one (socket, end);
    }
    /* Libraries have been known to lose the last messages of a socket that is closed too early. */
    while (sem_wait (&shared->ready) != 0)
        ;
    zmq_close (socket);
    if (sender != NULL)
        zmq_close (sender);
}

static void other_process (void)
{
    other_end (zmq_ctx_new ());
}

static void *other_thread (void *unused)
{
    pin (1);
    other_end (common_context);
    return unused;
}

static void pull (void *socket, char *body)
{
    const long step = size < 4096 ? 64 : 1;
    double first = now (), start = 0, cpu = 0;
    long count = 0, counted_from = -1;
    while (receive_one (socket, body) == 0) {
        if (++count % step != 0)
            continue;
        double time = now ();
        if (counted_from < 0) {
            if (count == step)
                first = time;
            if (time >= first + warm_up) {
                start = time;
                cpu = cpu_of_all ();
                counted_from = count;
            }
        } else if (time >= start + duration)
            shared->stop = 1;
    }
    double messages = count - counted_from;
    report ("rate", messages / (now () - start) * 1e9);
    report ("cpu", (cpu_of_all () - cpu) / messages);
}

static void ask (void *socket, char *body)
{
    float *samples = malloc (MOST_SAMPLES * sizeof *samples);
    double start = now (), end = start + warm_up, cpu = 0;
    long count = 0;
    int measuring = 0;
    while (body[0] == 0) {
        double begin = now ();
        if (begin >= end) {
            if (measuring)
                break;
            measuring = 1;
            start = begin;
            end = begin + duration;
            cpu = cpu_of_all ();
            begin = now ();
        }
        send_one (socket, body);
        receive_one (socket, body);
        if (measuring && count < MOST_SAMPLES)
            samples[count++] = now () - begin;
    }
    double mean = (now () - start) / count;
    double spent = (cpu_of_all () - cpu) / count;
    body[0] = 1;
    send_one (socket, body);
    receive_one (socket, body);
    report_percentiles (samples, count);
    report ("mean", mean);
    report ("cpu", spent);
    free (samples);
}

int main (int argc, char **argv)
{
    static const char *names[] = {"send", "msg", "ref", "latency", "poll", "events", "pipes"};
    begin (argc, argv, 3, "send|msg|ref|latency|poll|events|pipes tcp|curve|ipc|inproc SIZE");
    while (how < PIPES && strcmp (argv[3], names[how]) != 0)
        how++;
    transport = argv[4];
    size = strtoul (argv[5], NULL, 10);
    int threads = strcmp (transport, "inproc") == 0;
    if (!threads)
        spawn (1, other_process);
    pin (0);
    common_context = zmq_ctx_new ();
    void *socket = open_socket (common_context, types[how][0]);
    pthread_t thread;
    if (threads)
        pthread_create (&thread, NULL, other_thread, NULL);
    bind_any (socket, transport, HERE);
    if (how == PIPES) {
        sender = open_socket (common_context, ZMQ_PUSH);
        bind_any (sender, transport, THERE);
    }
    char *body = calloc (1, size);
    (asks () ? ask : pull) (socket, body);
    sem_post (&shared->ready);
    if (threads)
        pthread_join (thread, NULL);
    zmq_close (socket);
    if (sender != NULL)
        zmq_close (sender);
    zmq_ctx_term (common_context);
    finish ();
    free (body);
    return 0;
}
