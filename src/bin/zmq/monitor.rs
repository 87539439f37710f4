//! `zmq monitor`: a socket that does nothing but tell what happens to its connections.
#![forbid(unsafe_code)]

use crate::cli::{MonitorArgs, ReportFormat};
use crate::ends::Ends;
use crate::failure::{Failure, Outcome};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};
use zeroxide::{Error, Event, EventKind, Events, Monitor};

pub fn monitor(args: &MonitorArgs) -> Outcome {
    let ends = Ends::unattached(&args.socket, args.socket_type, |_| Ok(()))?;
    let result = watch(&ends, args);
    match ends.finish(result) {
        Err(Failure::Stopped(_)) if args.count.is_none() => Ok(()),
        result => result,
    }
}

fn watch(ends: &Ends, args: &MonitorArgs) -> Outcome {
    let monitor = ends.socket.monitor();
    let monitor = monitor.map_err(|error| Failure::of(error, "cannot watch the socket"))?;
    let attached = ends.attach(&args.socket);
    if attached.is_err() {
        // What there is to be told about it comes first.
        while let Ok(event) = monitor.try_recv() {
            print(&event, args.output)?;
        }
        return attached;
    }
    ends.stop.watch_output();
    for _ in 0..args.count.unwrap_or(u64::MAX) {
        let event = next(ends, &monitor, args)?;
        print(&event, args.output)?;
    }
    Ok(())
}

fn next(ends: &Ends, monitor: &Monitor, args: &MonitorArgs) -> Result<Event, Failure> {
    loop {
        match monitor.try_recv() {
            Ok(event) => return Ok(event),
            Err(Error::Again) => {}
            Err(Error::Interrupted) => continue,
            Err(error) => return Err(Failure::of(error, "cannot watch the socket")),
        }
        if !ends.stop.wait_for(monitor.socket(), Events::IN, args.socket.timeout)? {
            return Err(ends.too_late("nothing happened"));
        }
    }
}

fn print(event: &Event, format: ReportFormat) -> Outcome {
    let (name, value) = meaning(event);
    let line = match format {
        ReportFormat::Text => format!("{:<26} {:<32} {value}", event.kind, event.endpoint),
        ReportFormat::Json => {
            let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let mut line = json!({
                "event": event.kind.name(),
                "endpoint": event.endpoint,
                "value": event.value,
                "time": (time.as_secs_f64() * 1e6).round() / 1e6,
            });
            if !value.is_empty() {
                line[name] = value.into();
            }
            line.to_string()
        }
    };
    crate::print(format!("{}\n", line.trim_end()).as_bytes())
}

/// What the value is, and the value in words.
fn meaning(event: &Event) -> (&'static str, String) {
    use EventKind::*;
    let value = event.value;
    match event.kind {
        Connected | Listening | Accepted | Closed | Disconnected => {
            ("descriptor", format!("descriptor {value}"))
        }
        ConnectRetried => ("wait", format!("again in {value} ms")),
        BindFailed | AcceptFailed | CloseFailed | HandshakeFailedNoDetail => {
            ("error", Error::describe(value))
        }
        HandshakeFailedProtocol => ("protocol_error", format!("protocol error {value:#x}")),
        HandshakeFailedAuth => ("status", format!("status {value}")),
        _ => ("detail", String::new()),
    }
}
