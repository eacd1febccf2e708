//! Letters as outlines, of the typeface that this crate carries (Atkinson Hyperlegible Next, SIL Open Font License), so that a
//! picture looks the same wherever it is made.

use ttf_parser::{Face, OutlineBuilder};

use super::ArtError;
use super::drawing::{Colour, Drawing, Outline, Point, Step};

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// The letters of one weight.
pub(super) struct Letters {
    face: Face<'static>,
}

impl Letters {
    pub(super) fn of(weight: Weight) -> Result<Self, ArtError> {
        let bytes: &[u8] = match weight {
            Weight::Regular => include_bytes!("../../typeface/atkinson-hyperlegible-next-regular.ttf"),
            Weight::Bold => include_bytes!("../../typeface/atkinson-hyperlegible-next-bold.ttf"),
        };
        Ok(Self { face: Face::parse(bytes, 0).map_err(|_| ArtError::Typeface)? })
    }

    /// How wide a text is at this size.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let units: u32 = text.chars().map(|letter| u32::from(self.advance(letter))).sum();
        f32::from(u16::try_from(units).unwrap_or(u16::MAX)) * self.scale(size)
    }

    /// Writes a text on one line whose letters stand on `y`, and tells where it ends.
    pub(super) fn write(&self, drawing: &mut Drawing, text: &str, x: f32, y: f32, size: f32, colour: Colour) -> f32 {
        let scale = self.scale(size);
        let mut at = x;
        let mut outline = Outline::default();
        for letter in text.chars() {
            let mut one = Pen::default();
            // A letter that the typeface lacks is a box, as everywhere.
            let glyph = self.face.glyph_index(shown(letter)).unwrap_or_default();
            let _ = self.face.outline_glyph(glyph, &mut one); // nothing is drawn for a space
            outline.steps.extend(one.outline.moved(|(a, b)| (at + a * scale, y - b * scale)).steps);
            at += f32::from(self.advance(letter)) * scale;
        }
        drawing.fill(outline, colour);
        at
    }

    /// The text in lines no wider than this, broken at spaces; what does not fit into so many lines ends in an ellipsis.
    pub(super) fn lines(&self, text: &str, size: f32, width: f32, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}"), size) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                Some(_) | None => lines.push(word.to_owned()),
            }
        }
        let is_cut = lines.len() > most;
        lines.truncate(most);
        let last = lines.len().saturating_sub(1);
        for (at, line) in lines.iter_mut().enumerate() {
            let ends = if is_cut && at == last { "…" } else { "" };
            let fits = |line: &str| self.width(&format!("{line}{ends}"), size) <= width;
            if !ends.is_empty() || !fits(line) {
                while !line.is_empty() && self.width(&format!("{line}…"), size) > width {
                    line.pop();
                }
                line.push('…');
            }
        }
        lines
    }

    fn advance(&self, letter: char) -> u16 {
        let glyph = self.face.glyph_index(shown(letter)).unwrap_or_default();
        self.face.glyph_hor_advance(glyph).unwrap_or_default()
    }

    fn scale(&self, size: f32) -> f32 {
        size / f32::from(self.face.units_per_em())
    }
}

/// The narrow no-break space of French is not in the typeface.
const fn shown(letter: char) -> char {
    match letter {
        '\u{202f}' => '\u{a0}',
        other => other,
    }
}

/// Takes the outline of one letter down. The curves of this kind of typeface have one handle; ours have two.
#[derive(Default)]
struct Pen {
    outline: Outline,
    at: Point,
}

impl Pen {
    fn step(&mut self, step: Step, to: Point) {
        self.outline.steps.push(step);
        self.at = to;
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.step(Step::Move((x, y)), (x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.step(Step::Line((x, y)), (x, y));
    }

    fn quad_to(&mut self, hx: f32, hy: f32, x: f32, y: f32) {
        let towards = |from: Point| (from.0 + (hx - from.0) * 2.0 / 3.0, from.1 + (hy - from.1) * 2.0 / 3.0);
        let (a, b) = (towards(self.at), towards((x, y)));
        self.step(Step::Curve(a, b, (x, y)), (x, y));
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.step(Step::Curve((ax, ay), (bx, by), (x, y)), (x, y));
    }

    fn close(&mut self) {
        self.outline.steps.push(Step::Close);
    }
}
