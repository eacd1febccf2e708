//! Plots as SVG: lines with points over linear or logarithmic axes, readable on light and dark pages.

use std::fmt::Write as _;

/// One axis.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    /// What it says, with the unit.
    pub label: &'static str,
    /// Whether it is logarithmic; a linear one begins at 0.
    pub is_log: bool,
}

/// One line.
#[derive(Debug, Clone)]
pub struct Series {
    /// What the legend says.
    pub name: String,
    /// Its points, in the order of x.
    pub points: Vec<(f64, f64)>,
}

/// A plot of some lines.
#[derive(Debug, Clone)]
pub struct Plot {
    /// What is to be seen.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The lines, six at most.
    pub series: Vec<Series>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
/// Of the area between the axes: left, top, right, bottom.
const AREA: (f64, f64, f64, f64) = (76.0, 44.0, 530.0, 344.0);
/// Told apart by people who see few colours, too (after Okabe and Ito).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
/// Of this many points on, a line goes without dots.
const DENSE: usize = 24;

/// An axis with its range, which maps values to the drawing.
struct Scale {
    is_log: bool,
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    fn of(axis: Axis, values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Self {
        let least = values.clone().filter(|it| !axis.is_log || *it > 0.0).fold(f64::INFINITY, f64::min);
        let most = values.fold(f64::MIN_POSITIVE, f64::max);
        let (from, to) = if axis.is_log {
            (least.min(most).log10().floor(), most.log10().ceil())
        } else {
            let step = round_step(most);
            (0.0, (most / step).ceil() * step)
        };
        Self { is_log: axis.is_log, from, to: if to > from { to } else { from + 1.0 }, start, end }
    }

    fn place(&self, value: f64) -> f64 {
        let value = if self.is_log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        self.start + (value - self.from) / (self.to - self.from) * (self.end - self.start)
    }

    fn ticks(&self) -> Vec<f64> {
        let step = if self.is_log { 1.0 } else { round_step(self.to) };
        let ticks = std::iter::successors(Some(self.from), |it| Some(it + step));
        let ticks = ticks.take_while(|it| *it <= self.to + step / 1e6);
        ticks.map(|it| if self.is_log { 10_f64.powf(it) } else { it }).collect()
    }
}

/// A step of 1, 2 or 5 times a power of ten that divides up to this value into five to ten.
fn round_step(most: f64) -> f64 {
    let power = 10_f64.powf((most / 5.0).log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|it| it * power).find(|it| most / it >= 5.0).unwrap_or(power)
}

/// A number at a tick: 20k, 1M, 0.5.
fn tick_text(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{}M", value / 1e6),
        value if value >= 1e4 => format!("{}k", value / 1e3),
        value if value >= 1.0 || value == 0.0 => format!("{}", (value * 100.0).round() / 100.0),
        value => format!("{:.2}", value).trim_end_matches('0').to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

impl Plot {
    /// The plot as an SVG document.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let (left, top, right, bottom) = AREA;
        let points = || self.series.iter().flat_map(|it| it.points.iter());
        let x = Scale::of(self.x, points().map(|it| it.0), left, right);
        let y = Scale::of(self.y, points().map(|it| it.1), bottom, top);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\">\n\
             <style>text {{ font: 13px system-ui, sans-serif; fill: #333 }} .t {{ font-weight: 600; font-size: 15px }}\n\
             .g {{ stroke: #8884; stroke-width: 1 }} .a {{ stroke: #888; stroke-width: 1 }}\n\
             @media (prefers-color-scheme: dark) {{ text {{ fill: #ddd }} }}</style>\n\
             <text class=\"t\" x=\"{left}\" y=\"24\">{0}</text>\n",
            escaped(&self.title)
        );
        // A String takes all that is written to it.
        for tick in x.ticks() {
            let at = x.place(tick);
            let text = tick_text(tick);
            let _ = writeln!(
                svg,
                "<path class=\"g\" d=\"M{at:.1} {top}V{bottom}\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{text}</text>",
                bottom + 18.0
            );
        }
        for tick in y.ticks() {
            let at = y.place(tick);
            let text = tick_text(tick);
            let _ = writeln!(
                svg,
                "<path class=\"g\" d=\"M{left} {at:.1}H{right}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                left - 6.0,
                at + 4.0
            );
        }
        let _ = writeln!(svg, "<path class=\"a\" fill=\"none\" d=\"M{left} {top}V{bottom}H{right}\"/>");
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(left, right),
            bottom + 42.0,
            escaped(self.x.label)
        );
        let _ = writeln!(
            svg,
            "<text transform=\"translate(18 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(top, bottom),
            escaped(self.y.label)
        );
        let legend_from = top + 8.0;
        for ((series, colour), nth) in self.series.iter().zip(COLOURS).zip(0_u8..) {
            let line: Vec<String> =
                series.points.iter().map(|it| format!("{:.1},{:.1}", x.place(it.0), y.place(it.1))).collect();
            let _ = writeln!(
                svg,
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>",
                line.join(" ")
            );
            if series.points.len() < DENSE {
                for point in &series.points {
                    let _ = writeln!(
                        svg,
                        "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{colour}\"/>",
                        x.place(point.0),
                        y.place(point.1)
                    );
                }
            }
            let at = legend_from + f64::from(nth) * 22.0;
            let _ = writeln!(
                svg,
                "<path stroke=\"{colour}\" stroke-width=\"3\" d=\"M{0} {at}h18\"/><text x=\"{1}\" y=\"{2}\">{3}</text>",
                right + 14.0,
                right + 38.0,
                at + 4.0,
                escaped(&series.name)
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_what_was_measured() {
        let linear = Axis { label: "", is_log: false };
        let scale = Scale::of(linear, [3.0, 87.0].into_iter(), 0.0, 100.0);
        assert_eq!(scale.ticks(), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]);
        assert!((scale.place(45.0) - 50.0).abs() < 1e-9);
        let log = Axis { label: "", is_log: true };
        let scale = Scale::of(log, [2.0, 800.0].into_iter(), 0.0, 90.0);
        assert_eq!(scale.ticks(), [1.0, 10.0, 100.0, 1000.0]);
        assert!((scale.place(10.0) - 30.0).abs() < 1e-9);
        assert_eq!([0.0, 0.5, 2.0, 20_000.0, 1_000_000.0].map(tick_text), ["0", "0.5", "2", "20k", "1M"]);
    }

    #[test]
    fn names_with_markup_in_them_stay_text() {
        let series = vec![Series { name: "a<b".to_owned(), points: vec![(1.0, 2.0)] }];
        let axis = Axis { label: "n", is_log: false };
        let svg = Plot { title: "p & q".to_owned(), x: axis, y: axis, series }.to_svg();
        assert!(svg.contains("a&lt;b") && svg.contains("p &amp; q"), "{svg}");
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }
}
