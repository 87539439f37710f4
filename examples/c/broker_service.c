/* Broker, a service behind it: a REP socket as in hello_server, but it connects, so that there can be many
   of them; clients are hello_client. Usage: broker_service [endpoint] [count] [name] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://localhost:5560");
    int count = number_argument (argc, argv, 2, 10);
    const char *name = text_argument (argc, argv, 3, "service");
    char request[256], reply[512];
    void *context = start ();
    void *socket = make_socket (context, ZMQ_REP);

    CHECK (zmq_connect (socket, endpoint));
    while (count-- > 0) {
        recv_text (socket, request, sizeof request);
        printf ("%s received: %s\n", name, request);
        snprintf (reply, sizeof reply, "%.200s answers %s", name, request);
        send_text (socket, reply, 0);
    }
    return finish (context, socket, NULL, NULL);
}
