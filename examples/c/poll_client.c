/* Polling, the other side: sends tasks by PUSH, asks by REQ how many have arrived until all have, and then
   stops the server. Usage: poll_client [tasks] [questions] [count] */
#include "example.h"

int main (int argc, char **argv)
{
    const char *tasks = text_argument (argc, argv, 1, "tcp://localhost:5557");
    const char *questions = text_argument (argc, argv, 2, "tcp://localhost:5555");
    int count = number_argument (argc, argv, 3, 5);
    int task;
    char text[64];
    void *context = start ();
    void *push = make_socket (context, ZMQ_PUSH);
    void *req = make_socket (context, ZMQ_REQ);

    CHECK (zmq_connect (push, tasks));
    CHECK (zmq_connect (req, questions));
    for (task = 1; task <= count; task++) {
        snprintf (text, sizeof text, "Task %d", task);
        send_text (push, text, 0);
    }
    do {
        send_text (req, "how many?", 0);
        recv_text (req, text, sizeof text);
    } while (atoi (text) < count);
    send_text (req, "stop", 0);
    recv_text (req, text, sizeof text);
    printf ("The server has taken %s tasks\n", text);
    return finish (context, push, req, NULL);
}
