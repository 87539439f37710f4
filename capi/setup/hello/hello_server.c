/* The answering half of Hello, as tutorials have it. */
#include <stdio.h>
#include <zmq.h>

int main (int argc, char **argv)
{
    void *context = zmq_ctx_new ();
    void *socket = zmq_socket (context, ZMQ_REP);
    char message[10];
    int size;

    if (zmq_bind (socket, argc > 1 ? argv[1] : "tcp://*:5555") != 0) {
        perror ("zmq_bind");
        return 1;
    }
    setvbuf (stdout, NULL, _IOLBF, 0);
    while ((size = zmq_recv (socket, message, sizeof message, 0)) >= 0) {
        printf ("Received request: %.*s\n", size, message);
        zmq_send (socket, "World", 5, 0);
    }
    return 1;
}
