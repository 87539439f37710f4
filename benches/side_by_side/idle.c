/* Connections on which nothing happens: a PULL, and PUSHes in four other processes.
 *
 *   idle SECONDS PIN tcp|curve|ipc CONNECTIONS
 *
 * How fast they are made (to the last successful handshake), what each costs the PULL's process in
 * memory, and how much CPU time they take when nothing is sent. */
#include "common.h"

#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

enum { CLIENTS = 4 };

static const char *transport;
static long connections;

static void serve (void)
{
    void *context = zmq_ctx_new ();
    void *pull = open_socket (context, ZMQ_PULL), *events = open_socket (context, ZMQ_PAIR);
    const int wanted = ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    set_int (pull, ZMQ_BACKLOG, 4096);
    check (zmq_socket_monitor (pull, "inproc://events", wanted) == 0, "zmq_socket_monitor");
    connect_to (events, "inproc://events");
    bind_any (pull, transport, 0);
    char part[256];
    while (shared->counter < connections) {
        check (zmq_recv (events, part, sizeof part, 0) >= 0, "zmq_recv");
        check (zmq_recv (events, part, sizeof part, 0) >= 0, "zmq_recv");
        shared->counter++;
    }
    sem_post (&shared->ready);
    zmq_recv (pull, part, sizeof part, 0);
    fail ("a message came");
}

static void join (void)
{
    void *push = open_socket (zmq_ctx_new (), ZMQ_PUSH);
    sem_post (&shared->ready);
    while (sem_wait (&shared->go) != 0)
        ;
    for (long i = 0; i < connections / CLIENTS; i++)
        connect_to (push, shared->endpoint[0]);
}

int main (int argc, char **argv)
{
    begin (argc, argv, 2, "tcp|curve|ipc CONNECTIONS");
    transport = argv[3];
    connections = strtol (argv[4], NULL, 10) / CLIENTS * CLIENTS;
    pid_t server = spawn (0, serve);
    await_endpoint (0);
    for (int i = 0; i < CLIENTS; i++) {
        spawn (1, join);
        sem_wait (&shared->ready);
    }
    double before = resident_bytes (server), cpu = cpu_of_all (), start = now ();
    for (int i = 0; i < CLIENTS; i++)
        sem_post (&shared->go);
    while (sem_wait (&shared->ready) != 0)
        ;
    report ("connect", connections / (now () - start) * 1e9);
    report ("cpu", (cpu_of_all () - cpu) / connections);
    usleep (300000);
    report ("server-bytes", (resident_bytes (server) - before) / connections);
    cpu = cpu_of_started ();
    start = now ();
    usleep (duration / 1000);
    report ("idle", (cpu_of_started () - cpu) / (now () - start) * 1e9);
    finish ();
    return 0;
}
