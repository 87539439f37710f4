/* Reliable requests: who gets no reply in time closes the REQ socket, which waits for ever, opens another and
   asks again, a few times. Usage: pirate_client [endpoint] [count] [timeout in ms] [tries] */
#include "example.h"

static void *connected (void *context, const char *endpoint, int timeout)
{
    void *socket = make_socket (context, ZMQ_REQ);
    set_number (socket, ZMQ_RCVTIMEO, timeout);
    /* An unsent request is not worth waiting for. */
    set_number (socket, ZMQ_LINGER, 0);
    CHECK (zmq_connect (socket, endpoint));
    return socket;
}

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://localhost:5555");
    int count = number_argument (argc, argv, 2, 3);
    int timeout = number_argument (argc, argv, 3, 1000);
    int tries = number_argument (argc, argv, 4, 3);
    int number, left;
    char request[64], reply[256];
    void *context = start ();
    void *socket = connected (context, endpoint, timeout);

    for (number = 1; number <= count; number++) {
        snprintf (request, sizeof request, "Hello %d", number);
        for (left = tries; left > 0; left--) {
            send_text (socket, request, 0);
            if (try_recv_text (socket, reply, sizeof reply, 0))
                break;
            check (zmq_errno () == EAGAIN, "zmq_recv");
            printf ("No reply to: %s\n", request);
            CHECK (zmq_close (socket));
            socket = connected (context, endpoint, timeout);
        }
        if (left == 0) {
            fprintf (stderr, "The server does not answer\n");
            finish (context, socket, NULL, NULL);
            return 1;
        }
        printf ("Received reply: %s\n", reply);
    }
    return finish (context, socket, NULL, NULL);
}
