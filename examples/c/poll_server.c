/* Polling: one thread waits for two sockets at once, counts the tasks that come to its PULL, and answers
   questions that come to its REP in between. Usage: poll_server [tasks] [questions] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *tasks = text_argument (argc, argv, 1, "tcp://*:5557");
    const char *questions = text_argument (argc, argv, 2, "tcp://*:5555");
    int taken = 0, running = 1;
    char text[64];
    void *context = start ();
    void *pull = make_socket (context, ZMQ_PULL);
    void *rep = make_socket (context, ZMQ_REP);
    zmq_pollitem_t items[] = {{pull, 0, ZMQ_POLLIN, 0}, {rep, 0, ZMQ_POLLIN, 0}};

    CHECK (zmq_bind (pull, tasks));
    CHECK (zmq_bind (rep, questions));
    while (running) {
        CHECK (zmq_poll (items, 2, -1));
        if (items[0].revents & ZMQ_POLLIN) {
            recv_text (pull, text, sizeof text);
            printf ("Task: %s\n", text);
            taken++;
        }
        if (items[1].revents & ZMQ_POLLIN) {
            recv_text (rep, text, sizeof text);
            running = strcmp (text, "stop") != 0;
            snprintf (text, sizeof text, "%d", taken);
            send_text (rep, text, 0);
        }
    }
    printf ("Stopped after %d tasks\n", taken);
    return finish (context, pull, rep, NULL);
}
