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

static void set_text (void *socket, int option, const char *value)
{
    check (zmq_setsockopt (socket, option, value, strlen (value)) == 0, "zmq_setsockopt");
}

void set_int (void *socket, int option, int value)
{
    check (zmq_setsockopt (socket, option, &value, sizeof value) == 0, "zmq_setsockopt");
}

/* Has both ends prove by CURVE who they are, and seal what they send. */
static void secure (void *socket, int serves)
{
    static char own[KEY_SIZE], secret[KEY_SIZE];
    if (own[0] == 0)
        check (zmq_curve_keypair (own, secret) == 0, "zmq_curve_keypair");
    if (serves) {
        set_int (socket, ZMQ_CURVE_SERVER, 1);
        memcpy (shared->server_key, own, KEY_SIZE);
    } else {
        set_text (socket, ZMQ_CURVE_SERVERKEY, shared->server_key);
        set_text (socket, ZMQ_CURVE_PUBLICKEY, own);
    }
    set_text (socket, ZMQ_CURVE_SECRETKEY, secret);
}

void bind_any (void *socket, const char *transport, int which)
{
    char inproc[ENDPOINT_SIZE];
    size_t length = ENDPOINT_SIZE;
    snprintf (inproc, sizeof inproc, "inproc://bench-%d", which);
    const int curve = strcmp (transport, "curve") == 0;
    const char *endpoint = curve || strcmp (transport, "tcp") == 0 ? "tcp://127.0.0.1:*"
                           : strcmp (transport, "ipc") == 0        ? "ipc://*"
                                                                   : inproc;
    if (curve)
        secure (socket, 1);
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
    if (shared->server_key[0] != 0 && strncmp (endpoint, "tcp", 3) == 0)
        secure (socket, 0);
    check (zmq_connect (socket, endpoint) == 0, "zmq_connect");
}
