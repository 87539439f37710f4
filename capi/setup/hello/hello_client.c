/* The asking half of Hello, as tutorials have it. */
#include <stdio.h>
#include <zmq.h>

int main (int argc, char **argv)
{
    void *context = zmq_ctx_new ();
    void *socket = zmq_socket (context, ZMQ_REQ);
    char message[10];
    int request, size;

    if (zmq_connect (socket, argc > 1 ? argv[1] : "tcp://localhost:5555") != 0) {
        perror ("zmq_connect");
        return 1;
    }
    setvbuf (stdout, NULL, _IOLBF, 0);
    for (request = 0; request < 10; request++) {
        printf ("Sending request %d ...\n", request);
        zmq_send (socket, "Hello", 5, 0);
        size = zmq_recv (socket, message, sizeof message, 0);
        if (size < 0)
            return 1;
        printf ("Received reply %d: %.*s\n", request, size, message);
    }
    zmq_close (socket);
    zmq_ctx_term (context);
    return 0;
}
