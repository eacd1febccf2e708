//! Letters as outlines, of the typeface that this crate carries (Atkinson Hyperlegible Next, SIL Open Font License), so that a
//! picture looks the same wherever it is made.

use std::collections::BTreeMap;

use super::ArtError;
use super::drawing::{Colour, Drawing, Outline, Point, Step};

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// The letters of one weight, as `typeface/outlines.py` wrote them from the typeface.
pub(super) struct Letters {
    units_per_em: f32,
    glyphs: BTreeMap<char, Glyph>,
}

/// One letter, in units of the typeface.
#[derive(Default)]
struct Glyph {
    advance: u16,
    outline: &'static str,
}

/// Under which letter the box stands that is drawn for one that the typeface lacks.
const MISSING: char = '\0';

impl Letters {
    pub(super) fn of(weight: Weight) -> Result<Self, ArtError> {
        let text = match weight {
            Weight::Regular => include_str!("../../typeface/regular.outlines"),
            Weight::Bold => include_str!("../../typeface/bold.outlines"),
        };
        Self::read(text).ok_or(ArtError::Typeface)
    }

    fn read(text: &'static str) -> Option<Self> {
        let (units, lines) = text.split_once('\n')?;
        let glyph = |line: &'static str| {
            let mut parts = line.splitn(3, ' ');
            let letter = char::from_u32(u32::from_str_radix(parts.next()?, 16).ok()?)?;
            let advance = parts.next()?.parse().ok()?;
            Some((letter, Glyph { advance, outline: parts.next().unwrap_or_default() }))
        };
        let glyphs = lines.lines().map(glyph).collect::<Option<BTreeMap<_, _>>>()?;
        glyphs.contains_key(&MISSING).then_some(())?;
        Some(Self { units_per_em: units.parse().ok()?, glyphs })
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
            let Some(glyph) = self.glyph(letter) else { continue };
            outline.steps.extend(traced(glyph.outline).moved(|(a, b)| (at + a * scale, y - b * scale)).steps);
            at += f32::from(glyph.advance) * scale;
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
        self.glyph(letter).map_or(0, |glyph| glyph.advance)
    }

    /// A letter; for one that the typeface lacks a box, as everywhere.
    fn glyph(&self, letter: char) -> Option<&Glyph> {
        self.glyphs.get(&shown(letter)).or_else(|| self.glyphs.get(&MISSING))
    }

    fn scale(&self, size: f32) -> f32 {
        size / self.units_per_em
    }
}

/// The narrow no-break space of French is not in the typeface.
const fn shown(letter: char) -> char {
    match letter {
        '\u{202f}' => '\u{a0}',
        other => other,
    }
}

/// The outline that a line of the file says. The curves of this kind of typeface have one handle; ours have two.
fn traced(text: &str) -> Outline {
    let mut outline = Outline::default();
    let mut at: Point = (0.0, 0.0);
    for (begin, letter) in text.char_indices().filter(|(_, letter)| letter.is_ascii_uppercase()) {
        let rest = text.get(begin + 1..).unwrap_or_default();
        let numbers = rest.split(|end: char| end.is_ascii_uppercase()).next().unwrap_or_default();
        let mut numbers = numbers.split(' ').filter_map(|number| number.parse::<f32>().ok());
        let mut point = || Some((numbers.next()?, numbers.next()?));
        let step = match letter {
            'M' => point().map(|to| (Step::Move(to), to)),
            'L' => point().map(|to| (Step::Line(to), to)),
            'Q' => point().zip(point()).map(|(handle, to)| {
                let towards =
                    |from: Point| (from.0 + (handle.0 - from.0) * 2.0 / 3.0, from.1 + (handle.1 - from.1) * 2.0 / 3.0);
                (Step::Curve(towards(at), towards(to), to), to)
            }),
            _ => Some((Step::Close, at)),
        };
        if let Some((step, to)) = step {
            outline.steps.push(step);
            at = to;
        }
    }
    outline
}

#[cfg(test)]
mod tests {
    use super::{Letters, MISSING, Weight, traced};
    use crate::art::drawing::Step;

    #[test]
    fn every_letter_of_both_weights_is_read_whole() {
        for weight in [Weight::Regular, Weight::Bold] {
            let letters = Letters::of(weight).unwrap_or_else(|_| panic!("{weight:?}"));
            for (letter, glyph) in &letters.glyphs {
                let steps = traced(glyph.outline).steps;
                let said = glyph.outline.chars().filter(char::is_ascii_uppercase).count();
                assert_eq!(steps.len(), said, "{letter:?}: {}", glyph.outline);
                assert!(steps.is_empty() || matches!(steps.last(), Some(Step::Close)), "{letter:?}");
            }
            for letter in ('a'..='z').chain('A'..='Z').chain('0'..='9').chain("éèêàçùñ’«»…–".chars()) {
                let glyph = letters.glyph(letter).unwrap();
                assert!(glyph.advance > 0 && !glyph.outline.is_empty(), "{letter}");
            }
            assert!(!letters.glyphs[&MISSING].outline.is_empty(), "the box");
            assert!(letters.glyph(' ').unwrap().outline.is_empty());
        }
    }
}
