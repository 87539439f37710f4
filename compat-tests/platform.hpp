//  What a configure run of libzmq finds on a current GNU/Linux distribution,
//  for a stable build (no DRAFT API) with CURVE from libsodium. Used by the
//  reference library and by upstream's test programs alike.
#ifndef ZEROXIDE_REFERENCE_PLATFORM_HPP
#define ZEROXIDE_REFERENCE_PLATFORM_HPP

#include <features.h>

#define ZMQ_HAVE_LINUX 1

//  Threads and memory
#define ZMQ_USE_CV_IMPL_STL11 1
#define ZMQ_HAVE_ATOMIC_INTRINSICS 1
#define ZMQ_HAVE_NOEXCEPT 1
#define ZMQ_CACHELINE_SIZE 64
#define HAVE_POSIX_MEMALIGN 1
#define ZMQ_HAVE_PTHREAD_SETNAME_2 1
#define ZMQ_HAVE_PTHREAD_SET_AFFINITY 1
#define HAVE_FORK 1
#define HAVE_CLOCK_GETTIME 1

//  Polling and wake-ups
#define ZMQ_IOTHREAD_POLLER_USE_EPOLL 1
#define ZMQ_IOTHREAD_POLLER_USE_EPOLL_CLOEXEC 1
#define ZMQ_POLL_BASED_ON_POLL 1
#define ZMQ_HAVE_PPOLL 1
#define ZMQ_HAVE_EVENTFD 1
#define ZMQ_HAVE_EVENTFD_CLOEXEC 1

//  Sockets
#define ZMQ_HAVE_UIO 1
#define ZMQ_HAVE_IFADDRS 1
#define HAVE_IF_NAMETOINDEX 1
#define HAVE_ACCEPT4 1
#define ZMQ_HAVE_O_CLOEXEC 1
#define ZMQ_HAVE_SOCK_CLOEXEC 1
#define ZMQ_HAVE_SO_BINDTODEVICE 1
#define ZMQ_HAVE_SO_PEERCRED 1
#define ZMQ_HAVE_SO_PRIORITY 1
#define ZMQ_HAVE_BUSY_POLL 1
#define ZMQ_HAVE_SO_KEEPALIVE 1
#define ZMQ_HAVE_TCP_KEEPCNT 1
#define ZMQ_HAVE_TCP_KEEPIDLE 1
#define ZMQ_HAVE_TCP_KEEPINTVL 1
#define ZMQ_HAVE_IPC 1
#define ZMQ_HAVE_STRUCT_SOCKADDR_UN 1

//  The C library
#define HAVE_MKDTEMP 1
#define HAVE_STRNLEN 1
#define ZMQ_HAVE_GETRANDOM 1
#if defined __GLIBC_PREREQ && __GLIBC_PREREQ(2, 38)
#define ZMQ_HAVE_STRLCPY 1
#endif

//  Security
#define ZMQ_HAVE_CURVE 1
#define ZMQ_USE_LIBSODIUM 1
#define ZMQ_LIBSODIUM_RANDOMBYTES_CLOSE 1

#endif
