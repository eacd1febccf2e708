//! A drawing as PNG, by `tiny-skia`.

use tiny_skia::{FillRule, Paint, Path, PathBuilder, Pixmap, Transform};

use super::drawing::{Drawing, Outline, Step};
use super::{ArtError, MAX_PIXELS};
use crate::bake::write_png;

impl Drawing {
    /// The drawing as PNG, so many pixels wide.
    ///
    /// # Errors
    /// [`ArtError::Size`].
    pub fn png(&self, pixels: u32) -> Result<Vec<u8>, ArtError> {
        let wrong = || ArtError::Size(pixels);
        let width = u16::try_from(pixels).ok().filter(|_| (16..=MAX_PIXELS).contains(&pixels)).ok_or_else(wrong)?;
        let scale = f32::from(width) / self.width;
        let height =
            (1..=4 * MAX_PIXELS).find(|rows| pixels_of(*rows) >= self.height * scale - 0.01).ok_or_else(wrong)?;
        let mut pixmap = Pixmap::new(pixels, height).ok_or_else(wrong)?;
        for (outline, colour) in &self.shapes {
            let mut paint = Paint::default();
            paint.set_color_rgba8(colour.red, colour.green, colour.blue, 255);
            if let Some(path) = path(outline) {
                pixmap.fill_path(&path, &paint, FillRule::Winding, Transform::from_scale(scale, scale), None);
            }
        }
        let mut rows = Vec::new();
        for (at, pixel) in pixmap.pixels().iter().enumerate() {
            if at % usize::from(width) == 0 {
                rows.push(0); // each row begins with its filter: none
            }
            let pixel = pixel.demultiply();
            rows.extend([pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]);
        }
        Ok(write_png(pixels, height, &miniz_oxide::deflate::compress_to_vec_zlib(&rows, 9)))
    }
}

fn pixels_of(rows: u32) -> f32 {
    f32::from(u16::try_from(rows).unwrap_or(u16::MAX))
}

fn path(outline: &Outline) -> Option<Path> {
    let mut path = PathBuilder::new();
    for step in &outline.steps {
        match *step {
            Step::Move((x, y)) => path.move_to(x, y),
            Step::Line((x, y)) => path.line_to(x, y),
            Step::Curve(a, b, to) => path.cubic_to(a.0, a.1, b.0, b.1, to.0, to.1),
            Step::Close => path.close(),
        }
    }
    path.finish()
}
