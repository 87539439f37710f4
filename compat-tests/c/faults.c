/* The functions of the C library that libzmq calls, in front of the real ones. One of these that is called
 * out of libzmq fails where FAULT says so; all other calls go through.
 *
 * FAULT is 'FUNCTION PLACE SKIP TIMES SIZE ERRNO': the function; the place, in hexadecimal, as faults_print
 * tells it, or 0 for all places; how many such calls succeed first; how many then fail, or 0 for all; for
 * memory the least size that counts; and the errno.
 *
 * A place is a hash of the return addresses within libzmq, which is the same in each run of one library. */

#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <link.h>
#include <linux/futex.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH = 40, PLACES = 16384, NAME = 24 };

struct place
{
    char function[NAME];
    unsigned hash;
    int calls;
    size_t largest;
};

static struct place places[PLACES];
static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;

static struct
{
    char function[NAME];
    unsigned hash;
    int skip, times;
    size_t size;
    int error;
} fault;

static volatile int active;
static int logging, tracing;
static int matched, happened;
static uintptr_t library_start, library_end;
static __thread int inside;

static int find_library (struct dl_phdr_info *info, size_t size, void *unused)
{
    (void) size;
    (void) unused;
    if (!strstr (info->dlpi_name, "libzmq.so"))
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW (Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && part->p_flags & PF_X) {
            library_start = info->dlpi_addr + part->p_vaddr;
            library_end = library_start + part->p_memsz;
        }
    }
    return 1;
}

void faults_begin (void)
{
    void *frames[1];
    inside = 1;
    backtrace (frames, 1); /* The first one allocates. */
    const char *spec = getenv ("FAULT");
    logging = getenv ("FAULT_LOG") != NULL;
    tracing = getenv ("FAULT_TRACE") != NULL;
    dl_iterate_phdr (find_library, NULL);
    if (spec
        && sscanf (spec, "%23s %x %d %d %zu %d", fault.function, &fault.hash, &fault.skip,
                   &fault.times, &fault.size, &fault.error)
             != 6) {
        fprintf (stderr, "FAULT is no fault: %s\n", spec);
        exit (2);
    }
    active = spec != NULL || logging;
    inside = 0;
}

void faults_end (void)
{
    active = 0;
}

int faults_happened (void)
{
    return happened;
}

void faults_print (void)
{
    for (int i = 0; i < PLACES; i++)
        if (places[i].calls)
            printf ("place %s %x %d %zu\n", places[i].function, places[i].hash, places[i].calls,
                    places[i].largest);
}

static int is_library (const void *address)
{
    return (uintptr_t) address - library_start < library_end - library_start;
}

static unsigned hash_stack (void **frames, int count)
{
    unsigned hash = 2166136261u;
    for (int i = 0; i < count; i++)
        if (is_library (frames[i]))
            hash = (hash ^ (unsigned) ((uintptr_t) frames[i] - library_start)) * 16777619u;
    return hash ? hash : 1;
}

static void count_call (const char *function, unsigned hash, size_t size)
{
    pthread_mutex_lock (&places_lock);
    unsigned i = hash % PLACES;
    while (places[i].calls
           && (places[i].hash != hash || strncmp (places[i].function, function, NAME - 1)))
        i = (i + 1) % PLACES;
    places[i].hash = hash;
    places[i].calls++;
    if (size > places[i].largest)
        places[i].largest = size;
    strncpy (places[i].function, function, NAME - 1);
    pthread_mutex_unlock (&places_lock);
}

static void trace (const char *function, size_t size, void **frames, int count)
{
    char line[64];
    int length = snprintf (line, sizeof line, "fault %s %zu at", function, size);
    syscall (SYS_write, 2, line, length);
    for (int i = 0; i < count; i++)
        if (is_library (frames[i])) {
            struct dl_find_object found;
            uintptr_t base = _dl_find_object (frames[i], &found) == 0
                               ? (uintptr_t) found.dlfo_link_map->l_addr
                               : 0;
            length = snprintf (line, sizeof line, " %lx", (unsigned long) frames[i] - base - 1);
            syscall (SYS_write, 2, line, length);
        }
    syscall (SYS_write, 2, "\n", 1);
}

/* The errno with which this call is to fail, or 0. */
static int judge (const char *function, size_t size, const void *caller)
{
    if (!active || inside || !is_library (caller))
        return 0;
    if (!logging && strcmp (function, fault.function))
        return 0;
    if (size < fault.size)
        return 0;
    void *frames[DEPTH];
    unsigned hash = 0;
    int count = 0, failed = 0;
    inside = 1;
    if (logging || tracing || fault.hash) {
        int saved = errno;
        count = backtrace (frames, DEPTH);
        hash = hash_stack (frames, count);
        errno = saved;
    }
    if (logging)
        count_call (function, hash, size);
    else if (!fault.hash || fault.hash == hash) {
        int index = __atomic_fetch_add (&matched, 1, __ATOMIC_RELAXED);
        failed = index >= fault.skip && (!fault.times || index < fault.skip + fault.times);
        if (failed && __atomic_fetch_add (&happened, 1, __ATOMIC_RELAXED) < 8 && tracing)
            trace (function, size, frames, count);
    }
    inside = 0;
    return failed ? fault.error : 0;
}

#define CALLER __builtin_return_address (0)

/* The next function of this name, found when it is first called. */
#define REAL(name)                                                                                 \
    ({                                                                                             \
        static __typeof__ (&name) real;                                                            \
        if (!real)                                                                                 \
            *(void **) &real = dlsym (RTLD_NEXT, #name);                                           \
        real;                                                                                      \
    })

/* Fails by its result, with the reason in errno. */
#define FAULTY(type, failure, name, parameters, arguments)                                         \
    type name parameters                                                                           \
    {                                                                                              \
        int error = judge (#name, 0, CALLER);                                                      \
        if (!error)                                                                                \
            return REAL (name) arguments;                                                          \
        errno = error;                                                                             \
        return failure;                                                                            \
    }

/* Returns the reason. */
#define TELLING(name, parameters, arguments)                                                       \
    int name parameters                                                                            \
    {                                                                                              \
        int error = judge (#name, 0, CALLER);                                                      \
        return error ? error : REAL (name) arguments;                                              \
    }

FAULTY (int, -1, accept4, (int fd, struct sockaddr *a, socklen_t *l, int f), (fd, a, l, f))
FAULTY (int, -1, bind, (int fd, const struct sockaddr *a, socklen_t l), (fd, a, l))
FAULTY (int, -1, connect, (int fd, const struct sockaddr *a, socklen_t l), (fd, a, l))
FAULTY (int, -1, listen, (int fd, int backlog), (fd, backlog))
FAULTY (int, -1, socket, (int d, int t, int p), (d, t, p))
FAULTY (int, -1, shutdown, (int fd, int how), (fd, how))
FAULTY (int, -1, setsockopt, (int fd, int l, int o, const void *v, socklen_t n), (fd, l, o, v, n))
FAULTY (int, -1, getsockopt, (int fd, int l, int o, void *v, socklen_t *n), (fd, l, o, v, n))
FAULTY (int, -1, getsockname, (int fd, struct sockaddr *a, socklen_t *l), (fd, a, l))
FAULTY (int, -1, getpeername, (int fd, struct sockaddr *a, socklen_t *l), (fd, a, l))
FAULTY (ssize_t, -1, send, (int fd, const void *b, size_t n, int f), (fd, b, n, f))
FAULTY (ssize_t, -1, sendmsg, (int fd, const struct msghdr *m, int f), (fd, m, f))
FAULTY (ssize_t, -1, recv, (int fd, void *b, size_t n, int f), (fd, b, n, f))
FAULTY (ssize_t, -1, read, (int fd, void *b, size_t n), (fd, b, n))
FAULTY (ssize_t, -1, write, (int fd, const void *b, size_t n), (fd, b, n))
FAULTY (int, -1, epoll_create1, (int flags), (flags))
FAULTY (int, -1, epoll_ctl, (int e, int o, int fd, struct epoll_event *v), (e, o, fd, v))
FAULTY (int, -1, epoll_wait, (int e, struct epoll_event *v, int n, int t), (e, v, n, t))
FAULTY (int, -1, poll, (struct pollfd * p, nfds_t n, int t), (p, n, t))
FAULTY (int, -1, ppoll, (struct pollfd * p, nfds_t n, const struct timespec *t, const sigset_t *s),
        (p, n, t, s))
FAULTY (int, -1, eventfd, (unsigned value, int flags), (value, flags))
FAULTY (int, -1, unlink, (const char *path), (path))
FAULTY (int, -1, rmdir, (const char *path), (path))
FAULTY (int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
FAULTY (int, -1, stat64, (const char *path, struct stat64 *s), (path, s))
FAULTY (int, -1, lstat64, (const char *path, struct stat64 *s), (path, s))
FAULTY (int, -1, fstat, (int fd, struct stat *s), (fd, s))
FAULTY (int, -1, fstat64, (int fd, struct stat64 *s), (fd, s))
FAULTY (int, -1, statx, (int d, const char *p, int f, unsigned m, struct statx *s), (d, p, f, m, s))
FAULTY (ssize_t, -1, readlink, (const char *path, char *b, size_t n), (path, b, n))
FAULTY (ssize_t, -1, getrandom, (void *b, size_t n, unsigned f), (b, n, f))
FAULTY (int, -1, getifaddrs, (struct ifaddrs * *a), (a))
FAULTY (unsigned, 0, if_nametoindex, (const char *name), (name))
FAULTY (char *, NULL, if_indextoname, (unsigned i, char name[IF_NAMESIZE]), (i, name))
FAULTY (void *, MAP_FAILED, mmap, (void *a, size_t n, int p, int f, int fd, off_t o),
        (a, n, p, f, fd, o))
FAULTY (void *, MAP_FAILED, mmap64, (void *a, size_t n, int p, int f, int fd, off64_t o),
        (a, n, p, f, fd, o))
FAULTY (int, -1, mprotect, (void *a, size_t n, int p), (a, n, p))
FAULTY (int, -1, madvise, (void *a, size_t n, int p), (a, n, p))
FAULTY (int, -1, munmap, (void *a, size_t n), (a, n))
FAULTY (int, -1, sigaltstack, (const stack_t *a, stack_t *b), (a, b))
FAULTY (int, -1, sched_setaffinity, (pid_t pid, size_t n, const cpu_set_t *s), (pid, n, s))
FAULTY (long, -1, sysconf, (int name), (name))
FAULTY (int, -1, nanosleep, (const struct timespec *a, struct timespec *b), (a, b))

TELLING (getpwuid_r, (uid_t u, struct passwd *p, char *b, size_t n, struct passwd **r),
         (u, p, b, n, r))
TELLING (getgrgid_r, (gid_t g, struct group *p, char *b, size_t n, struct group **r),
         (g, p, b, n, r))
TELLING (getaddrinfo,
         (const char *n, const char *s, const struct addrinfo *h, struct addrinfo **r),
         (n, s, h, r))
TELLING (pthread_create,
         (pthread_t * t, const pthread_attr_t *a, void *(*f) (void *), void *x), (t, a, f, x))
TELLING (pthread_key_create, (pthread_key_t * k, void (*f) (void *)), (k, f))
TELLING (pthread_attr_init, (pthread_attr_t * a), (a))
TELLING (pthread_attr_setstacksize, (pthread_attr_t * a, size_t n), (a, n))
TELLING (pthread_attr_getguardsize, (const pthread_attr_t *a, size_t *n), (a, n))
TELLING (pthread_getattr_np, (pthread_t t, pthread_attr_t *a), (t, a))
TELLING (pthread_setname_np, (pthread_t t, const char *n), (t, n))
TELLING (pthread_getschedparam, (pthread_t t, int *p, struct sched_param *s), (t, p, s))
TELLING (pthread_setschedparam, (pthread_t t, int p, const struct sched_param *s), (t, p, s))
TELLING (pthread_sigmask, (int how, const sigset_t *a, sigset_t *b), (how, a, b))
TELLING (clock_nanosleep, (clockid_t c, int f, const struct timespec *a, struct timespec *b),
         (c, f, a, b))

/* A descriptor is closed, also where that fails. */
int close (int fd)
{
    int error = judge ("close", 0, CALLER);
    int result = REAL (close) (fd);
    if (!error)
        return result;
    errno = error;
    return -1;
}

/* All that fcntl is asked for here takes an int or nothing. */
int fcntl (int fd, int command, ...)
{
    va_list more;
    va_start (more, command);
    long argument = va_arg (more, long);
    va_end (more);
    int error = judge ("fcntl", 0, CALLER);
    if (!error)
        return REAL (fcntl) (fd, command, argument);
    errno = error;
    return -1;
}

int open64 (const char *path, int flags, ...)
{
    va_list more;
    va_start (more, flags);
    mode_t mode = va_arg (more, mode_t);
    va_end (more);
    int error = judge ("open64", 0, CALLER);
    if (!error)
        return REAL (open64) (path, flags, mode);
    errno = error;
    return -1;
}

int open (const char *path, int flags, ...)
{
    va_list more;
    va_start (more, flags);
    mode_t mode = va_arg (more, mode_t);
    va_end (more);
    int error = judge ("open", 0, CALLER);
    if (!error)
        return REAL (open) (path, flags, mode);
    errno = error;
    return -1;
}

/* The function that a call by number stands for; OPERATION tells two of a futex apart. */
static const char *function_of (long number, int operation)
{
    switch (number) {
        case SYS_sendto:
            return "send";
        case SYS_sendmsg:
            return "sendmsg";
        case SYS_recvfrom:
            return "recv";
        case SYS_read:
            return "read";
        case SYS_write:
            return "write";
        case SYS_close:
            return "close";
        case SYS_ppoll:
            return "ppoll";
        case SYS_epoll_pwait:
            return "epoll_wait";
        case SYS_nanosleep:
            return "nanosleep";
        case SYS_getrandom:
            return "getrandom";
        case SYS_membarrier:
            return "membarrier";
        case SYS_futex:
            operation &= FUTEX_CMD_MASK;
            return operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET ? "futex_wait"
                                                                             : "futex_wake";
        default:
            return "syscall";
    }
}

/* What no thread is to be cancelled in is called by number. */
long syscall (long number, ...)
{
    long a[6];
    va_list more;
    va_start (more, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg (more, long);
    va_end (more);
    int error = judge (function_of (number, (int) a[1]), 0, CALLER);
    /* A descriptor is closed, also where that fails. */
    long result = error && number != SYS_close
                    ? -1
                    : REAL (syscall) (number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (!error)
        return result;
    errno = error;
    return -1;
}

/* Memory: the real functions by other names, since to look them up may take memory. */
extern void *__libc_malloc (size_t);
extern void *__libc_calloc (size_t, size_t);
extern void *__libc_realloc (void *, size_t);
extern void *__libc_memalign (size_t, size_t);

static int memory_fails (size_t size, const void *caller)
{
    int error = judge ("memory", size, caller);
    if (error)
        errno = error;
    return error;
}

void *malloc (size_t size)
{
    return memory_fails (size, CALLER) ? NULL : __libc_malloc (size);
}

void *calloc (size_t count, size_t size)
{
    return memory_fails (count * size, CALLER) ? NULL : __libc_calloc (count, size);
}

void *realloc (void *old, size_t size)
{
    return memory_fails (size, CALLER) ? NULL : __libc_realloc (old, size);
}

int posix_memalign (void **result, size_t alignment, size_t size)
{
    if (memory_fails (size, CALLER))
        return ENOMEM;
    *result = __libc_memalign (alignment, size);
    return *result ? 0 : ENOMEM;
}
