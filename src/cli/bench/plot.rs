//! Plots as SVG that stands in a page: colours are the page's, by class.

use std::fmt::Write;

const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 290.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 32.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 58.0;

/// One direction of a plot.
pub(super) struct Axis {
    pub(super) label: String,
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From nothing to at least `high`, with four or five round ticks.
    pub(super) fn linear(label: impl Into<String>, high: f64, say: impl Fn(f64) -> String) -> Self {
        let rough = high.max(1.0) / 4.0;
        let power = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
        let step =
            steps.into_iter().find(|step| *step >= rough && step.fract() == 0.0).unwrap_or(rough.ceil());
        let count = (high.max(1.0) / step).ceil() as usize;
        let ticks = (0..=count).map(|tick| (tick as f64 * step, say(tick as f64 * step))).collect();
        Self { label: label.into(), low: 0.0, high: count as f64 * step, ticks }
    }

    /// Powers of ten around all values; places are logarithms.
    pub(super) fn powers(label: &str, low: f64, high: f64, say: impl Fn(f64) -> String) -> Self {
        let (low, high) = (low.max(1.0).log10().floor(), high.max(10.0).log10().ceil());
        let ticks =
            (low as i32..=high as i32).map(|power| (f64::from(power), say(10f64.powi(power)))).collect();
        Self { label: label.into(), low, high: high.max(low + 1.0), ticks }
    }

    /// Shares of all values, stretched towards the rare ones: places are the logarithm of one in how many.
    pub(super) fn shares(label: &str, values: u64) -> Self {
        let high = (values.max(100) as f64).log10().min(6.0);
        let named = [(0.301, "50"), (1.0, "90"), (2.0, "99"), (3.0, "99.9"), (4.0, "99.99"), (5.0, "99.999")];
        let ticks = named.into_iter().filter(|(at, _)| *at <= high).map(|(at, said)| (at, said.to_owned()));
        Self { label: label.into(), low: 0.0, high, ticks: ticks.collect() }
    }

    pub(super) fn high(&self) -> f64 {
        self.high
    }

    fn part(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// Two axes and what is drawn between them.
pub(super) struct Plot {
    x: Axis,
    y: Axis,
    drawn: String,
}

impl Plot {
    pub(super) fn new(x: Axis, y: Axis) -> Self {
        Self { x, y, drawn: String::new() }
    }

    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (
            LEFT + self.x.part(x) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - self.y.part(y) * (HEIGHT - TOP - BOTTOM),
        )
    }

    fn path(&self, points: impl IntoIterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        for point in points {
            let (x, y) = self.place(point);
            let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { "M" } else { "L" });
        }
        path
    }

    pub(super) fn line(&mut self, class: &str, points: impl IntoIterator<Item = (f64, f64)>) {
        let path = self.path(points);
        let _ = write!(self.drawn, "<path class=\"line {class}\" d=\"{path}\"/>");
    }

    /// What lies below the points.
    pub(super) fn area(&mut self, class: &str, points: &[(f64, f64)]) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
        let down = [(last.0, self.y.low), (first.0, self.y.low)];
        let path = self.path(points.iter().copied().chain(down));
        let _ = write!(self.drawn, "<path class=\"area {class}\" d=\"{path}Z\"/>");
    }

    /// The picture; `says` is what it says to those who do not see it.
    pub(super) fn svg(self, says: &str) -> String {
        let mut svg = open(HEIGHT, says);
        let (right, floor) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for (value, said) in &self.y.ticks {
            let (_, y) = self.place((self.x.low, *value));
            let _ = write!(svg, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>");
            let _ = write!(
                svg,
                "<text class=\"tick end\" x=\"{}\" y=\"{:.1}\">{said}</text>",
                LEFT - 8.0,
                y + 5.0
            );
        }
        for (value, said) in &self.x.ticks {
            let (x, _) = self.place((*value, self.y.low));
            let _ = write!(svg, "<path class=\"grid\" d=\"M{x:.1} {floor}V{}\"/>", floor + 5.0);
            let _ =
                write!(svg, "<text class=\"tick middle\" x=\"{x:.1}\" y=\"{}\">{said}</text>", floor + 22.0);
        }
        let middle = (LEFT + right) / 2.0;
        let _ = write!(svg, "{}<path class=\"floor\" d=\"M{LEFT} {floor}H{right}\"/>", self.drawn);
        let _ = write!(
            svg,
            "<text class=\"name middle\" x=\"{middle}\" y=\"{}\">{}</text></svg>",
            HEIGHT - 10.0,
            self.x.label
        );
        svg
    }
}

/// Rows with a name, a bar as long as a share, and its figure.
pub(super) fn bars(rows: &[(String, f64, String)], says: &str) -> String {
    const NAMES: f64 = 168.0;
    const FIGURES: f64 = 80.0;
    const ROW: f64 = 34.0;
    let mut svg = open(rows.len() as f64 * ROW + 8.0, says);
    for (at, (name, share, figure)) in rows.iter().enumerate() {
        let (y, length) = (at as f64 * ROW + 6.0, share * (WIDTH - NAMES - FIGURES));
        let text = y + 18.0;
        let _ = write!(svg, "<text class=\"tick end\" x=\"{}\" y=\"{text}\">{name}</text>", NAMES - 10.0);
        let _ = write!(
            svg,
            "<rect class=\"bar\" x=\"{NAMES}\" y=\"{y}\" width=\"{:.1}\" height=\"24\"/>",
            length.max(1.0)
        );
        let _ = write!(
            svg,
            "<text class=\"figure\" x=\"{:.1}\" y=\"{text}\">{figure}</text>",
            NAMES + length + 8.0
        );
    }
    svg + "</svg>"
}

fn open(height: f64, says: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{says}\">")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_ticks_around_all_values() {
        let said =
            |axis: &Axis| axis.ticks.iter().map(|(_, said)| said.clone()).collect::<Vec<_>>().join(" ");
        let whole = |value: f64| value.to_string();
        assert_eq!(said(&Axis::linear("", 17.0, whole)), "0 5 10 15 20");
        assert_eq!(said(&Axis::linear("", 0.0, whole)), "0 1");
        assert_eq!(said(&Axis::linear("", 1_150.0, whole)), "0 500 1000 1500");
        assert_eq!(said(&Axis::powers("", 23.0, 4_000.0, whole)), "10 100 1000 10000");
        assert_eq!(said(&Axis::shares("", 5_000)), "50 90 99 99.9");
    }

    #[test]
    fn values_beyond_an_axis_stay_in_the_picture() {
        let mut plot =
            Plot::new(Axis::linear("x", 4.0, |x| x.to_string()), Axis::linear("y", 4.0, |y| y.to_string()));
        plot.line("push", [(0.0, 0.0), (9.0, 9.0)]);
        let svg = plot.svg("a line");
        assert!(
            svg.contains(&format!("M{LEFT:.1} {:.1}L{:.1} {TOP:.1}", HEIGHT - BOTTOM, WIDTH - RIGHT)),
            "{svg}"
        );
    }
}
