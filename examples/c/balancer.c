/* Load balancing: one ROUTER faces clients, another addresses workers by their routing ids, and each request
   goes to the worker that has waited longest. Usage: balancer [clients] [workers] [requests] [how many workers] */
#include "example.h"

enum { MOST_WORKERS = 64, PART = 256 };

struct part {
    char data[PART];
    size_t size;
};

/* Names of workers that wait, the longest waiting first. */
static struct part idle[MOST_WORKERS];
static int idle_count;

static int recv_part (void *socket, struct part *part)
{
    int size = zmq_recv (socket, part->data, sizeof part->data, 0);
    CHECK (size);
    check (size <= PART, "a part is too long");
    part->size = (size_t) size;
    return has_more (socket);
}

static void send_part (void *socket, const struct part *part, int flags)
{
    CHECK (zmq_send (socket, part->data, part->size, flags));
}

/* The parts of a message, at most as many as there is room for. */
static int recv_parts (void *socket, struct part *parts, int room)
{
    int count = 0;
    while (recv_part (socket, &parts[count++]))
        check (count < room, "a message has too many parts");
    return count;
}

static void send_parts (void *socket, const struct part *parts, int count)
{
    int place;
    for (place = 0; place < count; place++)
        send_part (socket, &parts[place], place + 1 < count ? ZMQ_SNDMORE : 0);
}

static struct part longest_waiting (void)
{
    struct part name = idle[0];
    memmove (&idle[0], &idle[1], (size_t) --idle_count * sizeof idle[0]);
    return name;
}

/* A worker is free again: it is new and says READY, or it returns [client, "", reply]. */
static int from_worker (void *frontend, void *backend)
{
    struct part parts[5];
    int count = recv_parts (backend, parts, 5);

    check (idle_count < MOST_WORKERS, "too many workers");
    idle[idle_count++] = parts[0];
    if (count < 5) {
        printf ("%.*s is there\n", (int) parts[0].size, parts[0].data);
        return 0;
    }
    send_parts (frontend, &parts[2], 3);
    return 1;
}

/* [client, "", request] becomes [worker, "", client, "", request]. */
static void from_client (void *frontend, void *backend)
{
    struct part parts[5];

    check (recv_parts (frontend, &parts[2], 3) == 3, "not a request");
    parts[0] = longest_waiting ();
    parts[1].size = 0;
    send_parts (backend, parts, 5);
}

static void end_worker (void *backend)
{
    struct part name = longest_waiting ();
    send_part (backend, &name, ZMQ_SNDMORE);
    send_text (backend, "", ZMQ_SNDMORE);
    send_text (backend, "END", 0);
}

int main (int argc, char **argv)
{
    const char *clients = text_argument (argc, argv, 1, "tcp://*:5555");
    const char *workers = text_argument (argc, argv, 2, "tcp://*:5564");
    int requests = number_argument (argc, argv, 3, 10);
    int worker_count = number_argument (argc, argv, 4, 2);
    int answered = 0, ended = 0;
    void *context = start ();
    void *frontend = make_socket (context, ZMQ_ROUTER);
    void *backend = make_socket (context, ZMQ_ROUTER);
    zmq_pollitem_t items[] = {{backend, 0, ZMQ_POLLIN, 0}, {frontend, 0, ZMQ_POLLIN, 0}};

    CHECK (zmq_bind (frontend, clients));
    CHECK (zmq_bind (backend, workers));
    while (answered < requests) {
        /* Requests stay in the queue while nobody can do them. */
        CHECK (zmq_poll (items, idle_count > 0 ? 2 : 1, -1));
        if (items[0].revents & ZMQ_POLLIN)
            answered += from_worker (frontend, backend);
        else if (idle_count > 0 && (items[1].revents & ZMQ_POLLIN))
            from_client (frontend, backend);
    }
    for (; ended < worker_count; ended++) {
        while (idle_count == 0)
            from_worker (frontend, backend);
        end_worker (backend);
    }
    printf ("Balanced %d requests\n", answered);
    return finish (context, frontend, backend, NULL);
}
