//! The chart: how many times better ours is, one bar a row, on a logarithmic scale, as SVG.

use std::fmt::Write;

use crate::report::Outcome;
use crate::statistics::Spread;

const LINE: f64 = 18.0;
const LABELS: f64 = 300.0;
const PLOT: f64 = 520.0;
const VALUES: f64 = 60.0;
const TOP: f64 = 56.0;
/// Powers of two: from a quarter to sixteen times.
const LEAST: f64 = -2.0;
const MOST: f64 = 4.0;

pub fn svg(outcomes: &[Outcome], machine: &str) -> String {
    let lines = outcomes.len() + titles(outcomes);
    let (width, height) = (LABELS + PLOT + VALUES, TOP + LINE * lines as f64 + 12.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    text(&mut svg, 8.0, 16.0, "font-weight=\"bold\"", "How many times better than the reference");
    text(&mut svg, 8.0, 31.0, "fill=\"#555\"", machine);
    scale(&mut svg, height);
    let mut y = TOP;
    let mut section = "";
    for outcome in outcomes {
        if outcome.section.name != section {
            section = outcome.section.name;
            let metric = outcome.section.metrics.first().map_or("", |metric| metric.title);
            let title = format!("{}: {metric}", outcome.section.title);
            text(&mut svg, 8.0, y + 13.0, "font-weight=\"bold\"", &title);
            y += LINE;
        }
        let label = outcome.row.words[1..].join(" ");
        text(&mut svg, LABELS - 8.0, y + 13.0, "text-anchor=\"end\"", &label);
        match outcome.gain() {
            Some(gain) => bar(&mut svg, y, gain),
            None => text(&mut svg, place(0.0) + 4.0, y + 13.0, "fill=\"#b00\"", "failed"),
        }
        y += LINE;
    }
    svg.push_str("</svg>\n");
    svg
}

fn titles(outcomes: &[Outcome]) -> usize {
    let mut names: Vec<_> = outcomes.iter().map(|outcome| outcome.section.name).collect();
    names.dedup();
    names.len()
}

fn scale(svg: &mut String, height: f64) {
    for power in LEAST as i32..=MOST as i32 {
        let (x, color) = (place(power.into()), if power == 0 { "#333" } else { "#ddd" });
        let (from, to) = (TOP - 6.0, height - 6.0);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{from:.1}\" x2=\"{x:.1}\" y2=\"{to:.1}\" stroke=\"{color}\"/>"
        );
        let name = format!("{}×", f64::from(power).exp2());
        text(svg, x, TOP - 10.0, "text-anchor=\"middle\" fill=\"#555\"", &name);
    }
}

fn bar(svg: &mut String, y: f64, gain: Spread) {
    let [middle, least, most] = [gain.median, gain.least, gain.most].map(|gain| place(gain.log2()));
    let (from, to) = (middle.min(place(0.0)), middle.max(place(0.0)));
    let color = if gain.median >= 1.0 { "#2a7fba" } else { "#c8552b" };
    let (top, center) = (y + 4.0, y + 9.0);
    let _ = writeln!(
        svg,
        "<rect x=\"{from:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"10\" fill=\"{color}\"/>",
        to - from
    );
    let _ = writeln!(
        svg,
        "<line x1=\"{least:.1}\" y1=\"{center:.1}\" x2=\"{most:.1}\" y2=\"{center:.1}\" stroke=\"#111\"/>"
    );
    let value = format!("{:.2}×", gain.median);
    text(svg, LABELS + PLOT + VALUES - 8.0, y + 13.0, "text-anchor=\"end\"", &value);
}

/// Where a power of two lies; what is off the scale lies at its edge.
fn place(power: f64) -> f64 {
    LABELS + (power.clamp(LEAST, MOST) - LEAST) / (MOST - LEAST) * PLOT
}

fn text(svg: &mut String, x: f64, y: f64, attributes: &str, content: &str) {
    let content = content.replace('&', "&amp;").replace('<', "&lt;").replace('`', "");
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{content}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Values;
    use crate::rows::chosen;

    #[test]
    fn every_row_has_a_bar_or_says_why_not() {
        let mut rows = chosen(Some("req-rep 1B core"), false);
        let (section, row) = rows.remove(0);
        let mut good = Outcome::new(section, row, 2);
        let run = |value| Ok(Values::from([("p50".to_owned(), value)]));
        good.sides = vec![vec![run(4.0)], vec![run(1.0)]];
        let (section, row) = rows.remove(0);
        let mut bad = Outcome::new(section, row, 2);
        bad.sides = vec![vec![run(4.0)], vec![Err("timed out".to_owned())]];
        let svg = svg(&[good, bad], "a <machine>");
        assert!(
            svg.contains("4.00×") && svg.contains(">failed<") && svg.contains("a &lt;machine>")
        );
        assert_eq!(svg.matches("#2a7fba").count(), 1);
    }
}
