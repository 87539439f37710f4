//! The options of a context.
//!
//! All values may be set at any time; what is read only when the first socket is made (threads,
//! limits) has no effect later. Nothing here starts or configures a thread.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use super::{exact, ids, put_exact};
use crate::error::{Error, Result};

/// The most sockets that a context can be set to.
pub(crate) const SOCKET_LIMIT: i32 = 65_535;
/// The size of `zmq_msg_t`.
const MSG_T_SIZE: i32 = 64;
/// Longest prefix of thread names.
const NAME_PREFIX_MAX: usize = 16;

/// The option values of one context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextOptions {
    /// `ZMQ_IO_THREADS`.
    pub(crate) io_threads: i32,
    /// `ZMQ_MAX_SOCKETS`.
    pub(crate) max_sockets: i32,
    /// -1: leave it to the system, as for the next one.
    pub(crate) thread_priority: i32,
    /// `ZMQ_THREAD_SCHED_POLICY`.
    pub(crate) thread_sched_policy: i32,
    /// CPUs that threads may run on; all if empty.
    pub(crate) thread_affinity_cpus: BTreeSet<i32>,
    /// `ZMQ_THREAD_NAME_PREFIX`.
    pub(crate) thread_name_prefix: Vec<u8>,
    /// What new sockets get as `ZMQ_IPV6`.
    pub(crate) ipv6: bool,
    /// New sockets linger without limit, else not at all.
    pub(crate) blocky: bool,
    /// `ZMQ_MAX_MSGSZ`.
    pub(crate) max_msgsz: i32,
    /// `ZMQ_ZERO_COPY_RECV`.
    pub(crate) zero_copy_recv: bool,
}

impl Default for ContextOptions {
    fn default() -> Self {
        ContextOptions {
            io_threads: ids::IO_THREADS_DFLT,
            max_sockets: ids::MAX_SOCKETS_DFLT,
            thread_priority: ids::THREAD_PRIORITY_DFLT,
            thread_sched_policy: ids::THREAD_SCHED_POLICY_DFLT,
            thread_affinity_cpus: BTreeSet::new(),
            thread_name_prefix: Vec::new(),
            ipv6: false,
            blocky: true,
            max_msgsz: i32::MAX,
            zero_copy_recv: true,
        }
    }
}

/// One context option; all are of type `int`.
struct Row {
    id: i32,
    min: i32,
    get: Option<fn(&ContextOptions) -> i32>,
    set: Option<fn(&mut ContextOptions, i32) -> Result<()>>,
}

/// `ZMQ_SOCKET_LIMIT` and `ZMQ_THREAD_PRIORITY` are the same number: one is read, the other is set.
static TABLE: &[Row] = &[
    Row {
        id: ids::IO_THREADS,
        min: 0,
        get: Some(|c| c.io_threads),
        set: Some(|c, v| assign(&mut c.io_threads, v)),
    },
    Row {
        id: ids::MAX_SOCKETS,
        min: 1,
        get: Some(|c| c.max_sockets),
        set: Some(|c, v| assign(&mut c.max_sockets, v)),
    },
    Row {
        id: ids::THREAD_PRIORITY,
        min: 0,
        get: Some(|_| SOCKET_LIMIT),
        set: Some(|c, v| assign(&mut c.thread_priority, v)),
    },
    Row {
        id: ids::THREAD_SCHED_POLICY,
        min: 0,
        get: Some(|c| c.thread_sched_policy),
        set: Some(|c, v| assign(&mut c.thread_sched_policy, v)),
    },
    Row {
        id: ids::MAX_MSGSZ,
        min: 0,
        get: Some(|c| c.max_msgsz),
        set: Some(|c, v| assign(&mut c.max_msgsz, v)),
    },
    Row { id: ids::MSG_T_SIZE, min: 0, get: Some(|_| MSG_T_SIZE), set: None },
    Row {
        id: ids::THREAD_AFFINITY_CPU_ADD,
        min: 0,
        get: None,
        set: Some(|c, v| {
            c.thread_affinity_cpus.insert(v);
            Ok(())
        }),
    },
    Row {
        id: ids::THREAD_AFFINITY_CPU_REMOVE,
        min: 0,
        get: None,
        set: Some(|c, v| c.thread_affinity_cpus.remove(&v).then_some(()).ok_or(Error::Invalid)),
    },
    Row {
        id: ids::THREAD_NAME_PREFIX,
        min: i32::MIN,
        get: Some(|c| leading_number(&c.thread_name_prefix)),
        set: Some(|c, v| assign(&mut c.thread_name_prefix, v.to_string().into_bytes())),
    },
    Row {
        id: ids::ZERO_COPY_RECV,
        min: 0,
        get: Some(|c| c.zero_copy_recv.into()),
        set: Some(|c, v| assign(&mut c.zero_copy_recv, v != 0)),
    },
    Row {
        id: ids::IPV6,
        min: 0,
        get: Some(|c| c.ipv6.into()),
        set: Some(|c, v| assign(&mut c.ipv6, v != 0)),
    },
    Row {
        id: ids::BLOCKY,
        min: 0,
        get: Some(|c| c.blocky.into()),
        set: Some(|c, v| assign(&mut c.blocky, v != 0)),
    },
];

impl ContextOptions {
    /// `zmq_ctx_set`.
    pub fn set_int(&mut self, id: i32, value: i32) -> Result<()> {
        let row = find(id)?;
        let set = row.set.ok_or(Error::Invalid)?;
        if value < row.min {
            return Err(Error::Invalid);
        }
        set(self, value)
    }

    /// `zmq_ctx_get`.
    pub fn get_int(&self, id: i32) -> Result<i32> {
        let get = find(id)?.get.ok_or(Error::Invalid)?;
        Ok(get(self))
    }

    /// `zmq_ctx_set_ext`: numbers as an `int`, a thread name prefix also as text.
    pub fn set(&mut self, id: i32, value: &[u8]) -> Result<()> {
        if id == ids::THREAD_NAME_PREFIX && value.len() != size_of::<i32>() {
            if value.is_empty() || value.len() > NAME_PREFIX_MAX {
                return Err(Error::Invalid);
            }
            return assign(&mut self.thread_name_prefix, value.to_vec());
        }
        self.set_int(id, i32::from_ne_bytes(exact(value)?))
    }

    /// `zmq_ctx_get_ext`; text comes without a NUL and leaves the rest of the buffer as it is.
    pub fn get(&self, id: i32, out: &mut [u8]) -> Result<usize> {
        if id == ids::THREAD_NAME_PREFIX && out.len() != size_of::<i32>() {
            let prefix = &self.thread_name_prefix;
            out.get_mut(..prefix.len()).ok_or(Error::Invalid)?.copy_from_slice(prefix);
            return Ok(prefix.len());
        }
        put_exact(out, &self.get_int(id)?.to_ne_bytes())
    }
}

fn find(id: i32) -> Result<&'static Row> {
    TABLE.iter().find(|row| row.id == id).ok_or(Error::Invalid)
}

fn assign<T>(field: &mut T, value: T) -> Result<()> {
    *field = value;
    Ok(())
}

/// The number that a text begins with; 0 if with none.
fn leading_number(text: &[u8]) -> i32 {
    let is_sign = |byte: &u8| matches!(byte, b'-' | b'+');
    let signs = usize::from(text.first().is_some_and(is_sign));
    let digits = text[signs..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[..signs + digits]).ok().and_then(|t| t.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_manual() {
        let table = [
            (ids::IO_THREADS, 1),
            (ids::MAX_SOCKETS, 1023),
            (ids::SOCKET_LIMIT, 65_535),
            (ids::THREAD_SCHED_POLICY, -1),
            (ids::MAX_MSGSZ, i32::MAX),
            (ids::MSG_T_SIZE, 64),
            (ids::THREAD_NAME_PREFIX, 0),
            (ids::ZERO_COPY_RECV, 1),
            (ids::IPV6, 0),
            (ids::BLOCKY, 1),
        ];
        for (id, value) in table {
            assert_eq!(ContextOptions::default().get_int(id), Ok(value), "{id}");
        }
    }

    #[test]
    fn ranges_are_those_of_the_manual() {
        let table = [
            (ids::IO_THREADS, 0, true),
            (ids::IO_THREADS, -1, false),
            (ids::MAX_SOCKETS, 1, true),
            (ids::MAX_SOCKETS, 0, false),
            (ids::THREAD_PRIORITY, 0, true),
            (ids::THREAD_PRIORITY, -1, false),
            (ids::THREAD_SCHED_POLICY, -1, false),
            (ids::MAX_MSGSZ, 0, true),
            (ids::MAX_MSGSZ, -1, false),
            (ids::MSG_T_SIZE, 64, false),
            (ids::THREAD_AFFINITY_CPU_ADD, -1, false),
            (ids::THREAD_AFFINITY_CPU_REMOVE, 3, false),
            (ids::THREAD_NAME_PREFIX, -7, true),
            (ids::BLOCKY, 2, true),
            (ids::BLOCKY, -1, false),
            (ids::IPV6, -1, false),
            (0, 0, false),
            (999, 0, false),
        ];
        for (id, value, good) in table {
            let result = ContextOptions::default().set_int(id, value);
            assert_eq!(result, if good { Ok(()) } else { Err(Error::Invalid) }, "{id} {value}");
        }
    }

    #[test]
    fn a_cpu_is_removed_once() {
        let mut context = ContextOptions::default();
        context.set_int(ids::THREAD_AFFINITY_CPU_ADD, 3).unwrap();
        assert!(context.thread_affinity_cpus.contains(&3));
        assert_eq!(context.set_int(ids::THREAD_AFFINITY_CPU_REMOVE, 3), Ok(()));
        assert_eq!(context.set_int(ids::THREAD_AFFINITY_CPU_REMOVE, 3), Err(Error::Invalid));
    }

    #[test]
    fn a_thread_name_prefix_is_text_or_a_number() {
        let mut context = ContextOptions::default();
        context.set_int(ids::THREAD_NAME_PREFIX, 1234).unwrap();
        assert_eq!(context.thread_name_prefix, b"1234");
        assert_eq!(context.get_int(ids::THREAD_NAME_PREFIX), Ok(1234));
        context.set(ids::THREAD_NAME_PREFIX, b"foobar").unwrap();
        let mut out = [b'x'; 16];
        assert_eq!(context.get(ids::THREAD_NAME_PREFIX, &mut out), Ok(6));
        assert_eq!(&out[..7], b"foobarx");
        assert_eq!(context.get(ids::THREAD_NAME_PREFIX, &mut out[..5]), Err(Error::Invalid));
        for wrong in [&b""[..], b"seventeen letters"] {
            assert_eq!(context.set(ids::THREAD_NAME_PREFIX, wrong), Err(Error::Invalid));
        }
    }

    #[test]
    fn numbers_want_the_size_of_an_int() {
        let mut context = ContextOptions::default();
        assert_eq!(context.set(ids::IO_THREADS, &2i64.to_ne_bytes()), Err(Error::Invalid));
        assert_eq!(context.set(ids::IO_THREADS, &2i32.to_ne_bytes()), Ok(()));
        assert_eq!(context.get(ids::IO_THREADS, &mut [0; 8]), Err(Error::Invalid));
        let mut out = [0; 4];
        assert_eq!(context.get(ids::IO_THREADS, &mut out), Ok(4));
        assert_eq!(out, 2i32.to_ne_bytes());
    }
}
