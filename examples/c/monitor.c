/* Monitor: a server is told of what happens to its connections, as messages on an inproc PAIR that is polled
   beside its own socket; clients are hello_client. Usage: monitor [endpoint] [count] */
#include "example.h"

static const char *name_of (int event)
{
    switch (event) {
        case ZMQ_EVENT_LISTENING: return "LISTENING";
        case ZMQ_EVENT_ACCEPTED: return "ACCEPTED";
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return "HANDSHAKE_SUCCEEDED";
        case ZMQ_EVENT_DISCONNECTED: return "DISCONNECTED";
        case ZMQ_EVENT_CLOSED: return "CLOSED";
        case ZMQ_EVENT_MONITOR_STOPPED: return "MONITOR_STOPPED";
        default: return "another";
    }
}

/* The first part holds the event as 16 bits and its value as 32, the second the endpoint. */
static int recv_event (void *monitor)
{
    uint8_t head[6];
    uint16_t event;
    char endpoint[256];

    check (zmq_recv (monitor, head, sizeof head, 0) == (int) sizeof head, "the event");
    memcpy (&event, head, sizeof event);
    recv_text (monitor, endpoint, sizeof endpoint);
    printf ("Event: %s\n", name_of (event));
    return event;
}

int main (int argc, char **argv)
{
    const char *endpoint = text_argument (argc, argv, 1, "tcp://*:5555");
    int count = number_argument (argc, argv, 2, 10);
    int served = 0, disconnected = 0;
    char request[256];
    void *context = start ();
    void *socket = make_socket (context, ZMQ_REP);
    void *monitor = make_socket (context, ZMQ_PAIR);
    zmq_pollitem_t items[] = {{socket, 0, ZMQ_POLLIN, 0}, {monitor, 0, ZMQ_POLLIN, 0}};

    CHECK (zmq_socket_monitor (socket, "inproc://events", ZMQ_EVENT_ALL));
    CHECK (zmq_connect (monitor, "inproc://events"));
    CHECK (zmq_bind (socket, endpoint));
    /* Until the last client has gone. */
    while (served < count || !disconnected) {
        CHECK (zmq_poll (items, 2, -1));
        if (items[0].revents & ZMQ_POLLIN) {
            recv_text (socket, request, sizeof request);
            send_text (socket, request, 0);
            served++;
        }
        if (items[1].revents & ZMQ_POLLIN)
            disconnected = recv_event (monitor) == ZMQ_EVENT_DISCONNECTED;
    }
    printf ("Served %d requests\n", served);
    CHECK (zmq_close (socket));
    while (recv_event (monitor) != ZMQ_EVENT_MONITOR_STOPPED)
        ;
    return finish (context, monitor, NULL, NULL);
}
