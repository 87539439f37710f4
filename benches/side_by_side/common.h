/* What the programs of the side-by-side bench share: several processes (or threads) on chosen
 * processors, clocks, and results as lines of 'name value'. */
#ifndef COMMON_H
#define COMMON_H

#include <semaphore.h>
#include <stddef.h>
#include <sys/types.h>

enum { ENDPOINT_SIZE = 256, ENDPOINTS = 2, KEY_SIZE = 41, MOST_SAMPLES = 4000000 };

/* Seen by all processes of a measurement. */
struct shared {
    volatile int stop;
    volatile int phase;
    volatile long counter;
    volatile double result;
    sem_t go, ready;
    char endpoint[ENDPOINTS][ENDPOINT_SIZE];
    char server_key[KEY_SIZE]; /* of who is bound to `curve` */
};

extern struct shared *shared;
extern double duration; /* nanoseconds that are to be measured */
extern double warm_up;  /* nanoseconds before them */

/* Call it first: reads SECONDS and PIN from argv[1] and argv[2]; the rest must be `more` words. */
void begin (int argc, char **argv, int more, const char *usage);
/* Confines the calling thread, and those that it starts, to the processor of a side, 0 or 1. */
void pin (int side);
/* Starts a process on a side. One that ends by itself, before the measurement has, is a failure. */
pid_t spawn (int side, void (*body) (void));
/* Ends the processes that were started. */
void finish (void);

void check (int ok, const char *what);
void fail (const char *what);
void report (const char *name, double value);

double now (void);                  /* nanoseconds */
double cpu_of (pid_t process);      /* nanoseconds that all its threads have run */
double cpu_of_started (void);       /* of the processes that were started */
double cpu_of_all (void);           /* of these and this one */
double resident_bytes (pid_t process);
/* The p50 and p99 of nanoseconds, which are sorted by that. */
void report_percentiles (float *samples, long count);

/* The rest is for programs that use libzmq. */
void *open_socket (void *context, int type);
void set_int (void *socket, int option, int value);
/* Binds to a free endpoint of a transport (`curve` is tcp with CURVE) and lets one process (or thread) know. */
void bind_any (void *socket, const char *transport, int which);
/* Waits for that. */
const char *await_endpoint (int which);
void connect_to (void *socket, const char *endpoint);

#endif
