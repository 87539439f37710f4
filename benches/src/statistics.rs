//! Medians and ratios. A ratio is formed within a pair, whose two measurements were made right after
//! each other, so that what the machine did meanwhile touches both.

use compat_tests::Result;

use crate::measure::Values;

/// The middle of several measurements, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

/// The spread of some numbers, if there are any.
pub fn spread(numbers: impl IntoIterator<Item = f64>) -> Option<Spread> {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    let (least, most) = (*numbers.first()?, *numbers.last()?);
    let middle = numbers.len() / 2;
    let median = if numbers.len() % 2 == 0 {
        (numbers[middle - 1] + numbers[middle]) / 2.0
    } else {
        numbers[middle]
    };
    Some(Spread { median, least, most })
}

/// The spread of one metric over the runs that succeeded.
pub fn values(runs: &[Result<Values>], metric: &str) -> Option<Spread> {
    spread(runs.iter().filter_map(|run| value(run, metric)))
}

/// The spread of ours divided by theirs, pair by pair.
pub fn ratios(ours: &[Result<Values>], theirs: &[Result<Values>], metric: &str) -> Option<Spread> {
    let pairs = ours.iter().zip(theirs);
    spread(pairs.filter_map(|(ours, theirs)| {
        let (ours, theirs) = (value(ours, metric)?, value(theirs, metric)?);
        (theirs > 0.0).then(|| ours / theirs)
    }))
}

fn value(run: &Result<Values>, metric: &str) -> Option<f64> {
    run.as_ref().ok()?.get(metric).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(value: f64) -> Result<Values> {
        Ok(Values::from([("rate".to_owned(), value)]))
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(spread([]), None);
        let wanted = Spread { median: 2.0, least: 1.0, most: 9.0 };
        assert_eq!(spread([9.0, 1.0, 2.0]), Some(wanted));
        assert_eq!(spread([4.0, 1.0]).map(|spread| spread.median), Some(2.5));
    }

    #[test]
    fn ratios_are_those_of_pairs() {
        let theirs = [run(1.0), run(2.0), Err("broken".to_owned()), run(0.0)];
        let ours = [run(3.0), run(8.0), run(100.0), run(1.0)];
        let wanted = Spread { median: 3.5, least: 3.0, most: 4.0 };
        assert_eq!(ratios(&ours, &theirs, "rate"), Some(wanted));
        assert_eq!(ratios(&ours, &theirs, "cpu"), None);
    }
}
