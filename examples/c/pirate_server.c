/* Reliable requests, the unreliable side: a ROUTER that loses its second request, as a server that crashes
   would, and answers all others. Usage: pirate_server [endpoint] [replies] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://*:5555");
    int replies = number_argument (argc, argv, 2, 3);
    int size, received = 0;
    char client[256], request[256];
    void *context = start ();
    void *socket = make_socket (context, ZMQ_ROUTER);

    CHECK (zmq_bind (socket, endpoint));
    printf ("Listening\n");
    while (replies > 0) {
        size = zmq_recv (socket, client, sizeof client, 0);
        CHECK (size);
        recv_text (socket, request, sizeof request);
        recv_text (socket, request, sizeof request);
        if (++received == 2) {
            printf ("Lost: %s\n", request);
            continue;
        }
        printf ("Answered: %s\n", request);
        CHECK (zmq_send (socket, client, (size_t) size, ZMQ_SNDMORE));
        send_text (socket, "", ZMQ_SNDMORE);
        send_text (socket, request, 0);
        replies--;
    }
    return finish (context, socket, NULL, NULL);
}
