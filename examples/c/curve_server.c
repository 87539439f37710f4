/* CURVE, the server: everything on the wire is encrypted, and its ZAP handler, a thread, lets in the one client
   whose public key it knows. Usage: curve_server [endpoint] [folder] [count] */
#include "keys.h"
#include <pthread.h>

struct handler {
    void *socket;
    uint8_t known[32];
};

/* Answers [version, id, domain, address, routing id, mechanism, key] until the context ends. */
static void *handle (void *argument)
{
    struct handler *handler = argument;
    char version[16], id[256], rest[256], key[33];
    int good;

    while (try_recv_text (handler->socket, version, sizeof version, 0)) {
        recv_text (handler->socket, id, sizeof id);
        memset (key, 0, sizeof key);
        while (has_more (handler->socket)) {
            int size = zmq_recv (handler->socket, rest, sizeof rest, 0);
            CHECK (size);
            if (!has_more (handler->socket) && size == 32)
                memcpy (key, rest, 32);
        }
        good = memcmp (key, handler->known, 32) == 0;
        puts (good ? "Let in the client" : "Turned away a stranger");
        send_text (handler->socket, version, ZMQ_SNDMORE);
        send_text (handler->socket, id, ZMQ_SNDMORE);
        send_text (handler->socket, good ? "200" : "400", ZMQ_SNDMORE);
        send_text (handler->socket, good ? "OK" : "Unknown key", ZMQ_SNDMORE);
        send_text (handler->socket, good ? "client" : "", ZMQ_SNDMORE);
        send_text (handler->socket, "", 0);
    }
    check (zmq_errno () == ETERM, "zmq_recv");
    CHECK (zmq_close (handler->socket));
    return NULL;
}

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://*:5565");
    const char *folder = text_argument (argc, argv, 2, ".");
    int count = number_argument (argc, argv, 3, 3);
    char request[256], key[41];
    pthread_t thread;
    struct handler handler;
    void *context = start ();
    void *socket = make_socket (context, ZMQ_REP);

    read_key (folder, "client.public", key);
    check (zmq_z85_decode (handler.known, key) != NULL, "client.public");
    handler.socket = make_socket (context, ZMQ_REP);
    CHECK (zmq_bind (handler.socket, "inproc://zeromq.zap.01"));
    check (pthread_create (&thread, NULL, handle, &handler) == 0, "pthread_create");

    set_number (socket, ZMQ_CURVE_SERVER, 1);
    set_key (socket, ZMQ_CURVE_SECRETKEY, folder, "server.secret");
    CHECK (zmq_bind (socket, endpoint));
    while (count-- > 0) {
        recv_text (socket, request, sizeof request);
        printf ("Received secret request: %s\n", request);
        send_text (socket, request, 0);
    }
    finish (context, socket, NULL, NULL);
    pthread_join (thread, NULL);
    return 0;
}
