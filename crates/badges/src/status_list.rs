//! Bitstring status lists (W3C Bitstring Status List 1.0): one bit for each award, so that asking tells the issuer nothing.
//!
//! Start at [`StatusList`]. Reading is bounded: a few bytes of gzip can hold gigabytes.

use crate::crc::crc32;
use crate::multibase;

/// The longest list that is read, in bytes: two million entries.
const MAX_BYTES: usize = 256 * 1024;

/// The fixed part of a gzip header: deflate, no name, no time, origin unknown (RFC 1952).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Why an encoded list was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatusListError {
    /// Not `u`, base64url and gzip.
    #[error("the status list is not gzip in multibase base64url")]
    Malformed,
    /// It unpacks to more than is read.
    #[error("the status list unpacks to more than {MAX_BYTES} bytes")]
    TooLong,
    /// Too few entries to hide among.
    #[error("the status list has {0} entries, at least 131072 are asked")]
    TooShort(usize),
    /// An index that the list does not have.
    #[error("the status list has no entry {0}")]
    OutOfRange(u64),
}

/// A list of bits. Index 0 is the leftmost bit of the first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList {
    bytes: Vec<u8>,
}

impl StatusList {
    /// How many entries a list of Tremen has, the least that the norm allows.
    pub const LENGTH: u32 = 131_072;

    /// A list with these entries set. Places beyond [`StatusList::LENGTH`] are refused.
    ///
    /// # Errors
    /// [`StatusListError::OutOfRange`].
    pub fn with(set: &[u32]) -> Result<Self, StatusListError> {
        let mut bytes = vec![0_u8; 16_384];
        for index in set {
            let out_of_range = StatusListError::OutOfRange(u64::from(*index));
            let byte = usize::try_from(index / 8).ok().and_then(|at| bytes.get_mut(at)).ok_or(out_of_range)?;
            *byte |= 0x80 >> (index % 8);
        }
        Ok(Self { bytes })
    }

    /// The list as `encodedList`: `u`, then base64url of its gzip.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut gzip = GZIP_HEADER.to_vec();
        gzip.extend(miniz_oxide::deflate::compress_to_vec(&self.bytes, 9));
        gzip.extend(crc32(&self.bytes).to_le_bytes());
        gzip.extend(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        multibase::encode_base64url(&gzip)
    }

    /// Reads an `encodedList`. Lists of the draft of 2021 have no `u`, and base64 of either alphabet, padded or not.
    ///
    /// # Errors
    /// [`StatusListError`] for anything but a sound gzip of at least 131,072 entries.
    pub fn decode(encoded: &str) -> Result<Self, StatusListError> {
        // A gzip begins 1f 8b, so its base64 begins with H: without `u`, the two can't be mixed up.
        let text = match encoded.strip_prefix('u') {
            Some(text) => text.to_owned(),
            None => encoded.trim_end_matches('=').replace('+', "-").replace('/', "_"),
        };
        let gzip = multibase::from_base64url(&text).ok_or(StatusListError::Malformed)?;
        let bytes = gunzip(&gzip)?;
        if bytes.len() * 8 < 131_072 {
            return Err(StatusListError::TooShort(bytes.len() * 8));
        }
        Ok(Self { bytes })
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// [`StatusListError::OutOfRange`].
    pub fn is_set(&self, index: u64) -> Result<bool, StatusListError> {
        let byte = usize::try_from(index / 8).ok().and_then(|at| self.bytes.get(at));
        let byte = byte.ok_or(StatusListError::OutOfRange(index))?;
        Ok(byte & (0x80 >> (index % 8)) != 0)
    }
}

/// Unpacks one gzip member (RFC 1952), its checksum and its length checked.
fn gunzip(gzip: &[u8]) -> Result<Vec<u8>, StatusListError> {
    use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
    let malformed = StatusListError::Malformed;
    let (header, rest) = gzip.split_at_checked(10).ok_or(malformed)?;
    let [0x1f, 0x8b, 8, flags, ..] = header else { return Err(malformed) };
    let mut rest = rest;
    if flags & 0b1110_0010 != 0 {
        return Err(malformed); // a checksum of the header, or bits that the norm reserves
    }
    if flags & 4 != 0 {
        let (length, after) = rest.split_first_chunk::<2>().ok_or(malformed)?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..).ok_or(malformed)?;
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = rest.iter().position(|byte| *byte == 0).ok_or(malformed)?;
            rest = rest.get(end + 1..).ok_or(malformed)?;
        }
    }
    let (deflated, trailer) = rest.split_last_chunk::<8>().ok_or(malformed)?;
    let bytes = decompress_to_vec_with_limit(deflated, MAX_BYTES).map_err(|error| {
        if error.status == TINFLStatus::HasMoreOutput { StatusListError::TooLong } else { malformed }
    })?;
    let (crc, length) = trailer.split_at(4);
    let sound = crc == crc32(&bytes).to_le_bytes() && length == u32::try_from(bytes.len()).unwrap_or(0).to_le_bytes();
    if sound { Ok(bytes) } else { Err(malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_with_the_same_entries() {
        let list = StatusList::with(&[0, 7, 8, 40_404, 131_071]).unwrap();
        let read = StatusList::decode(&list.encode()).unwrap();
        assert_eq!(read, list);
        assert!(read.is_set(40_404).unwrap() && read.is_set(0).unwrap() && !read.is_set(1).unwrap());
        assert_eq!(read.is_set(131_072), Err(StatusListError::OutOfRange(131_072)));
        assert_eq!(StatusList::with(&[131_072]), Err(StatusListError::OutOfRange(131_072)));
        assert_eq!(list.bytes[0], 0b1000_0001);
    }

    #[test]
    fn a_list_that_unpacks_to_gigabytes_is_given_up_early() {
        let zeros = vec![0; 4 * 1024 * 1024];
        let mut gzip = GZIP_HEADER.to_vec();
        gzip.extend(miniz_oxide::deflate::compress_to_vec(&zeros, 9));
        gzip.extend([0; 8]);
        assert_eq!(StatusList::decode(&multibase::encode_base64url(&gzip)), Err(StatusListError::TooLong));
    }

    #[test]
    fn a_list_too_short_to_hide_among_is_refused() {
        let short = StatusList { bytes: vec![0; 100] };
        assert_eq!(StatusList::decode(&short.encode()), Err(StatusListError::TooShort(800)));
    }

    #[test]
    fn a_list_with_a_flipped_bit_is_refused() {
        let good = multibase::decode(&StatusList::with(&[5]).unwrap().encode()).unwrap();
        for at in [0, 3, 12, good.len() - 1, good.len() - 6] {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            assert!(StatusList::decode(&multibase::encode_base64url(&bad)).is_err(), "byte {at}");
        }
    }
}
