//! `zmq proxy`: the three devices. The proxy runs in a thread of its own, and tells through its control socket what
//! goes through it.
#![forbid(unsafe_code)]

use crate::cli::{Device, ProxyArgs, ReportFormat};
use crate::ends;
use crate::failure::{Failure, Outcome};
use crate::live::{grouped, rate, Live};
use crate::stop::Stop;
use serde_json::json;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use zeroxide::{proxy_steerable, Context, Error, Multipart, Socket, SocketType};

const CONTROL: &str = "inproc://control";

pub fn proxy(args: &ProxyArgs) -> Outcome {
    let stop = Stop::new()?;
    let failed = |error| Failure::of(error, "cannot make the proxy");
    let context = Context::new().map_err(failed)?;
    let (front_type, back_type) = types(args.device);
    let frontend = socket(&context, front_type, args)?;
    let backend = socket(&context, back_type, args)?;
    let capture = match &args.capture {
        Some(endpoint) => {
            let capture = socket(&context, SocketType::Pub, args)?;
            ends::bind(&capture, std::slice::from_ref(endpoint), args.verbose)?;
            Some(capture)
        }
        None => None,
    };
    let control = context.socket(SocketType::Rep).map_err(failed)?;
    control.bind(CONTROL).map_err(failed)?;
    let steering = context.socket(SocketType::Req).map_err(failed)?;
    steering.connect(CONTROL).map_err(failed)?;
    ends::bind(&frontend, &args.frontend.frontend, args.verbose)?;
    ends::connect(&frontend, &args.frontend.frontend_connect, args.verbose)?;
    ends::bind(&backend, &args.backend.backend, args.verbose)?;
    ends::connect(&backend, &args.backend.backend_connect, args.verbose)?;

    let work = move || proxy_steerable(&frontend, &backend, capture.as_ref(), Some(&control));
    let thread = thread::Builder::new().name("proxy".into()).spawn(work);
    let thread = thread.map_err(|error| Failure::of_io(&error, "cannot start the proxy"))?;
    let started = Instant::now();
    let result = watch(&stop, &steering, &thread, args);
    stop.forget();
    let traffic = ask(&steering).and_then(|traffic| tell(&steering, "TERMINATE").map(|_| traffic));
    drop(steering);
    // Ends it also when it does not listen.
    context.shutdown();
    let ended = thread.join().unwrap_or(Err(Error::Protocol));
    result?;
    let delivered = ends::end(context, &stop, Some(args.linger));
    let traffic = traffic.and_then(|traffic| ended.map(|()| traffic));
    let traffic = traffic.map_err(|error| Failure::of(error, "the proxy failed"))?;
    report(&traffic, started.elapsed(), args.output)?;
    match delivered? {
        true => Ok(()),
        false => Err(Failure::Timeout(format!("not all was delivered within {:?}", args.linger))),
    }
}

fn types(device: Device) -> (SocketType, SocketType) {
    match device {
        Device::Queue => (SocketType::Router, SocketType::Dealer),
        Device::Forwarder => (SocketType::XSub, SocketType::XPub),
        Device::Streamer => (SocketType::Pull, SocketType::Push),
    }
}

fn socket(context: &Context, socket_type: SocketType, args: &ProxyArgs) -> Result<Socket, Failure> {
    let make = || {
        let socket = context.socket(socket_type)?;
        socket.set_linger(Some(args.linger))?;
        socket.set_ipv6(args.ipv6)?;
        if let Some(hwm) = args.hwm {
            socket.set_send_hwm(hwm)?;
            socket.set_recv_hwm(hwm)?;
        }
        Ok(socket)
    };
    make().map_err(|error| Failure::of(error, format!("cannot make the {socket_type} socket")))
}

/// Until a signal: then it is fine.
fn watch(
    stop: &Stop,
    steering: &Socket,
    thread: &JoinHandle<zeroxide::Result<()>>,
    args: &ProxyArgs,
) -> Outcome {
    let mut live = Live::new(args.interval);
    let mut last = Traffic::default();
    let look = args.interval.clamp(Duration::from_millis(50), Duration::from_secs(1));
    loop {
        match stop.pause(look) {
            Ok(()) => {}
            Err(Failure::Stopped(_)) => return Ok(()),
            Err(failure) => return Err(failure),
        }
        if thread.is_finished() {
            return Ok(());
        }
        live.update(|time| match ask(steering) {
            Ok(now) => {
                let line = now.since(&last).line(&now, time);
                last = now;
                line
            }
            Err(_) => "the proxy does not answer".into(),
        });
    }
}

/// Message parts and bytes.
#[derive(Clone, Copy, Default)]
struct Traffic {
    /// From the frontend, on to the backend.
    forth: [u64; 2],
    /// From the backend, on to the frontend.
    back: [u64; 2],
}

impl Traffic {
    fn since(&self, before: &Self) -> Self {
        let less = |now: [u64; 2], before: [u64; 2]| {
            [now[0].saturating_sub(before[0]), now[1].saturating_sub(before[1])]
        };
        Self { forth: less(self.forth, before.forth), back: less(self.back, before.back) }
    }

    fn line(&self, all: &Self, time: Duration) -> String {
        let side = |[parts, bytes]: [u64; 2]| {
            format!(
                "{} parts/s, {:.1} MB/s",
                grouped(rate(parts, time) as u64),
                rate(bytes, time) / 1e6
            )
        };
        let total = grouped(all.forth[0] + all.back[0]);
        format!("-> {}   <- {}   {total} parts in all", side(self.forth), side(self.back))
    }
}

/// How long the proxy may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

fn ask(steering: &Socket) -> zeroxide::Result<Traffic> {
    parse(&tell(steering, "STATISTICS")?).ok_or(Error::Protocol)
}

/// A command, and its answer.
fn tell(steering: &Socket, command: &str) -> zeroxide::Result<Multipart> {
    steering.set_recv_timeout(Some(ANSWER))?;
    steering.set_send_timeout(Some(ANSWER))?;
    steering.send(command)?;
    loop {
        match steering.recv_multipart() {
            // A signal is dealt with afterwards: the answer comes at once.
            Err(Error::Interrupted) => {}
            result => return result,
        }
    }
}

/// Eight numbers: parts and bytes, that each side received and sent.
fn parse(answer: &Multipart) -> Option<Traffic> {
    let number = |index: usize| Some(u64::from_ne_bytes(answer.get(index)?[..].try_into().ok()?));
    Some(Traffic { forth: [number(0)?, number(1)?], back: [number(4)?, number(5)?] })
}

fn report(traffic: &Traffic, time: Duration, format: ReportFormat) -> Outcome {
    let ([forth, forth_bytes], [back, back_bytes]) = (traffic.forth, traffic.back);
    let text = match format {
        ReportFormat::Text => format!(
            "frontend to backend: {} message parts, {} bytes\nbackend to frontend: {} message parts, {} bytes\n",
            grouped(forth),
            grouped(forth_bytes),
            grouped(back),
            grouped(back_bytes)
        ),
        ReportFormat::Json => {
            let side = |parts: u64, bytes: u64| json!({ "parts": parts, "bytes": bytes });
            let report = json!({
                "frontend_to_backend": side(forth, forth_bytes),
                "backend_to_frontend": side(back, back_bytes),
                "seconds": time.as_secs_f64(),
            });
            format!("{report}\n")
        }
    };
    crate::print(text.as_bytes())
}
