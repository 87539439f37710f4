/* Pipeline, its middle: takes tasks from a PULL socket, squares them, and passes the results on by PUSH,
   until the end is published. Usage: pipeline_worker [tasks] [results] [control] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *tasks = text_argument (argc, argv, 1, "tcp://localhost:5557");
    const char *results = text_argument (argc, argv, 2, "tcp://localhost:5558");
    const char *control = text_argument (argc, argv, 3, "tcp://localhost:5559");
    int done = 0;
    char text[64];
    void *context = start ();
    void *ventilator = make_socket (context, ZMQ_PULL);
    void *sink = make_socket (context, ZMQ_PUSH);
    void *signals = make_socket (context, ZMQ_SUB);
    zmq_pollitem_t items[] = {{ventilator, 0, ZMQ_POLLIN, 0}, {signals, 0, ZMQ_POLLIN, 0}};

    CHECK (zmq_connect (ventilator, tasks));
    CHECK (zmq_connect (sink, results));
    CHECK (zmq_connect (signals, control));
    subscribe (signals, "END");
    for (;;) {
        CHECK (zmq_poll (items, 2, -1));
        if (items[0].revents & ZMQ_POLLIN) {
            long task;
            recv_text (ventilator, text, sizeof text);
            task = atol (text);
            snprintf (text, sizeof text, "RESULT %ld", task * task);
            send_text (sink, text, 0);
            done++;
        }
        if (items[1].revents & ZMQ_POLLIN)
            break;
    }
    printf ("Done with %d tasks\n", done);
    return finish (context, ventilator, sink, signals);
}
