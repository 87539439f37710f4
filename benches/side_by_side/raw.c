/* What bare sockets do on this machine: the limit that no library passes.
 *
 *   raw SECONDS PIN bulk|latency tcp|ipc|inproc SIZE
 *
 * bulk: one process writes to the other, 64 KiB at a time or SIZE if that is more; a message is SIZE
 * bytes of it. latency: SIZE bytes go there and back, blocking; inproc: two threads wake one another
 * by futex. */
#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/futex.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LEAST_BULK = 65536, MOST_SAMPLES = 4000000 };

static int ends[2];
static size_t size;
static int bulk;
static volatile int turn;

void fail (const char *what)
{
    fprintf (stderr, "%s: %s\n", what, strerror (errno));
    _exit (1);
}

static void connect_tcp (void)
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
        while (write_all (ends[1], bytes, length))
            ;
    else
        while (read_all (ends[1], bytes, length) && write_all (ends[1], bytes, length))
            ;
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
        ssize_t got = recv (ends[0], bytes, length, 0);
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
            check (write_all (ends[0], bytes, size), "send");
            check (read_all (ends[0], bytes, size), "recv");
        }
        if (measuring && count < MOST_SAMPLES)
            samples[count++] = now () - begin;
    }
    double mean = (now () - start) / count;
    double spent = (cpu_of_all () - cpu) / count;
    qsort (samples, count, sizeof *samples, compare_floats);
    report ("p50", samples[count / 2]);
    report ("p99", samples[count * 99 / 100]);
    report ("mean", mean);
    report ("cpu", spent);
}

int main (int argc, char **argv)
{
    begin (argc, argv, 3, "bulk|latency tcp|ipc|inproc SIZE");
    bulk = strcmp (argv[3], "bulk") == 0;
    size = strtoul (argv[5], NULL, 10);
    int threads = strcmp (argv[4], "inproc") == 0;
    pthread_t thread;
    if (strcmp (argv[4], "tcp") == 0)
        connect_tcp ();
    else if (strcmp (argv[4], "ipc") == 0)
        check (socketpair (AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    if (!threads)
        spawn (1, other_process);
    pin (0);
    if (threads)
        pthread_create (&thread, NULL, other_thread, NULL);
    if (bulk)
        read_bulk ();
    else
        ping (threads);
    finish ();
    return 0;
}
