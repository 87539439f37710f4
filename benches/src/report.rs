//! The report: a Markdown table for each section, and every single measurement as a file of tabs.

use std::fmt::Write;

use compat_tests::Result;

use crate::measure::{Side, Values};
use crate::rows::{Better, Metric, Row, Section, Unit};
use crate::statistics::{ratios, spread, values, Spread};

/// A row and what was measured so far: a list of runs for each side, all of one length, but for those of
/// peers that cannot do it, which stay empty.
pub struct Outcome {
    pub section: &'static Section,
    pub row: Row,
    pub sides: Vec<Vec<Result<Values>>>,
    pub raw: Vec<Result<Values>>,
}

/// The places of these two in the lists of sides. Others may follow.
pub const REFERENCE: usize = 0;
pub const OURS: usize = 1;

impl Outcome {
    pub fn new(section: &'static Section, row: Row, sides: usize) -> Outcome {
        Outcome { section, row, sides: vec![Vec::new(); sides], raw: Vec::new() }
    }

    /// How many times better ours is; less than one if it is worse.
    pub fn gain(&self) -> Option<Spread> {
        let metric = self.section.metrics.first()?;
        let ratio = ratios(&self.sides[OURS], &self.sides[REFERENCE], metric.name)?;
        Some(match metric.better {
            Better::Higher => ratio,
            Better::Lower => Spread {
                median: 1.0 / ratio.median,
                least: 1.0 / ratio.most,
                most: 1.0 / ratio.least,
            },
        })
    }

    /// Did a run on our library fail?
    pub fn has_failed(&self) -> bool {
        self.sides[OURS].iter().any(Result::is_err)
    }
}

/// Says what the last pair of a row was like, in a line.
pub fn progress(outcome: &Outcome, sides: &[Side]) -> String {
    let mut line = outcome.row.name();
    let metric = outcome.section.metrics[0];
    for (side, runs) in sides.iter().zip(&outcome.sides) {
        let text = match runs.last() {
            Some(Ok(found)) => found.get(metric.name).map(|value| quantity(*value, metric.unit)),
            Some(Err(error)) => Some(error.clone()),
            None => None,
        };
        let _ = write!(line, ", {} {}", side.name, text.unwrap_or("nothing".to_owned()));
    }
    line
}

pub fn markdown(outcomes: &[Outcome], sides: &[Side], machine: &str) -> String {
    let mut text = format!("# Side by side\n\n{machine}.\n\n");
    text.push_str(
        "Each cell: the reference, ours, and ours divided by the reference (median of the pairs, \
         least to most; and the ratio that is aimed at, where there is one). *split*: one \
         processor for each side, *core*: one for all, *free*: as the kernel likes.\n",
    );
    let mut failures = Vec::new();
    let mut rest = outcomes;
    while let Some(first) = rest.first() {
        let same = |outcome: &Outcome| outcome.section.name == first.section.name;
        let length = rest.iter().take_while(|outcome| same(outcome)).count();
        let (rows, others) = rest.split_at(length);
        rest = others;
        section_table(&mut text, first.section, rows, sides);
        rows.iter().for_each(|outcome| collect_failures(&mut failures, outcome, sides));
    }
    if !failures.is_empty() {
        text.push_str("\n## Failed measurements\n\n");
        failures.iter().for_each(|failure| text += failure);
    }
    text
}

fn section_table(text: &mut String, section: &Section, rows: &[Outcome], sides: &[Side]) {
    let _ = write!(text, "\n## {}\n\n{}\n\n| row | pairs |", section.title, section.note);
    let mut columns = 2;
    for metric in section.metrics {
        let _ = write!(text, " {} |", metric.title);
        columns += 1;
        for peer in &sides[OURS + 1..] {
            let _ = write!(text, " {} |", peer.name);
            columns += 1;
        }
    }
    if section.raw.is_some() {
        text.push_str(" bare socket; ours divided by it |");
        columns += 1;
    }
    let _ = write!(text, "\n|{}\n", " --- |".repeat(columns));
    for outcome in rows {
        let words = outcome.row.words[1..].join(" ");
        let _ = write!(text, "| {words} | {} |", outcome.sides[OURS].len());
        for metric in section.metrics {
            let _ = write!(text, " {} |", cell(outcome, metric));
            for runs in &outcome.sides[OURS + 1..] {
                let found = values(runs, metric.name);
                let _ = write!(
                    text,
                    " {} |",
                    found.map_or(missing(runs), |found| { quantity(found.median, metric.unit) })
                );
            }
        }
        if let Some(metric) = section.metrics.iter().find(|own| section.raw == Some(own.name)) {
            let _ = write!(text, " {} |", raw_cell(outcome, metric));
        }
        text.push('\n');
    }
}

fn cell(outcome: &Outcome, metric: &Metric) -> String {
    let side = |which: usize| {
        let runs = &outcome.sides[which];
        let found = values(runs, metric.name);
        found.map_or(missing(runs), |found| quantity(found.median, metric.unit))
    };
    let (theirs, ours) = (side(REFERENCE), side(OURS));
    if theirs == NOTHING && ours == NOTHING {
        return NOTHING.to_owned();
    }
    let ratio = ratios(&outcome.sides[OURS], &outcome.sides[REFERENCE], metric.name);
    let Some(ratio) = ratio else {
        return format!("{theirs} → {ours}");
    };
    let mut text = format!("{theirs} → {ours}, {}", ratio_text(ratio));
    if let Some(wanted) = outcome.row.wanted(metric.name) {
        let (sign, reached) = match metric.better {
            Better::Higher => ("≥", ratio.median >= wanted),
            Better::Lower => ("≤", ratio.median <= wanted),
        };
        let _ = write!(text, " {} {sign} {wanted:.2}", if reached { "✓" } else { "✗" });
    }
    text
}

fn raw_cell(outcome: &Outcome, metric: &Metric) -> String {
    if outcome.row.raw.is_none() {
        return NOTHING.to_owned();
    }
    let Some(limit) = values(&outcome.raw, metric.name) else {
        return missing(&outcome.raw);
    };
    let ratio = ratios(&outcome.sides[OURS], &outcome.raw, metric.name);
    let ratio = ratio.map_or(String::new(), |ratio| format!("; {}", ratio_text(ratio)));
    format!("{}{ratio}", quantity(limit.median, metric.unit))
}

const NOTHING: &str = "-";

fn missing(runs: &[Result<Values>]) -> String {
    if runs.iter().any(Result::is_err) { "**failed**" } else { NOTHING }.to_owned()
}

fn ratio_text(ratio: Spread) -> String {
    format!("**{:.2}** ({:.2} to {:.2})", ratio.median, ratio.least, ratio.most)
}

fn collect_failures(failures: &mut Vec<String>, outcome: &Outcome, sides: &[Side]) {
    let named = sides.iter().map(|side| side.name.as_str()).zip(&outcome.sides);
    for (name, runs) in named.chain([("bare socket", &outcome.raw)]) {
        let errors: Vec<_> = runs.iter().filter_map(|run| run.as_ref().err()).collect();
        if let Some(error) = errors.first() {
            let (row, failed, all) = (outcome.row.name(), errors.len(), runs.len());
            failures.push(format!("- {row}, {name}: {failed} of {all} runs; {error}\n"));
        }
    }
}

/// Every measurement by itself.
pub fn measurements(outcomes: &[Outcome], sides: &[Side]) -> String {
    let mut text = "row\tpair\tside\tmetric\tvalue\n".to_owned();
    for outcome in outcomes {
        let named = sides.iter().map(|side| side.name.as_str()).zip(&outcome.sides);
        for (name, runs) in named.chain([("bare socket", &outcome.raw)]) {
            for (pair, run) in runs.iter().enumerate() {
                let start = format!("{}\t{}\t{name}", outcome.row.name(), pair + 1);
                match run {
                    Ok(values) => values.iter().for_each(|(metric, value)| {
                        let _ = writeln!(text, "{start}\t{metric}\t{value}");
                    }),
                    Err(error) => {
                        let _ = writeln!(text, "{start}\tfailed\t{}", error.replace('\n', " "));
                    }
                }
            }
        }
    }
    text
}

/// The rows in which ours is behind, for the end of the output.
pub fn behind(outcomes: &[Outcome]) -> Vec<String> {
    let slower = |outcome: &&Outcome| outcome.gain().is_some_and(|gain| gain.median < 1.0);
    let name = |outcome: &Outcome| {
        let gain = outcome.gain().map_or(0.0, |gain| gain.median);
        format!("{} ({gain:.2})", outcome.row.name())
    };
    outcomes.iter().filter(slower).map(name).collect()
}

/// The gain over many rows in one number, if there are any: the median.
pub fn overall(outcomes: &[Outcome]) -> Option<Spread> {
    spread(outcomes.iter().filter_map(|outcome| outcome.gain().map(|gain| gain.median)))
}

/// A number with three digits and a unit.
pub fn quantity(value: f64, unit: Unit) -> String {
    const RATES: &[(f64, &str)] = &[(1e9, " G/s"), (1e6, " M/s"), (1e3, " k/s"), (0.0, " /s")];
    const TIMES: &[(f64, &str)] = &[(1e9, " s"), (1e6, " ms"), (1e3, " µs"), (0.0, " ns")];
    const BYTES: &[(f64, &str)] = &[(1048576.0, " MiB"), (1024.0, " KiB"), (0.0, " B")];
    let (steps, suffix) = match unit {
        Unit::PerSecond => (RATES, ""),
        Unit::Nanoseconds => (TIMES, ""),
        Unit::Bytes => (BYTES, ""),
        Unit::Load => (TIMES, " a second"),
    };
    let fits = |step: &&(f64, &str)| value.abs() >= step.0;
    let (scale, name) = steps.iter().find(fits).copied().unwrap_or((0.0, ""));
    let scaled = if scale > 0.0 { value / scale } else { value };
    let decimals = match scaled.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{scaled:.decimals$}{name}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Subject;
    use crate::rows::chosen;

    fn sides() -> Vec<Side> {
        let side = |name: &str| Side {
            name: name.to_owned(),
            subject: Subject::Library("/nowhere".into()),
        };
        vec![side("reference"), side("ours")]
    }

    fn outcome(filter: &str, metric: &str, theirs: &[f64], ours: &[f64]) -> Outcome {
        let (section, row) = chosen(Some(filter), false).remove(0);
        let run = |value: &f64| Ok(Values::from([(metric.to_owned(), *value)]));
        let sides = vec![theirs.iter().map(run).collect(), ours.iter().map(run).collect()];
        Outcome { section, row, sides, raw: Vec::new() }
    }

    #[test]
    fn quantities_have_three_digits() {
        assert_eq!(quantity(7_312_345.0, Unit::PerSecond), "7.31 M/s");
        assert_eq!(quantity(68_312.0, Unit::Nanoseconds), "68.3 µs");
        assert_eq!(quantity(28_672.0, Unit::Bytes), "28.0 KiB");
        assert_eq!(quantity(0.0, Unit::Load), "0.00 ns a second");
        assert_eq!(quantity(-2048.0, Unit::Bytes), "-2.00 KiB");
    }

    #[test]
    fn a_gain_is_above_one_when_ours_is_better() {
        let faster = outcome("push-pull tcp 64B send split", "rate", &[1.0, 2.0], &[3.0, 6.0]);
        assert_eq!(faster.gain().map(|gain| gain.median), Some(3.0));
        let quicker = outcome("req-rep tcp 1B core", "p50", &[36.0], &[12.0]);
        assert_eq!(quicker.gain().map(|gain| gain.median), Some(3.0));
        let slower = outcome("req-rep tcp 1B core", "p50", &[10.0], &[20.0]);
        assert_eq!(behind(&[faster, quicker, slower]), ["req-rep tcp 1B core (0.50)"]);
    }

    #[test]
    fn the_table_shows_ratios_and_failures() {
        let mut outcome = outcome("push-pull tcp 64B send split", "rate", &[1e6], &[4e6]);
        outcome.raw.push(Ok(Values::from([("rate".to_owned(), 8e6)])));
        outcome.sides[REFERENCE].push(Err("timed out".to_owned()));
        outcome.sides[OURS].push(Ok(Values::new()));
        let text = markdown(&[outcome], &sides(), "a machine");
        let row =
            "| tcp 64B send split | 2 | 1.00 M/s → 4.00 M/s, **4.00** (4.00 to 4.00) ✓ ≥ 3.00 | \
                   **failed** → - | 8.00 M/s; **0.50** (0.50 to 0.50) |";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("- push-pull tcp 64B send split, reference: 1 of 2 runs; timed out"));
    }
}
