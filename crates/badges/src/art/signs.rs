//! The signs that stand for something: the hazard classes, each with a shape and a number of bars of its own, and the mark.

use tremen_rules::network::Hazard;

use super::drawing::{Colour, Drawing, INK, Outline, WHITE};

const RED: Colour = Colour::of(0x9c, 0x2f, 0x1f);
const AMBER: Colour = Colour::of(0xe3, 0x9a, 0x2b);
const GREEN: Colour = Colour::of(0x22, 0x63, 0x3a);
const LICHEN: Colour = Colour::of(0xe9, 0xb6, 0x4b);

/// A hazard class: red an octagon with three bars, amber a diamond with two, green a circle with one. The shapes are drawn on a
/// grid of 24.
pub(super) fn hazard(drawing: &mut Drawing, class: Hazard, x: f32, y: f32, size: f32) {
    let unit = size / 24.0;
    let mut put = |outline: Outline, colour: Colour| {
        drawing.fill(outline.moved(|(a, b)| (x + a * unit, y + b * unit)), colour);
    };
    let bars = |places: &[f32]| -> Vec<Outline> {
        places.iter().map(|middle| Outline::rounded(middle - 1.3, 6.8, 2.6, 10.4, 1.3)).collect()
    };
    let (bars, ink) = match class {
        Hazard::Red => {
            let corners = [
                (7.2, 0.5),
                (16.8, 0.5),
                (23.5, 7.2),
                (23.5, 16.8),
                (16.8, 23.5),
                (7.2, 23.5),
                (0.5, 16.8),
                (0.5, 7.2),
            ];
            put(Outline::polygon(&corners), RED);
            (bars(&[7.5, 12.0, 16.5]), WHITE)
        }
        Hazard::Amber => {
            put(Outline::polygon(&[(12.0, 0.0), (24.0, 12.0), (12.0, 24.0), (0.0, 12.0)]), INK);
            put(Outline::polygon(&[(12.0, 1.6), (22.4, 12.0), (12.0, 22.4), (1.6, 12.0)]), AMBER);
            (bars(&[9.7, 14.3]), INK)
        }
        Hazard::Green => {
            put(Outline::circle(12.0, 12.0, 11.5), GREEN);
            (bars(&[12.0]), WHITE)
        }
    };
    for bar in bars {
        put(bar, ink);
    }
}

/// The mark: a passage between two posts, and somebody in it.
pub(super) fn mark(drawing: &mut Drawing, x: f32, y: f32, size: f32, colour: Colour) {
    let unit = size / 24.0;
    let mut put = |outline: Outline, colour: Colour| {
        drawing.fill(outline.moved(|(a, b)| (x + a * unit, y + b * unit)), colour);
    };
    put(Outline::rounded(0.0, 0.0, 24.0, 24.0, 5.5), colour);
    put(Outline::rounded(4.4, 3.0, 3.2, 18.0, 1.6), WHITE);
    put(Outline::rounded(16.4, 3.0, 3.2, 18.0, 1.6), WHITE);
    put(Outline::circle(12.0, 12.0, 3.0), LICHEN);
}
