//! The format from outside: what another program wrote, what this one writes, and every way to spoil it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};

use tremen_age::{AgeError, Cost, Passphrase, decrypt, encrypt};

const CHEAP: Cost = Cost::new(1);

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple")
}

/// A file with this content, always the same bytes.
fn file(content: &[u8]) -> Vec<u8> {
    let mut next = 0_u8;
    let mut random = |bytes: &mut [u8]| bytes.iter_mut().for_each(|byte| (*byte, next) = (next, next.wrapping_add(1)));
    let mut file = encrypt(Vec::new(), &passphrase(), CHEAP, &mut random).unwrap();
    file.write_all(content).unwrap();
    file.finish().unwrap()
}

fn open(file: &[u8], passphrase: &Passphrase) -> Result<Vec<u8>, AgeError> {
    let mut content = Vec::new();
    let read = decrypt(file, passphrase)?.read_to_end(&mut content);
    read.map_err(|error| error.downcast::<AgeError>().unwrap())?;
    Ok(content)
}

fn text(header: &str, file: &[u8]) -> String {
    open(&[header.as_bytes(), file].concat(), &passphrase()).unwrap_err().to_string()
}

#[test]
fn a_file_of_the_age_program_is_opened() {
    let file = include_bytes!("good/from-age-1.1.1.age");
    let content = open(file, &passphrase()).unwrap();
    assert_eq!(content, "Ur garreg vihan a-walc’h evit an hent.\n".as_bytes());
}

#[test]
fn every_length_around_a_chunk_comes_back() {
    for length in [0_usize, 1, 15, 16, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073, 200_000] {
        let content: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let file = file(&content);
        assert!(open(&file, &passphrase()).unwrap() == content, "{length}");
        let chunks = length.div_ceil(65_536).max(1);
        let payload = file.len() - file.windows(5).position(|it| it == b"\n--- ").unwrap() - 5 - 43 - 1;
        assert_eq!(payload, 16 + length + chunks * 16, "{length}");
    }
}

#[test]
fn another_passphrase_opens_nothing() {
    let refused = open(&file(b"content"), &Passphrase::new("correct horse battery stapl")).unwrap_err();
    assert!(matches!(refused, AgeError::Passphrase));
}

#[test]
fn a_changed_bit_anywhere_is_found() {
    let whole = file(b"a right is computed, never stored");
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 1 << bit;
            assert!(open(&spoilt, &passphrase()).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_file_that_is_cut_or_prolonged_is_found() {
    let whole = file(&[7; 65_536 + 40]);
    let header = whole.windows(5).position(|it| it == b"\n--- ").unwrap() + 5 + 43 + 1;
    let ends =
        (0..=header + 20).chain([header + 16 + 65_551, header + 16 + 65_552, header + 16 + 65_553, whole.len() - 1]);
    for end in ends {
        assert!(open(&whole[..end], &passphrase()).is_err(), "cut after {end} bytes");
    }
    let at_a_chunks_end = open(&whole[..header + 16 + 65_552], &passphrase()).unwrap_err();
    assert_eq!(at_a_chunks_end.to_string(), "this age file is cut short: it ends 65552 bytes after its header");
    assert!(open(&[&whole[..], b"x"].concat(), &passphrase()).is_err());
    assert!(open(&[&whole[..], &whole[header + 16..]].concat(), &passphrase()).is_err());
}

#[test]
fn chunks_that_change_places_are_found() {
    let whole = file(&[7; 3 * 65_536]);
    let begin = whole.len() - 3 * 65_552;
    let (first, second) = (&whole[begin..begin + 65_552], &whole[begin + 65_552..begin + 2 * 65_552]);
    let swapped = [&whole[..begin], second, first, &whole[begin + 2 * 65_552..]].concat();
    assert!(matches!(open(&swapped, &passphrase()).unwrap_err(), AgeError::Damaged(0)));
}

#[test]
fn a_header_that_is_not_of_the_format_is_refused_and_says_why() {
    let whole = file(b"content");
    let told = String::from_utf8_lossy(&whole).into_owned();
    let (body, end) = (told.lines().nth(2).unwrap(), told.lines().nth(3).unwrap());
    let v1 = "age-encryption.org/v1\n";
    let salt = told.lines().nth(1).unwrap().split(' ').nth(2).unwrap().to_owned();
    let cases = [
        ("PK\x03\x04".to_owned(), "this is not an age file"),
        ("age-encryption.org/v2\n".to_owned(), "this is not an age file"),
        (format!("{v1}-> X25519 abc\n"), "encrypted to a key"),
        (format!("{v1}-> scrypt {salt} 21\n{body}\n{end}\n"), "2^21 rounds of scrypt; at most 2^20"),
        (format!("{v1}-> scrypt {salt} 01\n{body}\n{end}\n"), "header of this age file is damaged"),
        (format!("{v1}-> scrypt {salt} +1\n{body}\n{end}\n"), "header of this age file is damaged"),
        (format!("{v1}-> scrypt {salt}\n{body}\n{end}\n"), "header of this age file is damaged"),
        (format!("{v1}-> scrypt {salt} 1 2\n{body}\n{end}\n"), "header of this age file is damaged"),
        (format!("{v1}-> scrypt {salt}= 1\n{body}\n{end}\n"), "header of this age file is damaged"),
        (format!("{v1}-> scrypt {salt} 1\n{body}\n-> scrypt {salt} 1\n"), "header of this age file is damaged"),
        (format!("{v1}-> scrypt {salt} 1\n{body}"), "header of this age file is damaged"),
        (format!("{v1}{}", "x".repeat(1_000_000)), "header of this age file is damaged"),
    ];
    for (header, expected) in cases {
        let told = text(&header, b"");
        assert!(told.contains(expected), "{header}\n{told}");
    }
}
