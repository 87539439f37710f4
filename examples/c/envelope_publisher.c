/* Envelopes: each message has a first part that is compared with subscriptions, and the content behind it,
   which no filter can match by accident. Usage: envelope_publisher [endpoint] [count] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://*:5563");
    int count = number_argument (argc, argv, 2, 3);
    int number;
    char text[64];
    void *context = start ();
    void *publisher = make_socket (context, ZMQ_XPUB);

    CHECK (zmq_bind (publisher, endpoint));
    /* An XPUB sees subscriptions: without a listener there would be nothing to show. */
    recv_text (publisher, text, sizeof text);
    for (number = 1; number <= count; number++) {
        send_text (publisher, "sports", ZMQ_SNDMORE);
        send_text (publisher, "news: not for you", 0);
        snprintf (text, sizeof text, "number %d", number);
        send_text (publisher, "news", ZMQ_SNDMORE);
        send_text (publisher, text, 0);
    }
    printf ("Published %d of each\n", count);
    return finish (context, publisher, NULL, NULL);
}
