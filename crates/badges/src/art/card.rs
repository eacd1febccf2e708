//! The card that is printed: A7, with a code that leads to the badge's page, and sheets of four to cut.

use qrcode::{Color, EcLevel, QrCode};
use tremen_rules::network::Hazard;

use super::drawing::{Colour, Drawing, INK, INK_2, Outline, WHITE};
use super::letters::{Letters, Weight};
use super::{ArtError, signs};

/// A card's width and height, in millimetres: A7.
const CARD: (f32, f32) = (74.0, 105.0);
/// A sheet's width and height, in millimetres: A4.
const SHEET: (f32, f32) = (210.0, 297.0);
/// The side of the code with its quiet zone, in millimetres.
const CODE: f32 = 33.0;
/// The longest address on a card, in bytes: beyond it, the squares of the code get too small for a telephone.
const MAX_ADDRESS: usize = 150;
/// A typographic point, in millimetres.
const PT: f32 = 25.4 / 72.0;

/// What a card says. All words are the caller's, in the reader's language; nothing on it opens a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardFacts {
    /// The reference and the level.
    pub title: String,
    /// The venue's colour.
    pub colour: Colour,
    /// The hazard class.
    pub hazard: Hazard,
    /// The hazard class in words.
    pub hazard_words: String,
    /// The holder's name, where the holder wants it there.
    pub holder: Option<String>,
    /// What else it says: each a label and a value.
    pub rows: Vec<(String, String)>,
    /// The address of the badge's page: never a name or an e-mail address in it.
    pub address: String,
    /// What to do with the code.
    pub call: String,
    /// What the card is not.
    pub note: String,
    /// The end of the address, for those who type it.
    pub code: String,
}

/// A card of 74 by 105 mm.
///
/// # Errors
/// [`ArtError::Address`] for an address that is too long.
pub fn card(facts: &CardFacts) -> Result<Drawing, ArtError> {
    let (regular, bold) = (Letters::of(Weight::Regular)?, Letters::of(Weight::Bold)?);
    let (width, height) = CARD;
    let mut drawing = Drawing::new(width, height);
    drawing.fill(Outline::rectangle(0.0, 0.0, width, height), WHITE);
    for post in [0.0, width - 3.0] {
        drawing.fill(Outline::rectangle(post, 0.0, 3.0, height), facts.colour);
    }
    let (left, room) = (8.0, width - 16.0);
    signs::mark(&mut drawing, left, 6.0, 6.0, facts.colour);
    bold.write(&mut drawing, "Tremen", left + 8.0, 10.6, 12.0 * PT, INK);

    let mut y = 13.5;
    for line in bold.lines(&facts.title, 15.0 * PT, room, 3) {
        y += 6.2;
        bold.write(&mut drawing, &line, left, y, 15.0 * PT, INK);
    }
    y += 3.2;
    signs::hazard(&mut drawing, facts.hazard, left, y, 6.4);
    bold.write(&mut drawing, &facts.hazard_words, left + 8.4, y + 4.5, 11.0 * PT, INK);
    y += 7.4;
    for line in facts.holder.iter().flat_map(|name| bold.lines(name, 13.0 * PT, room, 2)) {
        y += 5.4;
        bold.write(&mut drawing, &line, left, y, 13.0 * PT, INK);
    }
    y += 2.0;
    let label = facts.rows.iter().map(|(label, _)| regular.width(label, 8.5 * PT)).fold(0.0, f32::max).min(room / 2.0);
    for (name, value) in &facts.rows {
        for (at, line) in bold.lines(value, 8.5 * PT, room - label - 2.0, 2).iter().enumerate() {
            y += 4.1;
            if at == 0 {
                for name in regular.lines(name, 8.5 * PT, room / 2.0, 1) {
                    regular.write(&mut drawing, &name, left, y, 8.5 * PT, INK_2);
                }
            }
            bold.write(&mut drawing, line, left + label + 2.0, y, 8.5 * PT, INK);
        }
    }

    // The code's quiet zone lies within the margin, so that its squares begin where the letters do.
    let squares = code(&facts.address, left - 3.0, height - 4.5 - CODE)?;
    drawing.fill(squares, INK);
    let beside = left - 3.0 + CODE + 0.5;
    let narrow = width - 3.0 - 2.5 - beside;
    let lines = bold.lines(&facts.call, 8.0 * PT, narrow, 3).into_iter().map(|line| (line, &bold));
    let lines = lines.chain(regular.lines(&facts.note, 8.0 * PT, narrow, 4).into_iter().map(|line| (line, &regular)));
    let lines: Vec<_> = lines.chain([(facts.code.clone(), &bold)]).collect();
    let mut y = height - 8.0;
    for (line, letters) in lines.iter().rev() {
        letters.write(&mut drawing, line, beside, y, 8.0 * PT, INK);
        y -= 3.7;
    }
    Ok(drawing)
}

/// The squares of a code (ISO/IEC 18004), a quiet zone of four squares around them.
fn code(address: &str, x: f32, y: f32) -> Result<Outline, ArtError> {
    let too_long = || ArtError::Address(address.len());
    if address.len() > MAX_ADDRESS {
        return Err(too_long());
    }
    let code = QrCode::with_error_correction_level(address, EcLevel::M).map_err(|_| too_long())?;
    let side = u16::try_from(code.width()).map_err(|_| too_long())?;
    let unit = CODE / (f32::from(side) + 8.0);
    let mut outline = Outline::default();
    for (row, colours) in (0_u16..).zip(code.to_colors().chunks(usize::from(side))) {
        let mut column = 0_u16;
        // Neighbours are one rectangle: no seams, and a smaller file.
        for run in colours.chunk_by(|a, b| a == b) {
            let length = u16::try_from(run.len()).map_err(|_| too_long())?;
            if run.first() == Some(&Color::Dark) {
                let (left, top) = (x + unit * (f32::from(column) + 4.0), y + unit * (f32::from(row) + 4.0));
                outline.steps.extend(Outline::rectangle(left, top, unit * f32::from(length), unit).steps);
            }
            column = column.saturating_add(length);
        }
    }
    Ok(outline)
}

/// Sheets of A4 with four cards each, and marks to cut along.
///
/// # Errors
/// As [`card`].
pub fn sheets(cards: &[CardFacts]) -> Result<Vec<Drawing>, ArtError> {
    let gap = 8.0;
    let (left, top) = ((SHEET.0 - 2.0 * CARD.0 - gap) / 2.0, (SHEET.1 - 2.0 * CARD.1 - gap) / 2.0);
    let places = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
    let mut sheets = Vec::new();
    for four in cards.chunks(places.len()) {
        let mut sheet = Drawing::new(SHEET.0, SHEET.1);
        for (facts, (column, row)) in four.iter().zip(places) {
            let (x, y) = (left + column * (CARD.0 + gap), top + row * (CARD.1 + gap));
            for (cut_x, cut_y) in [(x, y), (x + CARD.0, y), (x, y + CARD.1), (x + CARD.0, y + CARD.1)] {
                sheet.fill(Outline::rectangle(cut_x - 3.0, cut_y - 0.05, 6.0, 0.1), INK_2);
                sheet.fill(Outline::rectangle(cut_x - 0.05, cut_y - 3.0, 0.1, 6.0), INK_2);
            }
            sheet.put(&card(facts)?, x, y);
        }
        sheets.push(sheet);
    }
    Ok(sheets)
}
