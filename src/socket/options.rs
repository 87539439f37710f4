//! Setting and reading the options of a socket: its pattern's own, its state, and the table.
#![forbid(unsafe_code)]

use super::Core;
use crate::error::{Error, Result};
use crate::options::{ids, put, put_text};

impl Core {
    /// `zmq_setsockopt`.
    pub fn set_option(&mut self, id: i32, value: &[u8]) -> Result<()> {
        self.enter()?;
        if let Some(result) = self.pattern.set_option(&mut self.links, id, value) {
            self.leave();
            return result;
        }
        self.options.set(id, value)?;
        self.option_changed(id);
        Ok(())
    }

    /// `zmq_setsockopt` with a null pointer of length 0.
    pub fn clear_option(&mut self, id: i32) -> Result<()> {
        self.enter()?;
        if let Some(result) = self.pattern.set_option(&mut self.links, id, &[]) {
            self.leave();
            return result;
        }
        self.options.set_null(id)
    }

    /// May several threads use it at once, for messages that have one part by nature?
    pub fn is_thread_safe(&self) -> bool {
        self.socket_type.facts().is_thread_safe
    }

    /// A descriptor that is readable when the socket was told something, as that of `ZMQ_FD` is for
    /// socket types that have it.
    pub fn signal_fd(&mut self) -> i32 {
        self.release_claims();
        self.mailbox.share_fd()
    }

    fn option_changed(&mut self, id: i32) {
        match id {
            ids::LINGER => self.mailbox.set_linger(self.options.linger),
            ids::SNDHWM | ids::RCVHWM => {
                for id in self.links.ids() {
                    if let Some(link) = self.links.get_mut(id) {
                        link.set_limits(self.options.sndhwm, self.options.rcvhwm);
                    }
                }
            }
            _ => {}
        }
    }

    /// `zmq_getsockopt`: writes the value and returns its length.
    pub fn option(&mut self, id: i32, out: &mut [u8]) -> Result<usize> {
        self.check()?;
        if let Some(value) = self.pattern.option(id) {
            return put(out, &value?);
        }
        match id {
            ids::RCVMORE => put(out, &i32::from(self.more).to_ne_bytes()),
            ids::FD if self.is_thread_safe() => Err(Error::Invalid),
            ids::FD => put(out, &self.signal_fd().to_ne_bytes()),
            ids::EVENTS => put(out, &i32::from(self.events_by_now()?).to_ne_bytes()),
            ids::THREAD_SAFE => put(out, &i32::from(self.is_thread_safe()).to_ne_bytes()),
            ids::LAST_ENDPOINT => put_text(out, self.endpoints.last.as_bytes()),
            _ => self.options.get(id, out),
        }
    }
}
