//! A drawing: outlines filled with colours, one over the other. Lengths are in whatever unit the drawing's maker counts.

use core::fmt::Write as _;

use super::ArtError;

/// A colour, opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    pub(super) red: u8,
    pub(super) green: u8,
    pub(super) blue: u8,
}

/// What is written and drawn with.
pub(super) const INK: Colour = Colour::of(0x1b, 0x2a, 0x2d);
/// A quieter ink.
pub(super) const INK_2: Colour = Colour::of(0x4a, 0x57, 0x59);
/// Paper.
pub(super) const WHITE: Colour = Colour::of(0xff, 0xff, 0xff);

impl Colour {
    pub(super) const fn of(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Reads a colour as style sheets write it: `#0e5a63`.
    ///
    /// # Errors
    /// [`ArtError::Colour`].
    pub fn parse(text: &str) -> Result<Self, ArtError> {
        let wrong = || ArtError::Colour(text.to_owned());
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or_else(wrong)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).map_err(|_| wrong())?.to_be_bytes();
        Ok(Self::of(red, green, blue))
    }
}

impl core::fmt::Display for Colour {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

/// A point, x to the right, y down.
pub(super) type Point = (f32, f32);

/// One step of an outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    Move(Point),
    Line(Point),
    Curve(Point, Point, Point),
    Close,
}

/// An outline of closed parts. What it goes around, in whatever direction, is inside.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Outline {
    pub steps: Vec<Step>,
}

/// How far a curve's handles reach to look like a quarter of a circle.
const QUARTER: f32 = 0.552_284_8;

impl Outline {
    pub(super) fn polygon(points: &[Point]) -> Self {
        let mut steps = Vec::new();
        for (at, point) in points.iter().enumerate() {
            steps.push(if at == 0 { Step::Move(*point) } else { Step::Line(*point) });
        }
        steps.push(Step::Close);
        Self { steps }
    }

    pub(super) fn rectangle(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self::polygon(&[(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
    }

    pub(super) fn rounded(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Self {
        let (right, below, r) = (x + width, y + height, radius);
        let h = r * (1.0 - QUARTER);
        let steps = vec![
            Step::Move((x + r, y)),
            Step::Line((right - r, y)),
            Step::Curve((right - h, y), (right, y + h), (right, y + r)),
            Step::Line((right, below - r)),
            Step::Curve((right, below - h), (right - h, below), (right - r, below)),
            Step::Line((x + r, below)),
            Step::Curve((x + h, below), (x, below - h), (x, below - r)),
            Step::Line((x, y + r)),
            Step::Curve((x, y + h), (x + h, y), (x + r, y)),
            Step::Close,
        ];
        Self { steps }
    }

    pub(super) fn circle(x: f32, y: f32, radius: f32) -> Self {
        Self::rounded(x - radius, y - radius, 2.0 * radius, 2.0 * radius, radius)
    }

    /// The same, every point moved by a rule.
    pub(super) fn moved(&self, rule: impl Fn(Point) -> Point) -> Self {
        let step = |step: &Step| match *step {
            Step::Move(to) => Step::Move(rule(to)),
            Step::Line(to) => Step::Line(rule(to)),
            Step::Curve(a, b, to) => Step::Curve(rule(a), rule(b), rule(to)),
            Step::Close => Step::Close,
        };
        Self { steps: self.steps.iter().map(step).collect() }
    }
}

/// Filled outlines, the later ones over the earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) shapes: Vec<(Outline, Colour)>,
}

impl Drawing {
    pub(super) const fn new(width: f32, height: f32) -> Self {
        Self { width, height, shapes: Vec::new() }
    }

    pub(super) fn fill(&mut self, outline: Outline, colour: Colour) {
        self.shapes.push((outline, colour));
    }

    /// Puts another drawing into this one.
    pub(super) fn put(&mut self, other: &Self, x: f32, y: f32) {
        let moved = |(outline, colour): &(Outline, Colour)| (outline.moved(|(a, b)| (a + x, b + y)), *colour);
        self.shapes.extend(other.shapes.iter().map(moved));
    }

    /// The drawing as SVG: plain paths, nothing that a page could not show.
    #[must_use]
    pub fn svg(&self) -> String {
        let (width, height) = (self.width, self.height);
        let mut out = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">"#
        );
        for (outline, colour) in &self.shapes {
            let mut path = String::new();
            for step in &outline.steps {
                // Writing to a string cannot fail.
                let _ = match step {
                    Step::Move((x, y)) => write!(path, "M{} {}", Short(*x), Short(*y)),
                    Step::Line((x, y)) => write!(path, "L{} {}", Short(*x), Short(*y)),
                    Step::Curve(a, b, to) => {
                        let [ax, ay, bx, by, x, y] = [a.0, a.1, b.0, b.1, to.0, to.1].map(Short);
                        write!(path, "C{ax} {ay} {bx} {by} {x} {y}")
                    }
                    Step::Close => write!(path, "Z"),
                };
            }
            let _ = write!(out, r#"<path fill="{colour}" d="{path}"/>"#); // as above
        }
        out.push_str("</svg>\n");
        out
    }
}

/// A length to the thousandth, without zeros at its end.
pub(super) struct Short(pub f32);

impl core::fmt::Display for Short {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let text = format!("{:.3}", self.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        f.write_str(if text == "-0" { "0" } else { text })
    }
}
