/* Load balancing, a worker: a REQ socket with a routing id of its own choice asks for work; what it receives
   is a request with the client's address in front. Usage: balancer_worker [endpoint] [name] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://localhost:5564");
    const char *name = text_argument (argc, argv, 2, "worker");
    char client[256], request[256], reply[512];
    int size, done = 0;
    void *context = start ();
    void *socket = make_socket (context, ZMQ_REQ);

    CHECK (zmq_setsockopt (socket, ZMQ_ROUTING_ID, name, strlen (name)));
    CHECK (zmq_connect (socket, endpoint));
    send_text (socket, "READY", 0);
    for (;;) {
        /* The client's address is not text. */
        size = zmq_recv (socket, client, sizeof client, 0);
        CHECK (size);
        if (!has_more (socket))
            break;
        recv_text (socket, request, sizeof request);
        recv_text (socket, request, sizeof request);
        printf ("%s works on: %s\n", name, request);
        snprintf (reply, sizeof reply, "%.200s did %s", name, request);
        CHECK (zmq_send (socket, client, (size_t) size, ZMQ_SNDMORE));
        send_text (socket, "", ZMQ_SNDMORE);
        send_text (socket, reply, 0);
        done++;
    }
    printf ("%s ends after %d\n", name, done);
    return finish (context, socket, NULL, NULL);
}
