#include "common.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

void fail (const char *what)
{
    fprintf (stderr, "%s: %s\n", what, zmq_strerror (zmq_errno ()));
    _exit (1);
}

void *open_socket (void *context, int type)
{
    void *socket = zmq_socket (context, type);
    check (socket != NULL, "zmq_socket");
    return socket;
}

void set_int (void *socket, int option, int value)
{
    check (zmq_setsockopt (socket, option, &value, sizeof value) == 0, "zmq_setsockopt");
}

void bind_any (void *socket, const char *transport, int which)
{
    char inproc[ENDPOINT_SIZE];
    size_t length = ENDPOINT_SIZE;
    snprintf (inproc, sizeof inproc, "inproc://bench-%d", which);
    const char *endpoint = strcmp (transport, "tcp") == 0   ? "tcp://127.0.0.1:*"
                           : strcmp (transport, "ipc") == 0 ? "ipc://*"
                                                            : inproc;
    check (zmq_bind (socket, endpoint) == 0, "zmq_bind");
    char *bound = shared->endpoint[which];
    check (zmq_getsockopt (socket, ZMQ_LAST_ENDPOINT, bound, &length) == 0, "ZMQ_LAST_ENDPOINT");
    sem_post (&shared->go);
}

const char *await_endpoint (int which)
{
    while (sem_wait (&shared->go) != 0)
        ;
    return shared->endpoint[which];
}

void connect_to (void *socket, const char *endpoint)
{
    check (zmq_connect (socket, endpoint) == 0, "zmq_connect");
}
