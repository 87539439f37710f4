//! What was measured, for people and for programs.
#![forbid(unsafe_code)]

use crate::cli::ReportFormat;
use crate::failure::Outcome;
use crate::live::{grouped, rate};
use serde_json::json;
use std::time::Duration;

/// In thousandths, and how they are called.
const PERCENTILES: [(usize, &str); 5] =
    [(500, "p50"), (900, "p90"), (990, "p99"), (999, "p99.9"), (1000, "max")];

pub(super) fn throughput(count: u64, size: usize, time: Duration, format: ReportFormat) -> Outcome {
    // The clock begins with the first message.
    let messages = rate(count.saturating_sub(1), time);
    let megabytes = messages * size as f64 / 1e6;
    let text = match format {
        ReportFormat::Text => format!(
            "{} messages of {size} bytes in {:.3} s: {} messages/s, {megabytes:.1} MB/s\n",
            grouped(count),
            time.as_secs_f64(),
            grouped(messages as u64),
        ),
        ReportFormat::Json => {
            let report = json!({
                "test": "throughput",
                "messages": count,
                "size": size,
                "seconds": time.as_secs_f64(),
                "messages_per_second": messages,
                "megabytes_per_second": megabytes,
            });
            format!("{report}\n")
        }
    };
    crate::print(text.as_bytes())
}

/// Of sorted times of round trips, in nanoseconds.
pub(super) fn latency(times: &[u64], size: usize, format: ReportFormat) -> Outcome {
    let micros = |nanos: u64| nanos as f64 / 1e3;
    let sum: u128 = times.iter().map(|time| u128::from(*time)).sum();
    let mean = sum as f64 / times.len().max(1) as f64 / 1e3;
    let least = times.first().map_or(0.0, |time| micros(*time));
    let percentiles =
        PERCENTILES.map(|(thousandth, name)| (name, micros(percentile(times, thousandth))));
    let text = match format {
        ReportFormat::Text => {
            let mut text = format!(
                "{} round trips of {size} bytes, in microseconds:\nmin {least:.1}, mean {mean:.1}",
                grouped(times.len() as u64)
            );
            for (name, value) in percentiles {
                text.push_str(&format!(", {name} {value:.1}"));
            }
            text + "\n"
        }
        ReportFormat::Json => {
            let mut report = json!({
                "test": "latency",
                "round_trips": times.len(),
                "size": size,
                "unit": "us",
                "min": least,
                "mean": mean,
            });
            for (name, value) in percentiles {
                report[name] = value.into();
            }
            format!("{report}\n")
        }
    };
    crate::print(text.as_bytes())
}

/// The least time that so many thousandths of all do not exceed.
fn percentile(times: &[u64], thousandth: usize) -> u64 {
    let rank = (times.len() * thousandth).div_ceil(1000).max(1);
    times.get(rank - 1).copied().unwrap_or_default()
}

/// For people only.
pub(super) fn note(format: ReportFormat, text: &str) -> Outcome {
    match format {
        ReportFormat::Text => crate::print(text.as_bytes()),
        ReportFormat::Json => Ok(()),
    }
}
