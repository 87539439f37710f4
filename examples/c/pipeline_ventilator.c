/* Pipeline, its beginning: a PUSH socket deals tasks out to the workers that are there, in turns.
   Usage: pipeline_ventilator [tasks] [results] [control] [count] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *tasks = text_argument (argc, argv, 1, "tcp://*:5557");
    const char *results = text_argument (argc, argv, 2, "tcp://localhost:5558");
    const char *control = text_argument (argc, argv, 3, "tcp://localhost:5559");
    int count = number_argument (argc, argv, 4, 20);
    int task;
    char text[64];
    void *context = start ();
    void *workers = make_socket (context, ZMQ_PUSH);
    void *sink = make_socket (context, ZMQ_PUSH);
    void *signals = make_socket (context, ZMQ_SUB);

    CHECK (zmq_bind (workers, tasks));
    CHECK (zmq_connect (sink, results));
    CHECK (zmq_connect (signals, control));
    subscribe (signals, "GO");

    /* The sink tells when all workers are there. */
    recv_text (signals, text, sizeof text);
    snprintf (text, sizeof text, "TASKS %d", count);
    send_text (sink, text, 0);
    for (task = 1; task <= count; task++) {
        snprintf (text, sizeof text, "%d", task);
        send_text (workers, text, 0);
    }
    printf ("Sent %d tasks\n", count);
    return finish (context, workers, sink, signals);
}
