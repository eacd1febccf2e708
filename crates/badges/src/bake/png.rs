//! PNG (ISO/IEC 15948): one `iTXt` chunk per version, never compressed, checksums checked on the way.

use super::{BakeError, Baked, Form};
use crate::crc::crc32_of;

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];

/// How many chunks a picture may have.
const MAX_CHUNKS: usize = 16_384;

struct Chunk<'p> {
    kind: [u8; 4],
    data: &'p [u8],
}

impl Form {
    const fn keyword(self) -> &'static str {
        match self {
            Self::V3 => "openbadgecredential",
            Self::V2 => "openbadges",
        }
    }
}

pub(super) fn is_png(picture: &[u8]) -> bool {
    picture.starts_with(&SIGNATURE)
}

/// Every badge in the picture.
pub(super) fn badges(picture: &[u8]) -> Result<Vec<Baked>, BakeError> {
    chunks(picture)?.iter().filter_map(|chunk| badge(chunk).transpose()).collect()
}

/// The picture with this badge alone.
pub(super) fn bake(picture: &[u8], form: Form, text: &str) -> Result<Vec<u8>, BakeError> {
    let mut out = SIGNATURE.to_vec();
    for chunk in chunks(picture)? {
        if form_of(&chunk).is_some() {
            continue;
        }
        write(&mut out, chunk.kind, chunk.data)?;
        if &chunk.kind == b"IHDR" {
            // Keyword, its end, no compression, method 0, no language, no translated keyword.
            let data = [form.keyword().as_bytes(), &[0, 0, 0, 0, 0], text.as_bytes()].concat();
            write(&mut out, *b"iTXt", &data)?;
        }
    }
    Ok(out)
}

fn write(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) -> Result<(), BakeError> {
    let length = u32::try_from(data.len()).map_err(|_| broken("a chunk is too long"))?;
    out.extend(length.to_be_bytes());
    out.extend(kind);
    out.extend(data);
    out.extend(crc32_of(&[&kind, data]).to_be_bytes());
    Ok(())
}

/// A picture from its packed rows.
pub(super) fn write_picture(width: u32, height: u32, packed: &[u8]) -> Vec<u8> {
    let mut out = SIGNATURE.to_vec();
    // Eight bits, colours with opacity, and the one compression, filtering and order that there are.
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    for (kind, data) in [(*b"IHDR", &header[..]), (*b"IDAT", packed), (*b"IEND", &[])] {
        // Only four gigabytes are too long for a chunk; a picture here has at most sixteen megabytes.
        let _ = write(&mut out, kind, data);
    }
    out
}

fn chunks(picture: &[u8]) -> Result<Vec<Chunk<'_>>, BakeError> {
    let mut rest = picture.strip_prefix(&SIGNATURE).ok_or_else(|| broken("not a PNG"))?;
    let mut chunks: Vec<Chunk> = Vec::new();
    loop {
        let cut = || broken("it ends within a chunk");
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| cut())?;
        let (kind, after) = after.split_first_chunk::<4>().ok_or_else(cut)?;
        let (data, after) = after.split_at_checked(length).ok_or_else(cut)?;
        let (crc, after) = after.split_first_chunk::<4>().ok_or_else(cut)?;
        if u32::from_be_bytes(*crc) != crc32_of(&[kind, data]) {
            return Err(broken("a checksum is wrong"));
        }
        if chunks.is_empty() != (kind == b"IHDR") || (kind == b"IHDR" && data.len() != 13) {
            return Err(broken("it does not begin with one header"));
        }
        chunks.push(Chunk { kind: *kind, data });
        rest = after;
        if kind == b"IEND" {
            // What follows the end is shown by nobody and could be anything.
            return if rest.is_empty() { Ok(chunks) } else { Err(broken("something follows its end")) };
        }
        if chunks.len() > MAX_CHUNKS {
            return Err(broken("it has too many chunks"));
        }
    }
}

/// The version that a text chunk of any kind names.
fn form_of(chunk: &Chunk) -> Option<Form> {
    if ![*b"iTXt", *b"tEXt", *b"zTXt"].contains(&chunk.kind) {
        return None;
    }
    let keyword = chunk.data.split(|byte| *byte == 0).next()?;
    [Form::V3, Form::V2].into_iter().find(|form| form.keyword().as_bytes() == keyword)
}

fn badge(chunk: &Chunk) -> Result<Option<Baked>, BakeError> {
    let Some(form) = form_of(chunk) else { return Ok(None) };
    match &chunk.kind {
        b"zTXt" => return Err(BakeError::Compressed),
        b"tEXt" => return Err(broken("the badge stands in a `tEXt` chunk, the form before 1.0")),
        _international => {}
    }
    let cut = || broken("the badge's chunk is cut short");
    let after_keyword = chunk.data.get(form.keyword().len() + 1..).ok_or_else(cut)?;
    let ([compressed, method], rest) = after_keyword.split_first_chunk::<2>().ok_or_else(cut)?;
    if *compressed != 0 || *method != 0 {
        return Err(BakeError::Compressed);
    }
    let mut parts = rest.splitn(3, |byte| *byte == 0);
    let (Some(_language), Some(_translated), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(cut());
    };
    let text = core::str::from_utf8(text).map_err(|_| broken("the badge's text is not UTF-8"))?;
    Ok(Some(Baked { form, text: text.trim().to_owned() }))
}

fn broken(why: &str) -> BakeError {
    BakeError::Unreadable(why.to_owned())
}
