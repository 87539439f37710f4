//! `inproc`: between sockets of one context. Here is its name only: nothing leaves the process, so
//! the socket layer ties both sides together itself.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};

use super::{Failed, Listener, Lookup, Target, Transport, TransportOptions};

pub(super) struct Inproc;

impl Transport for Inproc {
    fn name(&self) -> &'static str {
        "inproc"
    }

    /// Every name will do; the manual's limit of 256 characters was never enforced, and programs
    /// live on that.
    fn check_connect(&self, _address: &str) -> Result<()> {
        Ok(())
    }

    fn bind(&self, _address: &str, _options: &TransportOptions) -> Result<Listener, Failed> {
        Err(Error::NotSupported.into())
    }

    fn target(
        &self,
        _address: &str,
        _options: &TransportOptions,
        _lookup: Lookup,
    ) -> Result<Option<Target>> {
        Err(Error::NotSupported)
    }
}
