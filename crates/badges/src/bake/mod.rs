//! Baking: a badge's data inside its picture (OB3 `#docformat`, OB2 "Badge Baking"), PNG and SVG, both versions.
//!
//! Start at [`unbake`], [`bake_png`] and [`bake_svg`]. Pictures come from strangers: everything is bounded, checksums are
//! checked, and no foreign SVG ever leaves this module: only the text that was inside.

mod png;
mod svg;
mod xml;

use std::collections::BTreeSet;

/// The largest picture that is read, in bytes.
pub const MAX_IMAGE: usize = 5 * 1024 * 1024;

/// The longest text inside a picture, in bytes.
pub const MAX_TEXT: usize = crate::json::MAX_TEXT;

/// Which version a picture holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Open Badges 3.0.
    V3,
    /// Open Badges 2.0 or older.
    V2,
}

/// What a picture held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baked {
    /// Under which keyword or element it stood.
    pub form: Form,
    /// JSON, a JWS, or an address.
    pub text: String,
}

/// Why a picture was not read or not baked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BakeError {
    /// Neither PNG nor SVG, or a broken one.
    #[error("the picture is not readable: {0}")]
    Unreadable(String),
    /// A picture without a badge.
    #[error("the picture holds no badge")]
    NoBadge,
    /// Beyond a limit.
    #[error("{what} has {length} bytes, at most {limit} are read")]
    TooBig {
        /// The picture, or the text in it.
        what: &'static str,
        /// Its length, in bytes.
        length: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// More than one badge: which one a reader shows would be chance.
    #[error("the picture holds more than one badge")]
    Twice,
    /// Compressed, against the norm.
    #[error("the badge in the picture is compressed, which the norm does not allow")]
    Compressed,
    /// An SVG that could do more than be looked at.
    #[error("the picture has `{0}`, which a badge's picture may not have")]
    NotHarmless(String),
}

/// True for what seems to be a PNG or an SVG, be it a broken one.
#[must_use]
pub fn is_picture(bytes: &[u8]) -> bool {
    png::is_png(bytes) || (bytes.trim_ascii_start().starts_with(b"<") && bytes.windows(3).any(|part| part == b"svg"))
}

/// Reads what a PNG or SVG picture holds.
///
/// # Errors
/// [`BakeError`].
pub fn unbake(picture: &[u8]) -> Result<Baked, BakeError> {
    limit("the picture", picture.len(), MAX_IMAGE)?;
    let mut found = if png::is_png(picture) { png::badges(picture)? } else { svg::badges(text_of(picture)?)? };
    let forms: BTreeSet<Form> = found.iter().map(|baked| baked.form).collect();
    if forms.len() < found.len() {
        return Err(BakeError::Twice);
    }
    // A picture may hold one of each version: the newer one is signed.
    found.sort_by_key(|baked| baked.form);
    let first = found.into_iter().next().ok_or(BakeError::NoBadge)?;
    limit("the text in the picture", first.text.len(), MAX_TEXT)?;
    Ok(first)
}

/// The PNG with this text in it, and nothing baked before.
///
/// # Errors
/// [`BakeError`].
pub fn bake_png(picture: &[u8], form: Form, text: &str) -> Result<Vec<u8>, BakeError> {
    limit("the picture", picture.len(), MAX_IMAGE)?;
    limit("the text in the picture", text.len(), MAX_TEXT)?;
    if text.contains('\0') {
        return Err(BakeError::Unreadable("a zero character in the text".to_owned()));
    }
    png::bake(picture, form, text)
}

/// The SVG with this text in it, and nothing baked before. `id` is the award's address, which 2.0 repeats.
///
/// # Errors
/// [`BakeError`]; [`BakeError::NotHarmless`] for scripts, styles, links outward and whatever is not plain drawing.
pub fn bake_svg(picture: &str, form: Form, text: &str, id: &str) -> Result<String, BakeError> {
    limit("the picture", picture.len(), MAX_IMAGE)?;
    limit("the text in the picture", text.len(), MAX_TEXT)?;
    svg::bake(picture, form, text, id)
}

/// A picture of eight bits a channel, red, green, blue and opacity, from its packed rows: what [`crate::art`] draws.
pub(crate) fn write_png(width: u32, height: u32, packed: &[u8]) -> Vec<u8> {
    png::write_picture(width, height, packed)
}

fn limit(what: &'static str, length: usize, limit: usize) -> Result<(), BakeError> {
    if length > limit { Err(BakeError::TooBig { what, length, limit }) } else { Ok(()) }
}

fn text_of(picture: &[u8]) -> Result<&str, BakeError> {
    let text = core::str::from_utf8(picture).map_err(|_| BakeError::Unreadable("neither PNG nor SVG".to_owned()))?;
    Ok(text.trim_start_matches('\u{feff}'))
}
