/* Envelopes, the receiving side: a message comes whole, and ZMQ_RCVMORE tells of the parts that follow.
   Usage: envelope_subscriber [endpoint] [topic] [count] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://localhost:5563");
    const char *topic = text_argument (argc, argv, 2, "news");
    int count = number_argument (argc, argv, 3, 3);
    char part[256];
    void *context = start ();
    void *subscriber = make_socket (context, ZMQ_SUB);

    CHECK (zmq_connect (subscriber, endpoint));
    subscribe (subscriber, topic);
    while (count-- > 0) {
        recv_text (subscriber, part, sizeof part);
        printf ("[%s]", part);
        while (has_more (subscriber)) {
            recv_text (subscriber, part, sizeof part);
            printf (" %s", part);
        }
        printf ("\n");
    }
    return finish (context, subscriber, NULL, NULL);
}
