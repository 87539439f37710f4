//! `zmq_poller_*`: a set of sockets and descriptors that is waited for again and again.

use crate::fork;
use crate::handles::{kind, HeldWithContents, Shared, Table};
use crate::poll::zmq_fd_t;
use crate::reserve;
use crate::socket::find;
use crate::util::{blocking, pointer, size, status};
use std::ffi::{c_int, c_long, c_short, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use zeroxide::internal::error::{Error, Result};
use zeroxide::internal::socket::{
    poll_or_nap, PollItem, RawSocket, POLLERR, POLLIN, POLLOUT, POLLPRI,
};
use zeroxide::internal::sys::nap::Nap;
use zeroxide::internal::sys::Epoll;

static POLLERS: Table<Shared<Poller>, { kind::POLLER }> = Table::empty();

pub type Held = HeldWithContents<'static, Poller>;

/// While the caller keeps this, no other call comes to a poller.
pub fn hold() -> Held {
    POLLERS.hold_with_contents()
}

/// What a poller has found: a socket or, if that is null, a descriptor.
#[repr(C)]
pub struct zmq_poller_event_t {
    pub socket: *mut c_void,
    pub fd: zmq_fd_t,
    pub user_data: *mut c_void,
    pub events: c_short,
}

impl zmq_poller_event_t {
    const NOTHING: Self =
        Self { socket: ptr::null_mut(), fd: NO_FD, user_data: ptr::null_mut(), events: 0 };
}

const NO_FD: zmq_fd_t = -1;
const ALL_EVENTS: c_short = POLLIN | POLLOUT | POLLERR | POLLPRI;

/// A set of sockets and descriptors.
#[derive(Default)]
pub struct Poller(Mutex<Items>);

#[derive(Default)]
struct Items {
    items: Vec<Item>,
    /// Readable while one of the sockets that several threads may use has been told something, for
    /// a program that has asked for it.
    told: Option<Epoll>,
}

#[derive(Clone, Copy)]
struct Item {
    what: What,
    user_data: *mut c_void,
    events: c_short,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Socket(*mut c_void),
    Descriptor(zmq_fd_t),
}

// SAFETY: the pointers are handles and what the program hands out again; nothing here follows them.
unsafe impl Send for Items {}

/// Makes a poller.
#[no_mangle]
pub extern "C-unwind" fn zmq_poller_new() -> *mut c_void {
    pointer(|| {
        reserve::check()?;
        fork::expect();
        POLLERS.add(Arc::default())
    })
}

/// Ends a poller, and sets the program's pointer to NULL.
///
/// # Safety
/// `poller_p` is null or points to a pointer.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_poller_destroy(poller_p: *mut *mut c_void) -> c_int {
    status(|| {
        // SAFETY: the caller promises that it is null, or a pointer that may be read and written.
        let handle = unsafe { poller_p.as_mut() }.ok_or(Error::Fault)?;
        POLLERS.remove(*handle)?;
        *handle = ptr::null_mut();
        Ok(0)
    })
}

/// How many sockets and descriptors a poller has.
#[no_mangle]
pub extern "C-unwind" fn zmq_poller_size(poller: *mut c_void) -> c_int {
    status(|| with(poller, |items| Ok(size(items.items.len()))))
}

/// Adds a socket, with the events to wait for.
#[no_mangle]
pub extern "C-unwind" fn zmq_poller_add(
    poller: *mut c_void,
    socket: *mut c_void,
    user_data: *mut c_void,
    events: c_short,
) -> c_int {
    status(|| {
        with(poller, |items| {
            find(socket)?;
            items.add(Item { what: What::Socket(socket), user_data, events })
        })
    })
}

/// Changes the events to wait for.
#[no_mangle]
pub extern "C-unwind" fn zmq_poller_modify(
    poller: *mut c_void,
    socket: *mut c_void,
    events: c_short,
) -> c_int {
    status(|| {
        with(poller, |items| {
            find(socket)?;
            items.modify(What::Socket(socket), events)
        })
    })
}

/// Takes a socket out.
#[no_mangle]
pub extern "C-unwind" fn zmq_poller_remove(poller: *mut c_void, socket: *mut c_void) -> c_int {
    status(|| {
        with(poller, |items| {
            find(socket)?;
            items.remove(What::Socket(socket))
        })
    })
}

/// Adds a descriptor, with the events to wait for.
#[no_mangle]
pub extern "C-unwind" fn zmq_poller_add_fd(
    poller: *mut c_void,
    fd: zmq_fd_t,
    user_data: *mut c_void,
    events: c_short,
) -> c_int {
    status(|| with(poller, |items| items.add(Item { what: descriptor(fd)?, user_data, events })))
}

/// Changes the events to wait for.
#[no_mangle]
pub extern "C-unwind" fn zmq_poller_modify_fd(
    poller: *mut c_void,
    fd: zmq_fd_t,
    events: c_short,
) -> c_int {
    status(|| with(poller, |items| items.modify(descriptor(fd)?, events)))
}

/// Takes a descriptor out.
#[no_mangle]
pub extern "C-unwind" fn zmq_poller_remove_fd(poller: *mut c_void, fd: zmq_fd_t) -> c_int {
    status(|| with(poller, |items| items.remove(descriptor(fd)?)))
}

/// Waits for one event.
///
/// # Safety
/// `event` is null or may be written to.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_poller_wait(
    poller: *mut c_void,
    event: *mut zmq_poller_event_t,
    timeout: c_long,
) -> c_int {
    // SAFETY: the caller promises room for one event, or null, which is refused.
    match unsafe { zmq_poller_wait_all(poller, event, 1, timeout) } {
        1.. => 0,
        failed => {
            // SAFETY: as before.
            if let Some(event) = unsafe { event.as_mut() } {
                *event = zmq_poller_event_t::NOTHING;
            }
            failed
        }
    }
}

/// Waits for events, and returns how many there are, but no more than there is room for.
///
/// # Safety
/// `events` is null or has room for `n_events` events.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_poller_wait_all(
    poller: *mut c_void,
    events: *mut zmq_poller_event_t,
    n_events: c_int,
    timeout: c_long,
) -> c_int {
    blocking(move |nap: &mut Nap| {
        let poller = fetch(poller)?;
        let room = usize::try_from(n_events).map_err(|_| Error::Invalid)?;
        let events = match (events.is_null(), room) {
            (true, 1..) => return Err(Error::Fault),
            (_, 0) => &mut [],
            // SAFETY: the caller promises room for so many, and nobody else uses it meanwhile.
            (false, _) => unsafe { std::slice::from_raw_parts_mut(events, room) },
        };
        // A negative timeout is none.
        let timeout = u64::try_from(timeout).ok().map(Duration::from_millis);
        poller.wait(events, timeout, nap)
    })
}

/// A descriptor that is readable when one of the thread-safe sockets has been told something.
///
/// # Safety
/// `fd` is null or may be written to.
#[no_mangle]
pub unsafe extern "C-unwind" fn zmq_poller_fd(poller: *mut c_void, fd: *mut zmq_fd_t) -> c_int {
    status(|| {
        let found = with(poller, Items::descriptor)?;
        // SAFETY: the caller promises that it is null, or may be written to.
        *unsafe { fd.as_mut() }.ok_or(Error::Fault)? = found;
        Ok(0)
    })
}

fn fetch(poller: *const c_void) -> Result<Arc<Poller>> {
    POLLERS.fetch(poller)
}

/// Acts on what is in a poller.
fn with<T>(poller: *const c_void, act: impl FnOnce(&mut Items) -> Result<T>) -> Result<T> {
    let poller = fetch(poller)?;
    let done = act(&mut poller.items());
    done
}

fn descriptor(fd: zmq_fd_t) -> Result<What> {
    match fd {
        0.. => Ok(What::Descriptor(fd)),
        _ => Err(Error::Os(libc::EBADF)),
    }
}

impl Poller {
    fn items(&self) -> MutexGuard<'_, Items> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Other threads may change the set meanwhile: it is looked at anew after each sleep.
    fn wait(
        &self,
        events: &mut [zmq_poller_event_t],
        timeout: Option<Duration>,
        nap: &mut Nap,
    ) -> Result<c_int> {
        let mut items: Vec<Item> = Vec::new();
        let mut polled = Vec::new();
        {
            let all = self.items();
            let wanted = all.items.iter().filter(|item| item.events != 0);
            items.try_reserve_exact(all.items.len()).map_err(|_| Error::NoMemory)?;
            polled.try_reserve_exact(all.items.len()).map_err(|_| Error::NoMemory)?;
            items.extend(wanted);
        }
        if items.is_empty() && timeout.is_none() {
            // Nobody would ever end this.
            return Err(Error::Fault);
        }
        for item in &items {
            polled.push(match item.what {
                What::Socket(socket) => PollItem::socket(find(socket)?, item.events),
                What::Descriptor(fd) => PollItem::descriptor(fd, item.events),
            });
        }
        let found = poll_or_nap(&mut polled, timeout, nap)?;
        if found == 0 {
            return Err(Error::Again);
        }
        let ready = items.iter().zip(&polled).filter(|(_, polled)| polled.revents != 0);
        let mut told = 0;
        for (event, (item, polled)) in events.iter_mut().zip(ready) {
            let (socket, fd) = match item.what {
                What::Socket(socket) => (socket, NO_FD),
                What::Descriptor(fd) => (ptr::null_mut(), fd),
            };
            *event = zmq_poller_event_t {
                socket,
                fd,
                user_data: item.user_data,
                events: polled.revents,
            };
            told += 1;
        }
        events[told..].fill_with(|| zmq_poller_event_t::NOTHING);
        Ok(size(told))
    }
}

impl Items {
    fn add(&mut self, item: Item) -> Result<c_int> {
        check(item.events)?;
        if self.position(item.what).is_ok() {
            return Err(Error::Invalid);
        }
        self.items.try_reserve(1).map_err(|_| Error::NoMemory)?;
        if let Some(told) = &self.told {
            watch(told, item.what)?;
        }
        self.items.push(item);
        Ok(0)
    }

    fn modify(&mut self, what: What, events: c_short) -> Result<c_int> {
        check(events)?;
        let index = self.position(what)?;
        self.items[index].events = events;
        Ok(0)
    }

    fn remove(&mut self, what: What) -> Result<c_int> {
        let index = self.position(what)?;
        self.items.remove(index);
        if let (Some(told), Some(Ok(fd))) = (&self.told, shared(what).map(signal_fd)) {
            told.remove(fd);
        }
        Ok(0)
    }

    fn position(&self, what: What) -> Result<usize> {
        self.items.iter().position(|item| item.what == what).ok_or(Error::Invalid)
    }

    /// The descriptor that is readable when a socket was told something.
    fn descriptor(&mut self) -> Result<zmq_fd_t> {
        if !self.items.iter().any(|item| shared(item.what).is_some()) {
            return Err(Error::Invalid);
        }
        if self.told.is_none() {
            let told = Epoll::new()?;
            self.items.iter().try_for_each(|item| watch(&told, item.what))?;
            self.told = Some(told);
        }
        self.told.as_ref().map(|told| told.fd()).ok_or(Error::Invalid)
    }
}

fn check(events: c_short) -> Result<()> {
    match events & !ALL_EVENTS {
        0 => Ok(()),
        _ => Err(Error::Invalid),
    }
}

/// The socket, if several threads may use it.
fn shared(what: What) -> Option<&'static RawSocket> {
    match what {
        What::Socket(socket) => {
            let socket = find(socket).ok()?;
            socket.with(|core| Ok(core.is_thread_safe())).ok()?.then_some(socket)
        }
        What::Descriptor(_) => None,
    }
}

fn signal_fd(socket: &RawSocket) -> Result<zmq_fd_t> {
    socket.with(|core| Ok(core.signal_fd()))
}

fn watch(told: &Epoll, what: What) -> Result<()> {
    match shared(what).map(signal_fd).transpose()? {
        Some(fd) if !told.add(fd, 0) => Err(Error::NoMemory),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::{zmq_ctx_new, zmq_ctx_term};
    use crate::socket::{zmq_bind, zmq_close, zmq_connect, zmq_recv, zmq_send, zmq_socket};
    use crate::util::zmq_errno;
    use zeroxide::internal::options::ids;

    fn connected(context: *mut c_void, types: [c_int; 2]) -> [*mut c_void; 2] {
        let sockets = types.map(|kind| zmq_socket(context, kind));
        // SAFETY: C strings.
        unsafe {
            assert_eq!(zmq_bind(sockets[0], c"inproc://polled".as_ptr()), 0);
            assert_eq!(zmq_connect(sockets[1], c"inproc://polled".as_ptr()), 0);
        }
        sockets
    }

    fn wait(
        poller: *mut c_void,
        room: usize,
        timeout: c_long,
    ) -> Result<Vec<(usize, c_short)>, c_int> {
        let mut events: Vec<_> = (0..room).map(|_| zmq_poller_event_t::NOTHING).collect();
        let to = events.as_mut_ptr();
        // SAFETY: so many events.
        let found = unsafe { zmq_poller_wait_all(poller, to, room as c_int, timeout) };
        match usize::try_from(found) {
            Ok(found) => {
                let told = |event: &zmq_poller_event_t| (event.user_data.addr(), event.events);
                Ok(events[..found].iter().map(told).collect())
            }
            Err(_) => Err(zmq_errno()),
        }
    }

    fn send(socket: *mut c_void) {
        // SAFETY: a buffer and its size.
        assert_eq!(unsafe { zmq_send(socket, c"x".as_ptr().cast(), 1, 0) }, 1);
    }

    fn recv(socket: *mut c_void) {
        let mut buffer = [0u8; 4];
        // SAFETY: a buffer and its size.
        assert_eq!(unsafe { zmq_recv(socket, buffer.as_mut_ptr().cast(), 4, 0) }, 1);
    }

    #[test]
    fn it_tells_of_what_is_ready() {
        let (context, mut poller) = (zmq_ctx_new(), zmq_poller_new());
        let [one, other] = connected(context, [ids::CHANNEL, ids::CHANNEL]);
        let data = |number| ptr::without_provenance_mut(number);
        assert_eq!(zmq_poller_add(poller, one, data(1), POLLIN), 0);
        assert_eq!(zmq_poller_add(poller, other, data(2), POLLIN | POLLOUT), 0);
        assert_eq!((zmq_poller_size(poller), zmq_poller_add(poller, one, data(3), 0)), (2, -1));
        assert_eq!(wait(poller, 2, 1000), Ok(vec![(2, POLLOUT)]));
        send(other);
        assert_eq!(wait(poller, 2, 1000), Ok(vec![(1, POLLIN), (2, POLLOUT)]));
        assert_eq!(wait(poller, 1, 1000), Ok(vec![(1, POLLIN)]));
        recv(one);
        assert_eq!(zmq_poller_modify(poller, other, 0), 0);
        assert_eq!(wait(poller, 2, 10), Err(libc::EAGAIN));
        assert_eq!(zmq_poller_remove(poller, one), 0);
        assert_eq!(wait(poller, 2, -1), Err(libc::EFAULT), "for ever");
        // SAFETY: a pointer to a handle.
        assert_eq!(unsafe { zmq_poller_destroy(&mut poller) }, 0);
        assert!(poller.is_null());
        assert_eq!((zmq_poller_size(poller), zmq_errno()), (-1, libc::EFAULT));
        for socket in [one, other] {
            assert_eq!(zmq_close(socket), 0);
        }
        assert_eq!(zmq_ctx_term(context), 0);
    }

    #[test]
    fn its_descriptor_is_readable_when_a_socket_was_told_something() {
        let (context, mut poller) = (zmq_ctx_new(), zmq_poller_new());
        let [one, other] = connected(context, [ids::CHANNEL, ids::CHANNEL]);
        let mut fd = 0;
        // SAFETY: an int.
        assert_eq!(unsafe { zmq_poller_fd(poller, &mut fd) }, -1);
        assert_eq!(zmq_errno(), libc::EINVAL);
        assert_eq!(zmq_poller_add(poller, one, ptr::null_mut(), POLLIN), 0);
        // SAFETY: an int.
        assert_eq!(unsafe { zmq_poller_fd(poller, &mut fd) }, 0);
        while wait(poller, 1, 0).is_ok() {}
        let is_readable = |timeout| {
            let mut entry = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
            // SAFETY: one entry.
            unsafe { libc::poll(&mut entry, 1, timeout) == 1 }
        };
        assert!(!is_readable(0));
        send(other);
        assert!(is_readable(1000));
        assert_eq!(wait(poller, 1, 0), Ok(vec![(0, POLLIN)]));
        recv(one);
        assert!(!is_readable(0));
        // SAFETY: a pointer to a handle.
        assert_eq!(unsafe { zmq_poller_destroy(&mut poller) }, 0);
        for socket in [one, other] {
            assert_eq!(zmq_close(socket), 0);
        }
        assert_eq!(zmq_ctx_term(context), 0);
    }
}
