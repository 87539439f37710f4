/* Hello, the asking side: a REQ socket sends a request, then waits for its reply.
   Usage: hello_client [endpoint] [count] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://localhost:5555");
    int count = number_argument (argc, argv, 2, 10);
    int number, major, minor, patch;
    char request[64], reply[256];
    void *context = start ();
    void *socket = make_socket (context, ZMQ_REQ);

    CHECK (zmq_connect (socket, endpoint));
    for (number = 1; number <= count; number++) {
        snprintf (request, sizeof request, "Hello %d", number);
        printf ("Sending request: %s\n", request);
        send_text (socket, request, 0);
        recv_text (socket, reply, sizeof reply);
        printf ("Received reply: %s\n", reply);
    }
    finish (context, socket, NULL, NULL);
    zmq_version (&major, &minor, &patch);
    printf ("ZeroMQ %d.%d.%d\n", major, minor, patch);
    return 0;
}
