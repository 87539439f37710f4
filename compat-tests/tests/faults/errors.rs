//! With which errnos the functions fail that the library calls.
//!
//! Those that mean a mistake of the caller (EBADF, EFAULT, ENOTSOCK, EINVAL for the most part) are
//! left out: the library does not make it. So are those that a system gives either always or never,
//! and those that it can give only when asked for something else than the library asks for.

pub const ENOMEM: i32 = 12;

const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const EINTR: i32 = 4;
const EIO: i32 = 5;
const EAGAIN: i32 = 11;
const EACCES: i32 = 13;
const EBUSY: i32 = 16;
const EEXIST: i32 = 17;
const ENODEV: i32 = 19;
const EINVAL: i32 = 22;
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
const EPIPE: i32 = 32;
const ERANGE: i32 = 34;
const ENOSYS: i32 = 38;
const ENOTEMPTY: i32 = 39;
const EPROTO: i32 = 71;
const ENOPROTOOPT: i32 = 92;
const EOPNOTSUPP: i32 = 95;
const EAFNOSUPPORT: i32 = 97;
const EADDRINUSE: i32 = 98;
const EADDRNOTAVAIL: i32 = 99;
const ENETUNREACH: i32 = 101;
const ECONNABORTED: i32 = 103;
const ECONNRESET: i32 = 104;
const ENOBUFS: i32 = 105;
const ENOTCONN: i32 = 107;
const ETIMEDOUT: i32 = 110;
const ECONNREFUSED: i32 = 111;
const EHOSTUNREACH: i32 = 113;

const EAI_NONAME: i32 = -2;
const EAI_AGAIN: i32 = -3;
const EAI_FAIL: i32 = -4;
const EAI_MEMORY: i32 = -10;
const EAI_SYSTEM: i32 = -11;

/// Sorted by what they do.
const ERRORS: &[(&str, &[i32])] = &[
    ("socket", &[EACCES, EAFNOSUPPORT, EMFILE, ENFILE, ENOBUFS, ENOMEM]),
    ("bind", &[EACCES, EADDRINUSE, EADDRNOTAVAIL, ENOMEM, ENOENT, EROFS]),
    ("listen", &[EADDRINUSE, EOPNOTSUPP]),
    (
        "accept4",
        &[ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, EPROTO, EINTR, EAGAIN, EINVAL],
    ),
    (
        "connect",
        &[
            EACCES,
            EADDRNOTAVAIL,
            EAGAIN,
            ECONNREFUSED,
            ENETUNREACH,
            EHOSTUNREACH,
            ETIMEDOUT,
            EINTR,
            EPERM,
        ],
    ),
    ("setsockopt", &[ENOPROTOOPT, EPERM, ENOMEM, EINVAL]),
    ("getsockopt", &[ENOPROTOOPT, ENOBUFS]),
    ("getsockname", &[ENOBUFS]),
    ("getpeername", &[ENOTCONN, ENOBUFS]),
    ("shutdown", &[ENOTCONN]),
    ("send", &[ECONNRESET, EPIPE, ENOBUFS, ENOMEM, EINTR, EAGAIN, ETIMEDOUT, EHOSTUNREACH]),
    ("sendmsg", &[ECONNRESET, EPIPE, ENOBUFS, ENOMEM, EINTR, EAGAIN, ETIMEDOUT, EHOSTUNREACH]),
    ("recv", &[ECONNRESET, ECONNREFUSED, ENOMEM, EINTR, EAGAIN, ETIMEDOUT, EHOSTUNREACH]),
    // Both of an eventfd, or of a file. One that cannot be written for now is readable, of which it
    // is all about.
    ("read", &[EINTR, EAGAIN, EIO]),
    ("write", &[EINTR, EIO, ENOMEM]),
    ("close", &[EINTR, EIO]),
    ("fcntl", &[EAGAIN, EMFILE]),
    ("eventfd", &[EMFILE, ENFILE, ENOMEM, ENODEV]),
    ("epoll_create1", &[EMFILE, ENFILE, ENOMEM]),
    ("epoll_ctl", &[ENOMEM, ENOSPC]),
    ("epoll_wait", &[EINTR, ENOMEM]),
    ("poll", &[EINTR, ENOMEM]),
    ("ppoll", &[EINTR, ENOMEM]),
    ("open", &[EMFILE, ENFILE, EACCES]),
    ("open64", &[EMFILE, ENFILE, EACCES]),
    ("unlink", &[EACCES, EBUSY, ENOENT, EROFS]),
    ("mkdir", &[EACCES, ENOSPC, EROFS, EEXIST]),
    ("rmdir", &[EBUSY, ENOTEMPTY]),
    ("stat64", &[EACCES, ENOENT, ENOMEM]),
    ("lstat64", &[EACCES, ENOENT, ENOMEM]),
    ("fstat", &[ENOMEM]),
    ("fstat64", &[ENOMEM]),
    ("statx", &[EACCES, ENOENT, ENOMEM]),
    ("readlink", &[EACCES]),
    ("getaddrinfo", &[EAI_NONAME, EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_SYSTEM]),
    ("getifaddrs", &[ENOMEM, EMFILE, ENOBUFS]),
    ("if_nametoindex", &[ENODEV]),
    ("if_indextoname", &[ENODEV]),
    ("getpwuid_r", &[EIO, EMFILE, ENOMEM, ERANGE]),
    ("getgrgid_r", &[EIO, EMFILE, ENOMEM, ERANGE]),
    // A kernel without the call does not have it even once.
    ("getrandom", &[EINTR]),
    ("mmap", &[ENOMEM, EAGAIN]),
    ("mmap64", &[ENOMEM, EAGAIN]),
    ("mprotect", &[ENOMEM]),
    ("madvise", &[EINVAL, ENOMEM]),
    ("munmap", &[ENOMEM]),
    ("sigaltstack", &[ENOMEM]),
    ("sched_setaffinity", &[EPERM, EINVAL]),
    ("sysconf", &[EINVAL]),
    ("pthread_create", &[EAGAIN, EPERM]),
    // Rust's library ends the process when its keys, two in all, cannot be had at the first thread.
    ("pthread_key_create", &[]),
    ("pthread_attr_init", &[ENOMEM]),
    ("pthread_attr_setstacksize", &[]),
    ("pthread_attr_getguardsize", &[EINVAL]),
    ("pthread_getattr_np", &[ENOMEM]),
    ("pthread_setname_np", &[ERANGE]),
    ("pthread_getschedparam", &[EPERM]),
    ("pthread_setschedparam", &[EPERM]),
    ("pthread_sigmask", &[EINVAL]),
    // The one or the other, as the version of Rust has it.
    ("clock_nanosleep", &[EINTR]),
    ("nanosleep", &[EINTR]),
    ("membarrier", &[ENOSYS, EPERM, ENOMEM]),
    ("futex_wait", &[EINTR, EAGAIN]),
    // To wake a thread cannot fail, and a thread that is not woken sleeps forever.
    ("futex_wake", &[]),
];

pub fn of(function: &str) -> &'static [i32] {
    ERRORS.iter().find(|(name, _)| *name == function).map_or(&[], |(_, errors)| errors)
}

/// How often the call fails: once, a while, and, where zero is among them, for good. Signals end,
/// and so do what makes a descriptor of the library's own unfit for a moment and a wait impossible.
pub fn times(function: &str, error: i32) -> &'static [u32] {
    let ends = ["read", "write", "poll", "ppoll", "epoll_wait", "futex_wait", "getrandom"];
    match error == EINTR || ends.contains(&function) {
        true => &[1, 20],
        false => &[1, 20, 0],
    }
}

/// Imports that cannot fail, whose failure is nobody's concern, or that only a panic's report uses.
pub const NEVER_FAILS: &[&str] = &[
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
    "_Unwind_Backtrace",
    "_Unwind_DeleteException",
    "_Unwind_GetDataRelBase",
    "_Unwind_GetIP",
    "_Unwind_GetIPInfo",
    "_Unwind_GetLanguageSpecificData",
    "_Unwind_GetRegionStart",
    "_Unwind_GetTextRelBase",
    "_Unwind_RaiseException",
    "_Unwind_Resume",
    "_Unwind_SetGR",
    "_Unwind_SetIP",
    "__assert_fail",
    "__cxa_finalize",
    "__cxa_thread_atexit_impl",
    "__errno_location",
    "__explicit_bzero_chk",
    "__gmon_start__",
    "__memcpy_chk",
    "__memset_chk",
    "__register_atfork",
    "__stack_chk_fail",
    "__tls_get_addr",
    "__xpg_strerror_r",
    "abort",
    "bcmp",
    "clock_gettime",
    "dl_iterate_phdr",
    "dlsym",
    "explicit_bzero",
    "free",
    "freeaddrinfo",
    "freeifaddrs",
    "getauxval",
    "getcwd",
    "getenv",
    "gettid",
    "lseek64",
    "memchr",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "pause",
    "pthread_attr_destroy",
    "pthread_attr_getstack",
    "pthread_detach",
    "pthread_join",
    "pthread_key_delete",
    "pthread_mutex_lock",
    "pthread_mutex_unlock",
    "pthread_self",
    "pthread_setcancelstate",
    "pthread_setspecific",
    "realpath",
    "sched_get_priority_min",
    "sched_yield",
    "sigfillset",
    "sleep",
    "strerror",
    "strlen",
    "writev",
];
