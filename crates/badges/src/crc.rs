//! The CRC-32 of PNG chunks and of gzip (ISO 3309).

/// The checksum of these bytes.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32_of(&[bytes])
}

/// The checksum of these parts, one after the other.
#[must_use]
pub fn crc32_of(parts: &[&[u8]]) -> u32 {
    let mut crc = u32::MAX;
    for byte in parts.iter().copied().flatten() {
        crc = (crc >> 8) ^ TABLE.get(usize::from((crc ^ u32::from(*byte)).to_le_bytes()[0])).copied().unwrap_or(0);
    }
    !crc
}

const TABLE: [u32; 256] = table();

#[expect(clippy::indexing_slicing, reason = "the index is below 256, and this runs while compiling")]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut n: u32 = 0;
    while n < 256 {
        let mut c = n;
        let mut k = 0;
        while k < 8 {
            c = if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 };
            k += 1;
        }
        table[n as usize] = c;
        n += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_the_norm_comes_out() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32_of(&[b"1234", b"56789"]), 0xcbf4_3926);
    }
}
