//! What a badge looks like: its picture for each reference and level, and the card that is printed.
//!
//! Start at [`BadgeArt`] and [`card`]. A picture is a [`Drawing`] of filled outlines, the letters among them; the same drawing is
//! written as SVG, PNG or PDF, so the three never differ. No font has to be installed, and the same facts give the same bytes.

mod card;
mod drawing;
mod letters;
mod pdf;
mod png;
mod signs;

pub use card::{CardFacts, card, sheets};
pub use drawing::{Colour, Drawing};
pub use pdf::pdf;

use tremen_rules::Level;
use tremen_rules::network::Hazard;

use drawing::{INK, Outline, WHITE};
use letters::{Letters, Weight};

/// The largest picture that is drawn, in pixels.
pub const MAX_PIXELS: u32 = 2048;

/// Why something was not drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtError {
    /// No colour.
    #[error("`{0}` is not a colour: # and six hexadecimal digits, for instance #0e5a63")]
    Colour(String),
    /// A size that is not drawn.
    #[error("{0} pixels: from 16 to {MAX_PIXELS} are drawn")]
    Size(u32),
    /// An address too long for a code that a telephone reads from a small card.
    #[error("the address has {0} bytes, too many for a code on a card")]
    Address(usize),
    /// The typeface that this crate carries is broken, which a test excludes.
    #[error("the typeface cannot be read")]
    Typeface,
}

/// What a badge's picture shows: a passage between two posts in the venue's colour, in it the hazard (by shape and bars, never
/// by colour alone), the level, and a short code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadgeArt {
    /// The hazard class of what it opens.
    pub hazard: Hazard,
    /// The level; none for a class as a whole.
    pub level: Option<Level>,
    /// The venue's colour.
    pub colour: Colour,
    /// A short code of the reference, for instance `LASER`; at most eight letters are drawn.
    pub code: Option<String>,
}

impl BadgeArt {
    /// The picture, 96 units wide and high.
    ///
    /// # Errors
    /// [`ArtError::Typeface`], which a test excludes.
    pub fn drawing(&self) -> Result<Drawing, ArtError> {
        let mut drawing = Drawing::new(96.0, 96.0);
        drawing.fill(Outline::rounded(0.0, 0.0, 96.0, 96.0, 14.0), self.colour);
        drawing.fill(Outline::rounded(14.0, 5.0, 68.0, 86.0, 4.0), WHITE);
        // What is absent leaves its room to what is there.
        let (size, top) = if self.code.is_some() { (44.0, 9.0) } else { (50.0, 12.0) };
        signs::hazard(&mut drawing, self.hazard, 48.0 - size / 2.0, top, size);
        if let Some(level) = self.level {
            for (place, x) in [(1, 26.0), (2, 48.0), (3, 70.0)] {
                let y = top + size + 10.0;
                drawing.fill(Outline::circle(x, y, 7.0), INK);
                if place > level.number() {
                    drawing.fill(Outline::circle(x, y, 4.6), WHITE);
                }
            }
        }
        if let Some(code) = &self.code {
            let code: String = code.chars().take(8).collect();
            let letters = Letters::of(Weight::Bold)?;
            let size = (60.0 / letters.width(&code, 1.0).max(1.0)).min(17.0);
            let x = 48.0 - letters.width(&code, size) / 2.0;
            letters.write(&mut drawing, &code, x, 86.5, size, INK);
        }
        Ok(drawing)
    }
}
