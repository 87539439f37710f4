/* CURVE, the client: knows the server's public key, so that nobody can pose as the server, and has a key
   pair of its own. Usage: curve_client [endpoint] [folder] [count] [timeout in ms] */
#include "keys.h"

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://localhost:5565");
    const char *folder = text_argument (argc, argv, 2, ".");
    int count = number_argument (argc, argv, 3, 3);
    int timeout = number_argument (argc, argv, 4, 10000);
    int number;
    char request[64], reply[256];
    void *context = start ();
    void *socket = make_socket (context, ZMQ_REQ);

    set_key (socket, ZMQ_CURVE_SERVERKEY, folder, "server.public");
    set_key (socket, ZMQ_CURVE_PUBLICKEY, folder, "client.public");
    set_key (socket, ZMQ_CURVE_SECRETKEY, folder, "client.secret");
    /* Who is turned away has nobody to send to, or gets no reply, as it happens. */
    set_number (socket, ZMQ_SNDTIMEO, timeout);
    set_number (socket, ZMQ_RCVTIMEO, timeout);
    set_number (socket, ZMQ_LINGER, 0);
    CHECK (zmq_connect (socket, endpoint));
    for (number = 1; number <= count; number++) {
        snprintf (request, sizeof request, "Hello %d", number);
        if (zmq_send (socket, request, strlen (request), 0) == -1
            || !try_recv_text (socket, reply, sizeof reply, 0)) {
            check (zmq_errno () == EAGAIN, request);
            fprintf (stderr, "No reply: not let in?\n");
            finish (context, socket, NULL, NULL);
            return 1;
        }
        printf ("Received secret reply: %s\n", reply);
    }
    return finish (context, socket, NULL, NULL);
}
