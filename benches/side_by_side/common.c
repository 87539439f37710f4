#include "common.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct shared *shared;
double duration, warm_up;

static int processors[2] = {-1, -1};
static pid_t children[64];
static int child_count;

static void choose_processors (const char *wanted)
{
    cpu_set_t allowed;
    int found = 0;
    if (strcmp (wanted, "free") == 0)
        return;
    check (sched_getaffinity (0, sizeof allowed, &allowed) == 0, "sched_getaffinity");
    for (int i = 0; i < CPU_SETSIZE && found < 2; i++)
        if (CPU_ISSET (i, &allowed))
            processors[found++] = i;
    if (strcmp (wanted, "core") == 0)
        processors[1] = processors[0];
    else if (strcmp (wanted, "split") != 0 || found < 2)
        fail ("PIN is core, free, or (with two processors) split");
}

static void child_ended (int signal)
{
    static const char text[] = "another process of this measurement ended early\n";
    (void) signal;
    if (write (2, text, sizeof text - 1) < 0)
        _exit (2);
    _exit (1);
}

void begin (int argc, char **argv, int more, const char *usage)
{
    if (argc != 3 + more) {
        fprintf (stderr, "usage: %s SECONDS core|split|free %s\n", argv[0], usage);
        exit (2);
    }
    duration = strtod (argv[1], NULL) * 1e9;
    warm_up = duration / 8;
    choose_processors (argv[2]);
    struct rlimit files;
    getrlimit (RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit (RLIMIT_NOFILE, &files);
    shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check (shared != MAP_FAILED, "mmap");
    sem_init (&shared->go, 1, 0);
    sem_init (&shared->ready, 1, 0);
    signal (SIGCHLD, child_ended);
}

void pin (int side)
{
    if (processors[side] < 0)
        return;
    cpu_set_t set;
    CPU_ZERO (&set);
    CPU_SET (processors[side], &set);
    check (sched_setaffinity (0, sizeof set, &set) == 0, "sched_setaffinity");
}

pid_t spawn (int side, void (*body) (void))
{
    pid_t parent = getpid ();
    pid_t child = fork ();
    check (child >= 0, "fork");
    if (child == 0) {
        signal (SIGCHLD, SIG_DFL);
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        if (getppid () != parent)
            _exit (1);
        child_count = 0;
        pin (side);
        body ();
        for (;;)
            pause ();
    }
    children[child_count++] = child;
    return child;
}

void finish (void)
{
    signal (SIGCHLD, SIG_DFL);
    for (int i = 0; i < child_count; i++)
        kill (children[i], SIGKILL);
    for (int i = 0; i < child_count; i++)
        waitpid (children[i], NULL, 0);
}

void check (int ok, const char *what)
{
    if (!ok)
        fail (what);
}

void report (const char *name, double value)
{
    printf ("%s %.9g\n", name, value);
}

static double nanoseconds (clockid_t clock)
{
    struct timespec t;
    return clock_gettime (clock, &t) == 0 ? t.tv_sec * 1e9 + t.tv_nsec : 0;
}

double now (void)
{
    return nanoseconds (CLOCK_MONOTONIC);
}

double cpu_of (pid_t process)
{
    clockid_t clock;
    check (clock_getcpuclockid (process, &clock) == 0, "clock_getcpuclockid");
    return nanoseconds (clock);
}

double cpu_of_started (void)
{
    double sum = 0;
    for (int i = 0; i < child_count; i++)
        sum += cpu_of (children[i]);
    return sum;
}

double cpu_of_all (void)
{
    return cpu_of (getpid ()) + cpu_of_started ();
}

double resident_bytes (pid_t process)
{
    char path[64], line[256];
    double kilobytes = -1;
    snprintf (path, sizeof path, "/proc/%d/smaps_rollup", (int) process);
    FILE *file = fopen (path, "r");
    check (file != NULL, path);
    while (fgets (line, sizeof line, file))
        if (sscanf (line, "Rss: %lf", &kilobytes) == 1)
            break;
    fclose (file);
    check (kilobytes >= 0, path);
    return kilobytes * 1024;
}

static int compare_floats (const void *a, const void *b)
{
    float x = *(const float *) a, y = *(const float *) b;
    return (x > y) - (x < y);
}

void report_percentiles (float *samples, long count)
{
    qsort (samples, count, sizeof *samples, compare_floats);
    report ("p50", samples[count / 2]);
    report ("p99", samples[count * 99 / 100]);
}
