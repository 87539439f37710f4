//! Measures our `libzmq.so.5` side by side with the reference that `compat-tests` builds: the same C
//! programs in processes of their own, one library after the other in turns, only the library differs.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`rows`] | what is measured, and what is aimed at |
//! | [`measure`] | builds the programs and runs one measurement |
//! | [`statistics`] | medians, and ratios pair by pair |
//! | [`report`], [`chart`] | Markdown, tab-separated values, SVG |
//! | [`peers`] | other packages: libraries with the same C API, and programs of our own on those without |
//! | [`machine`] | the machine and the day |
#![forbid(unsafe_code)]

mod chart;
mod machine;
mod measure;
mod peers;
mod report;
mod rows;
mod statistics;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use compat_tests::library::Library;
use compat_tests::{work, Result};

use measure::Side;
use report::Outcome;

const USAGE: &str = "\
Measures our libzmq.so.5 side by side with the reference.

  --quick         fewer rows, 3 short pairs, done in two minutes
  --rows FILTER   only rows that have all these words; commas separate alternatives:
                  --rows 'push-pull tcp 64B,req-rep 1B core'
  --pairs N       pairs of measurements (7)
  --seconds S     how long to measure each time (0.4)
  --limit S       start no further measurement after so many seconds
  --peers         build and measure omq-libzmq, rzmq and zeromq as well
  --peer NAME=DIR measure the libzmq.so.5 in a folder as well; may be repeated
  --out DIR       where report.md, chart.svg and measurements.tsv go (target/bench)
  --check         fail if ours is behind the reference in any row
  --list          name the rows and stop";

struct Arguments {
    quick: bool,
    filter: Option<String>,
    pairs: usize,
    seconds: f64,
    limit: Option<Duration>,
    peers: Vec<Side>,
    build_peers: bool,
    out: PathBuf,
    check: bool,
    list: bool,
}

fn main() -> ExitCode {
    match arguments(std::env::args().skip(1))
        .and_then(|given| given.map_or(Ok(true), |given| run(&given)))
    {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("zeroxide-bench: {error}");
            ExitCode::from(2)
        }
    }
}

/// Reads the command line; nothing is left to do after `--help`.
fn arguments(mut words: impl Iterator<Item = String>) -> Result<Option<Arguments>> {
    let target = work::root().parent().unwrap_or(Path::new("target"));
    let (mut pairs, mut seconds, mut limit) = (None, None, None);
    let mut given = Arguments {
        quick: false,
        filter: None,
        pairs: 7,
        seconds: 0.4,
        limit: None,
        peers: Vec::new(),
        build_peers: false,
        out: target.join("bench"),
        check: false,
        list: false,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} takes a value"));
        match word.as_str() {
            "--quick" => given.quick = true,
            "--check" => given.check = true,
            "--list" => given.list = true,
            "--rows" => given.filter = Some(value()?),
            "--pairs" => pairs = Some(number(&word, &value()?)?),
            "--seconds" => seconds = Some(number(&word, &value()?)?),
            "--limit" => limit = Some(number(&word, &value()?)?),
            "--peers" => given.build_peers = true,
            "--peer" => given.peers.push(Side::peer(&value()?)?),
            "--out" => given.out = PathBuf::from(value()?),
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(None);
            }
            _ => return Err(format!("{word} is unknown\n{USAGE}")),
        }
    }
    if given.quick {
        given.pairs = 3;
        given.seconds = 0.2;
        limit = limit.or(Some(110.0));
    }
    given.pairs = pairs.map_or(given.pairs, |pairs| (pairs as usize).max(1));
    given.seconds = seconds.unwrap_or(given.seconds);
    given.limit = limit.map(Duration::from_secs_f64);
    Ok(Some(given))
}

fn number(option: &str, text: &str) -> Result<f64> {
    let number = text.parse().ok().filter(|number| (1e-3..1e6).contains(number));
    number.ok_or(format!("{option} takes a positive number, not {text:?}"))
}

/// True if all is well.
fn run(given: &Arguments) -> Result<bool> {
    let rows = rows::chosen(given.filter.as_deref(), given.quick);
    if rows.is_empty() {
        return Err("no row has these words; --list names them".to_owned());
    }
    if given.list {
        rows.iter().for_each(|(_, row)| println!("{}", row.name()));
        return Ok(true);
    }
    let mut sides = vec![Side::of(Library::Reference)?, Side::of(Library::Ours)?];
    if given.build_peers {
        sides.extend(peers::build()?);
    }
    sides.extend(given.peers.iter().cloned());
    measure::build()?;
    let machine = machine::description();
    let new = |(section, row)| Outcome::new(section, row, sides.len());
    let mut outcomes: Vec<_> = rows.into_iter().map(new).collect();
    measure_all(given, &sides, &mut outcomes);
    write_reports(given, &sides, &outcomes, &machine)?;
    Ok(conclusion(given, &outcomes))
}

/// All rows once, then all rows again: what disturbs the machine for a while does not spoil one row.
fn measure_all(given: &Arguments, sides: &[Side], outcomes: &mut [Outcome]) {
    let start = Instant::now();
    for pass in 0..given.pairs {
        for outcome in &mut *outcomes {
            if given.limit.is_some_and(|limit| start.elapsed() >= limit) {
                eprintln!("time is up in pass {} of {}", pass + 1, given.pairs);
                return;
            }
            measure_row(given, sides, outcome, pass);
            eprintln!("{}/{} {}", pass + 1, given.pairs, report::progress(outcome, sides));
        }
    }
}

fn measure_row(given: &Arguments, sides: &[Side], outcome: &mut Outcome, pass: usize) {
    let mut order: Vec<usize> = (0..sides.len()).collect();
    if pass % 2 == 1 {
        order.reverse();
    }
    for which in order {
        let run = measure::run(&outcome.row, &sides[which], given.seconds);
        outcome.sides[which].extend(run);
    }
    outcome.raw.extend(measure::run_raw(&outcome.row, given.seconds));
}

fn write_reports(
    given: &Arguments,
    sides: &[Side],
    outcomes: &[Outcome],
    machine: &str,
) -> Result<()> {
    let markdown = report::markdown(outcomes, sides, machine);
    println!("{markdown}");
    let files = [
        ("report.md", markdown),
        ("chart.svg", chart::svg(outcomes, machine)),
        ("measurements.tsv", report::measurements(outcomes, sides)),
    ];
    let failed = |error| format!("{}: {error}", given.out.display());
    fs::create_dir_all(&given.out).map_err(failed)?;
    for (name, content) in files {
        fs::write(given.out.join(name), content).map_err(failed)?;
    }
    eprintln!("report.md, chart.svg and measurements.tsv are in {}", given.out.display());
    Ok(())
}

fn conclusion(given: &Arguments, outcomes: &[Outcome]) -> bool {
    if let Some(overall) = report::overall(outcomes) {
        let (median, least, most) = (overall.median, overall.least, overall.most);
        eprintln!("{median:.2} times better over all rows ({least:.2} to {most:.2})");
    }
    let behind = report::behind(outcomes);
    if !behind.is_empty() {
        eprintln!("behind the reference: {}", behind.join(", "));
    }
    let failed = outcomes.iter().filter(|outcome| outcome.has_failed()).count();
    if failed > 0 {
        eprintln!("{failed} rows have measurements that failed on our library");
    }
    failed == 0 && (behind.is_empty() || !given.check)
}
