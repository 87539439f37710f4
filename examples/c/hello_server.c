/* Hello, the answering side: a REP socket takes one request at a time and answers each.
   Usage: hello_server [endpoint] [count] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://*:5555");
    int count = number_argument (argc, argv, 2, 10);
    char request[256], reply[300];
    void *context = start ();
    void *socket = make_socket (context, ZMQ_REP);

    CHECK (zmq_bind (socket, endpoint));
    while (count-- > 0) {
        recv_text (socket, request, sizeof request);
        printf ("Received request: %s\n", request);
        if (strncmp (request, "Hello", 5) == 0)
            snprintf (reply, sizeof reply, "World%s", request + 5);
        else
            snprintf (reply, sizeof reply, "%s", request);
        send_text (socket, reply, 0);
    }
    return finish (context, socket, NULL, NULL);
}
