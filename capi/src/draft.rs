//! libzmq's DRAFT API: in every build; `zmq.h` declares it under `ZMQ_BUILD_DRAFT_API`.

pub mod constants;
pub mod ctx;
pub mod msg;
pub mod poll;
pub mod poller;
pub mod socket;

#[cfg(test)]
mod tests;
