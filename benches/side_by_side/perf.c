/* One measurement of a ZeroMQ library: throughput or latency over one transport.
 *
 *   perf thr|msgthr|lat TRANSPORT SIZE COUNT PIN
 *
 * TRANSPORT is tcp, ipc or inproc; PIN is core (everything on processor 0), split (one processor a
 * process or thread) or free. Over tcp and ipc the two ends are two processes. Prints one line:
 *
 *   thr:  messages per second, CPU nanoseconds a message (both ends)
 *   lat:  round trip in nanoseconds: p50, p99, mean; CPU nanoseconds a round trip (both ends)
 */
#define _GNU_SOURCE
#include <zmq.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static size_t size;
static long count;
static int by_message;
static int pins[2] = {-1, -1};
static void *shared_context;

static void check (int ok, const char *what)
{
    if (!ok) {
        fprintf (stderr, "perf: %s: %s\n", what, zmq_strerror (zmq_errno ()));
        _exit (1);
    }
}

static double now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static double cpu (int who)
{
    struct rusage use;
    getrusage (who, &use);
    return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e9
           + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e3;
}

static void pin (int which)
{
    if (pins[which] < 0)
        return;
    cpu_set_t set;
    CPU_ZERO (&set);
    CPU_SET (pins[which], &set);
    sched_setaffinity (0, sizeof set, &set);
}

static void *open_socket (void *context, int type, const char *endpoint, int binds)
{
    void *socket = zmq_socket (context, type);
    check (socket != NULL, "zmq_socket");
    check ((binds ? zmq_bind : zmq_connect) (socket, endpoint) == 0, endpoint);
    return socket;
}

static void send_one (void *socket, const char *body)
{
    if (by_message) {
        zmq_msg_t message;
        check (zmq_msg_init_size (&message, size) == 0, "zmq_msg_init_size");
        memcpy (zmq_msg_data (&message), body, size);
        check (zmq_msg_send (&message, socket, 0) == (int) size, "zmq_msg_send");
    } else
        check (zmq_send (socket, body, size, 0) == (int) size, "zmq_send");
}

static void receive_one (void *socket, char *body)
{
    if (by_message) {
        zmq_msg_t message;
        zmq_msg_init (&message);
        check (zmq_msg_recv (&message, socket, 0) == (int) size, "zmq_msg_recv");
        zmq_msg_close (&message);
    } else
        check (zmq_recv (socket, body, size, 0) == (int) size, "zmq_recv");
}

/* The end that was started: pushes, or answers. */
static void *peer (const char *endpoint, int latency, void *context)
{
    char *body = calloc (1, size + 1);
    void *socket = open_socket (context, latency ? ZMQ_REP : ZMQ_PUSH, endpoint, 0);
    for (long i = 0; i < count; i++) {
        if (latency)
            receive_one (socket, body);
        send_one (socket, body);
    }
    zmq_close (socket);
    free (body);
    return NULL;
}

static char endpoint[256];
static int latency;

static void *peer_thread (void *unused)
{
    (void) unused;
    pin (1);
    return peer (endpoint, latency, shared_context);
}

static int compare (const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

int main (int argc, char **argv)
{
    if (argc != 6) {
        fprintf (stderr, "usage: perf thr|msgthr|lat tcp|ipc|inproc SIZE COUNT core|split|free\n");
        return 2;
    }
    latency = strcmp (argv[1], "lat") == 0;
    by_message = strcmp (argv[1], "msgthr") == 0;
    int inproc = strcmp (argv[2], "inproc") == 0;
    size = strtoul (argv[3], NULL, 10);
    count = strtol (argv[4], NULL, 10);
    if (strcmp (argv[5], "core") == 0)
        pins[0] = pins[1] = 0;
    if (strcmp (argv[5], "split") == 0)
        pins[0] = 0, pins[1] = 1;
    signal (SIGPIPE, SIG_DFL);

    int ready[2];
    check (pipe (ready) == 0, "pipe");
    pid_t child = 0;
    if (!inproc) {
        child = fork ();
        check (child >= 0, "fork");
        if (child == 0) {
            pin (1);
            ssize_t got = read (ready[0], endpoint, sizeof endpoint - 1);
            if (got <= 0)
                _exit (1);
            void *context = zmq_ctx_new ();
            peer (endpoint, latency, context);
            zmq_ctx_term (context);
            _exit (0);
        }
    }
    pin (0);
    shared_context = zmq_ctx_new ();
    const char *wanted = inproc                        ? "inproc://perf"
                         : strcmp (argv[2], "ipc") == 0 ? "ipc://*"
                                                        : "tcp://127.0.0.1:*";
    void *socket = open_socket (shared_context, latency ? ZMQ_REQ : ZMQ_PULL, wanted, 1);
    size_t length = sizeof endpoint;
    check (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, endpoint, &length) == 0, "ZMQ_LAST_ENDPOINT");
    pthread_t thread;
    if (inproc)
        pthread_create (&thread, NULL, peer_thread, NULL);
    else
        check (write (ready[1], endpoint, length) == (ssize_t) length, "write");

    char *body = calloc (1, size + 1);
    double *samples = latency ? calloc (count, sizeof *samples) : NULL;
    double start = 0, total;
    for (long i = 0; i < count; i++) {
        if (latency) {
            double begin = now ();
            send_one (socket, body);
            receive_one (socket, body);
            samples[i] = now () - begin;
            if (i == 0)
                start = now ();
        } else {
            receive_one (socket, body);
            if (i == 0)
                start = now ();
        }
    }
    total = now () - start;
    zmq_close (socket);
    if (inproc)
        pthread_join (thread, NULL);
    zmq_ctx_term (shared_context);
    if (child) {
        int status = 0;
        waitpid (child, &status, 0);
        if (status != 0)
            return 1;
    }
    double spent = (cpu (RUSAGE_SELF) + cpu (RUSAGE_CHILDREN)) / count;
    if (latency) {
        qsort (samples, count, sizeof *samples, compare);
        printf ("%.0f %.0f %.0f %.0f\n", samples[count / 2], samples[count * 99 / 100],
                total / (count - 1), spent);
    } else
        printf ("%.0f %.1f\n", (count - 1) / (total / 1e9), spent);
    free (samples);
    free (body);
    return 0;
}
