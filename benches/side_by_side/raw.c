/* What bare sockets do on this machine: the limit that no library passes.
 *
 *   raw SECONDS PIN bulk|latency tcp|ipc|inproc SIZE
 *   raw SECONDS PIN echo tcp|ipc CONNECTIONS SIZE
 *
 * bulk: one process writes to the other, 64 KiB at a time or SIZE if that is more; a message is SIZE
 * bytes of it. latency: SIZE bytes go there and back, blocking; inproc: two threads wake one another
 * by futex. echo: SIZE bytes go there on every connection, then all are awaited back, blocking; the
 * other process answers them as epoll names them. */
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/futex.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What is echoed must fit into the buffers of a socket: nobody reads while all are sent. */
enum { LEAST_BULK = 65536, MOST_ECHO = 65536, MOST_EVENTS = 256 };

static int *here, *there; /* the ends of each connection: this process's, and the other's */
static long connections = 1;
static size_t size;
static int bulk;
static volatile int turn;

void fail (const char *what)
{
    fprintf (stderr, "%s: %s\n", what, strerror (errno));
    _exit (1);
}

static void connect_tcp (int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int one = 1;
    address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
    int listener = socket (AF_INET, SOCK_STREAM, 0);
    check (bind (listener, (struct sockaddr *) &address, length) == 0, "bind");
    check (listen (listener, 1) == 0, "listen");
    check (getsockname (listener, (struct sockaddr *) &address, &length) == 0, "getsockname");
    ends[1] = socket (AF_INET, SOCK_STREAM, 0);
    check (connect (ends[1], (struct sockaddr *) &address, length) == 0, "connect");
    ends[0] = accept (listener, NULL, NULL);
    check (ends[0] >= 0, "accept");
    close (listener);
    for (int i = 0; i < 2; i++)
        setsockopt (ends[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void connect_all (const char *transport)
{
    here = calloc (connections, sizeof *here);
    there = calloc (connections, sizeof *there);
    for (long i = 0; i < connections; i++) {
        int ends[2];
        errno = EPROTONOSUPPORT;
        if (strcmp (transport, "tcp") == 0)
            connect_tcp (ends);
        else
            check (strcmp (transport, "ipc") == 0 && socketpair (AF_UNIX, SOCK_STREAM, 0, ends) == 0,
                   transport);
        here[i] = ends[0];
        there[i] = ends[1];
    }
}

static int write_all (int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t done = send (fd, bytes, length, MSG_NOSIGNAL);
        if (done <= 0)
            return 0;
        bytes += done;
        length -= done;
    }
    return 1;
}

static int read_all (int fd, char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t done = recv (fd, bytes, length, 0);
        if (done <= 0)
            return 0;
        bytes += done;
        length -= done;
    }
    return 1;
}

static void other_process (void)
{
    size_t length = bulk && size < LEAST_BULK ? LEAST_BULK : size;
    char *bytes = calloc (1, length);
    if (bulk)
        while (write_all (there[0], bytes, length))
            ;
    else
        while (read_all (there[0], bytes, length) && write_all (there[0], bytes, length))
            ;
}

static void answer_all (void)
{
    struct epoll_event events[MOST_EVENTS], event = {.events = EPOLLIN | EPOLLET};
    char *bytes = calloc (1, size);
    int epoll = epoll_create1 (0);
    for (long i = 0; i < connections; i++) {
        event.data.fd = there[i];
        check (epoll_ctl (epoll, EPOLL_CTL_ADD, there[i], &event) == 0, "epoll_ctl");
    }
    for (;;) {
        int ready = epoll_wait (epoll, events, MOST_EVENTS, -1);
        check (ready >= 0 || errno == EINTR, "epoll_wait");
        for (int i = 0; i < ready; i++) {
            check (read_all (events[i].data.fd, bytes, size), "recv");
            check (write_all (events[i].data.fd, bytes, size), "send");
        }
    }
}

static void wait_for (int mine)
{
    while (turn != mine)
        syscall (SYS_futex, &turn, FUTEX_WAIT_PRIVATE, !mine, NULL, NULL, 0);
}

static void give (int whom)
{
    turn = whom;
    syscall (SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *other_thread (void *unused)
{
    pin (1);
    while (!shared->stop) {
        wait_for (1);
        give (0);
    }
    return unused;
}

static void read_bulk (void)
{
    size_t length = size < LEAST_BULK ? LEAST_BULK : size;
    char *bytes = calloc (1, length);
    double start = 0, end = now () + warm_up, cpu = 0, sum = 0;
    int measuring = 0;
    for (;;) {
        double time = now ();
        if (time >= end) {
            if (measuring)
                break;
            measuring = 1;
            sum = 0;
            start = time;
            end = time + duration;
            cpu = cpu_of_all ();
        }
        ssize_t got = recv (here[0], bytes, length, 0);
        check (got > 0, "recv");
        sum += got;
    }
    double messages = sum / size;
    report ("rate", messages / (now () - start) * 1e9);
    report ("cpu", (cpu_of_all () - cpu) / messages);
}

static void ping (int threads)
{
    float *samples = malloc (MOST_SAMPLES * sizeof *samples);
    char *bytes = calloc (1, size);
    double start = now (), end = start + warm_up, cpu = 0;
    long count = 0;
    int measuring = 0;
    for (;;) {
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
        if (threads) {
            give (1);
            wait_for (0);
        } else {
            check (write_all (here[0], bytes, size), "send");
            check (read_all (here[0], bytes, size), "recv");
        }
        if (measuring && count < MOST_SAMPLES)
            samples[count++] = now () - begin;
    }
    double mean = (now () - start) / count;
    double spent = (cpu_of_all () - cpu) / count;
    report_percentiles (samples, count);
    report ("mean", mean);
    report ("cpu", spent);
}

static void echo_all (void)
{
    char *bytes = calloc (1, size);
    double start = 0, end = now () + warm_up, cpu = 0, trips = 0;
    for (int measuring = 0;; trips += connections) {
        double time = now ();
        if (time >= end) {
            if (measuring)
                break;
            measuring = 1;
            trips = 0;
            start = now ();
            end = start + duration;
            cpu = cpu_of_all ();
        }
        for (long i = 0; i < connections; i++)
            check (write_all (here[i], bytes, size), "send");
        for (long i = 0; i < connections; i++)
            check (read_all (here[i], bytes, size), "recv");
    }
    report ("rate", trips / (now () - start) * 1e9);
    report ("cpu", (cpu_of_all () - cpu) / trips);
}

int main (int argc, char **argv)
{
    int echo = argc > 3 && strcmp (argv[3], "echo") == 0;
    begin (argc, argv, echo ? 4 : 3,
           echo ? "echo tcp|ipc CONNECTIONS SIZE" : "bulk|latency tcp|ipc|inproc SIZE");
    bulk = strcmp (argv[3], "bulk") == 0;
    size = strtoul (argv[argc - 1], NULL, 10);
    int threads = !echo && strcmp (argv[4], "inproc") == 0;
    pthread_t thread;
    if (echo) {
        connections = strtol (argv[5], NULL, 10);
        errno = ERANGE;
        check (connections > 0 && size > 0 && size <= MOST_ECHO, "CONNECTIONS or SIZE");
    }
    if (!threads) {
        connect_all (argv[4]);
        spawn (1, echo ? answer_all : other_process);
    }
    pin (0);
    if (threads)
        pthread_create (&thread, NULL, other_thread, NULL);
    if (echo)
        echo_all ();
    else if (bulk)
        read_bulk ();
    else
        ping (threads);
    finish ();
    return 0;
}
