//! The C API of ZeroMQ.
