//! CBOR in the deterministic encoding of RFC 8949, section 4.2.1: shortest integers and lengths, no indefinite lengths,
//! sorted keys. Start at [`read`] and [`write`]. What is not in that form is refused, also under keys that we do not
//! know: two encodings of one message would let a seal stand for what nobody sealed.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::RangeInclusive;

use crate::fields::{Fields, Label, MAX_DEPTH, Value};
use crate::{MalformedKind, Profile};

// Major types, RFC 8949 section 3.1.
const UINT: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

// What major type 7 says in its first byte, section 3.3.
const FALSE: u8 = 20;
const TRUE: u8 = 21;
const SIMPLE_IN_NEXT_BYTE: u8 = 24;
const SINGLE: u8 = 26;
const DOUBLE: u8 = 27;
const INDEFINITE: u8 = 31;

/// Writes a map of keys.
pub(crate) fn write(fields: &Fields) -> Vec<u8> {
    let mut to = Vec::new();
    write_map(fields, &mut to);
    to
}

/// Writes a byte string.
pub(crate) fn write_bytes(bytes: &[u8], to: &mut Vec<u8>) {
    write_head(BYTES, length(bytes), to);
    to.extend_from_slice(bytes);
}

/// Writes a text.
pub(crate) fn write_text(text: &str, to: &mut Vec<u8>) {
    write_head(TEXT, length(text.as_bytes()), to);
    to.extend_from_slice(text.as_bytes());
}

fn length<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX) // no memory is larger
}

fn write_head(major: u8, argument: u64, to: &mut Vec<u8>) {
    let major = major << 5;
    if let Ok(byte) = u8::try_from(argument) {
        if byte < 24 {
            to.push(major | byte);
        } else {
            to.extend_from_slice(&[major | 24, byte]);
        }
    } else if let Ok(short) = u16::try_from(argument) {
        to.push(major | 25);
        to.extend_from_slice(&short.to_be_bytes());
    } else if let Ok(word) = u32::try_from(argument) {
        to.push(major | 26);
        to.extend_from_slice(&word.to_be_bytes());
    } else {
        to.push(major | 27);
        to.extend_from_slice(&argument.to_be_bytes());
    }
}

fn write_value(value: &Value, to: &mut Vec<u8>) {
    match value {
        Value::Uint(number) => write_head(UINT, *number, to),
        Value::Bool(truth) => to.push((SIMPLE << 5) | if *truth { TRUE } else { FALSE }),
        Value::Bytes(bytes) => write_bytes(bytes, to),
        Value::Text(text) => write_text(text, to),
        Value::Array(items) => {
            write_head(ARRAY, length(items), to);
            for item in items {
                write_value(item, to);
            }
        }
        Value::Map(fields) => write_map(fields, to),
        Value::Other => to.push((SIMPLE << 5) | 22), // null; no message of ours writes it
    }
}

fn write_map(fields: &Fields, to: &mut Vec<u8>) {
    let mut entries: Vec<(Vec<u8>, &Value)> =
        fields.entries().iter().map(|(label, value)| (encoded(label), value)).collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    write_head(MAP, length(&entries), to);
    for (label, value) in entries {
        to.extend_from_slice(&label);
        write_value(value, to);
    }
}

fn encoded(label: &Label) -> Vec<u8> {
    let mut to = Vec::new();
    match label {
        Label::Number(number) => write_head(UINT, *number, &mut to),
        Label::Name(name) => write_text(name, &mut to),
    }
    to
}

/// Reads one map of keys and nothing after it; with a fault, also the keys that came before it.
pub(crate) fn read(bytes: &[u8]) -> (Fields, Result<(), MalformedKind>) {
    let mut fields = Fields::new(Profile::Sealed);
    let mut reader = Reader { rest: bytes };
    let outcome = reader.only_map(&mut fields);
    (fields, outcome)
}

/// Takes a byte string off the front.
pub(crate) fn split_bytes(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader { rest: bytes };
    let head = reader.head().ok()?;
    let string = if head.major == BYTES { reader.take(head.argument).ok()? } else { return None };
    Some((string, reader.rest))
}

struct Head {
    major: u8,
    /// The low five bits of the first byte.
    info: u8,
    argument: u64,
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn only_map(&mut self, into: &mut Fields) -> Result<(), MalformedKind> {
        let head = self.head()?;
        if head.major != MAP {
            return Err(MalformedKind::NotCbor);
        }
        self.map(head.argument, MAX_DEPTH, into)?;
        if self.rest.is_empty() { Ok(()) } else { Err(MalformedKind::Trailing) }
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], MalformedKind> {
        let count = usize::try_from(count).map_err(|_| MalformedKind::NotCbor)?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(MalformedKind::NotCbor)?;
        self.rest = rest;
        Ok(taken)
    }

    fn head(&mut self) -> Result<Head, MalformedKind> {
        let (&first, rest) = self.rest.split_first().ok_or(MalformedKind::NotCbor)?;
        self.rest = rest;
        let (major, info) = (first >> 5, first & 0x1f);
        let (width, least) = match info {
            0..=23 => return Ok(Head { major, info, argument: info.into() }),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            INDEFINITE if (BYTES..=MAP).contains(&major) => return Err(MalformedKind::NotDeterministic),
            _ => return Err(MalformedKind::NotCbor),
        };
        let argument = self.take(width)?.iter().fold(0, |sum: u64, &byte| (sum << 8) | u64::from(byte));
        if major != SIMPLE && argument < least {
            return Err(MalformedKind::NotDeterministic);
        }
        Ok(Head { major, info, argument })
    }

    /// Reads one value, with at most `depth` levels below it.
    fn value(&mut self, depth: usize) -> Result<Value, MalformedKind> {
        let head = self.head()?;
        match head.major {
            UINT => Ok(Value::Uint(head.argument)),
            BYTES => Ok(Value::Bytes(self.take(head.argument)?.into())),
            TEXT => {
                let text = core::str::from_utf8(self.take(head.argument)?).map_err(|_| MalformedKind::NotCbor)?;
                Ok(Value::Text(String::from(text)))
            }
            ARRAY => {
                let below = below(depth)?;
                // Grown item by item: the length is the sender's word, and no more than a word.
                let mut items = Vec::new();
                for _ in 0..head.argument {
                    items.push(self.value(below)?);
                }
                Ok(Value::Array(items))
            }
            MAP => {
                let mut fields = Fields::new(Profile::Sealed);
                self.map(head.argument, below(depth)?, &mut fields)?;
                Ok(Value::Map(fields))
            }
            TAG => self.value(below(depth)?).map(|_| Value::Other),
            SIMPLE => simple(&head),
            _ => Ok(Value::Other), // a negative integer: three bits hold no other
        }
    }

    fn map(&mut self, count: u64, depth: usize, into: &mut Fields) -> Result<(), MalformedKind> {
        let mut previous: &[u8] = &[];
        for _ in 0..count {
            let start = self.rest;
            let label = self.value(depth)?;
            let (encoded, _) = start.split_at_checked(start.len() - self.rest.len()).unwrap_or_default();
            let label = match label {
                Value::Uint(number) => Some(Label::Number(number)),
                Value::Text(name) => Some(Label::Name(name)),
                Value::Bool(_) | Value::Bytes(_) | Value::Array(_) | Value::Map(_) | Value::Other => None,
            };
            match previous.cmp(encoded) {
                Ordering::Less => previous = encoded,
                Ordering::Equal => {
                    label.iter().for_each(|label| into.forget(label));
                    return Err(MalformedKind::Duplicate);
                }
                Ordering::Greater => return Err(MalformedKind::NotDeterministic),
            }
            let value = self.value(depth)?;
            if let Some(label) = label {
                into.push(label, value);
            }
        }
        Ok(())
    }
}

fn below(depth: usize) -> Result<usize, MalformedKind> {
    depth.checked_sub(1).ok_or(MalformedKind::NotCbor)
}

fn simple(head: &Head) -> Result<Value, MalformedKind> {
    let bits = head.argument;
    let is_shortest = match head.info {
        FALSE => return Ok(Value::Bool(false)),
        TRUE => return Ok(Value::Bool(true)),
        SIMPLE_IN_NEXT_BYTE if bits < 32 => return Err(MalformedKind::NotCbor),
        SINGLE => !fits(bits, 23, 8, 113..=142, 10),
        DOUBLE => !fits(bits, 52, 11, 897..=1150, 23),
        _ => true, // other simple values, and halves
    };
    if is_shortest { Ok(Value::Other) } else { Err(MalformedKind::NotDeterministic) }
}

/// Whether a float has the same value in the format of half its width: its exponent is one of the `normal` ones there,
/// or of the few below, which have fewer digits, and the digits that would be lost, of `fraction`, are zero.
fn fits(bits: u64, fraction: u32, exponents: u32, normal: RangeInclusive<u64>, kept: u32) -> bool {
    let all_ones = (1 << exponents) - 1;
    let exponent = (bits >> fraction) & all_ones;
    let is_zero = bits & ((all_ones << fraction) | ((1 << fraction) - 1)) == 0;
    let lacks = normal.start().saturating_sub(exponent); // 0 when normal there
    let lost = u64::from(fraction - kept) + lacks;
    let has_room = exponent <= *normal.end() && lacks <= u64::from(kept) && u64::from(bits.trailing_zeros()) >= lost;
    is_zero || exponent == all_ones || has_room
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn outcome(bytes: &[u8]) -> Result<(), MalformedKind> {
        read(bytes).1
    }

    #[test]
    fn integers_and_lengths_must_be_the_shortest() {
        for (bytes, good) in [
            (&[0xa1, 0x01, 0x17][..], true),
            (&[0xa1, 0x01, 0x18, 0x17], false),
            (&[0xa1, 0x01, 0x18, 0x18], true),
            (&[0xa1, 0x01, 0x19, 0x00, 0xff], false),
            (&[0xa1, 0x01, 0x19, 0x01, 0x00], true),
            (&[0xa1, 0x01, 0x1a, 0x00, 0x00, 0xff, 0xff], false),
            (&[0xa1, 0x01, 0x1a, 0x00, 0x01, 0x00, 0x00], true),
            (&[0xa1, 0x01, 0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], false),
            (&[0xa1, 0x01, 0x1b, 0, 0, 0, 1, 0, 0, 0, 0], true),
            (&[0xa1, 0x18, 0x01, 0x00], false),
            (&[0xb8, 0x01, 0x01, 0x00], false),
            (&[0xa1, 0x01, 0x58, 0x01, 0x00], false),
            (&[0xa1, 0x01, 0x78, 0x01, 0x61], false),
            (&[0xa1, 0x01, 0x98, 0x01, 0x00], false),
            (&[0xa1, 0x01, 0x38, 0x01], false),
            (&[0xa1, 0x01, 0xd8, 0x01, 0x00], false),
        ] {
            let expected = if good { Ok(()) } else { Err(MalformedKind::NotDeterministic) };
            assert_eq!(outcome(bytes), expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn indefinite_lengths_are_refused() {
        for bytes in [
            &[0xbf, 0xff][..],
            &[0xa1, 0x01, 0x9f, 0xff],
            &[0xa1, 0x01, 0x5f, 0x41, 0x00, 0xff],
            &[0xa1, 0x01, 0x7f, 0x61, 0x61, 0xff],
        ] {
            assert_eq!(outcome(bytes), Err(MalformedKind::NotDeterministic), "{bytes:02x?}");
        }
    }

    #[test]
    fn keys_are_sorted_and_there_once() {
        assert_eq!(outcome(&[0xa2, 0x01, 0x00, 0x02, 0x00]), Ok(()));
        assert_eq!(outcome(&[0xa2, 0x02, 0x00, 0x01, 0x00]), Err(MalformedKind::NotDeterministic));
        let (fields, outcome) = read(&[0xa3, 0x01, 0x07, 0x02, 0x08, 0x02, 0x09]);
        assert_eq!(outcome, Err(MalformedKind::Duplicate));
        assert_eq!(fields.entries(), [(Label::Number(1), Value::Uint(7))], "neither of the two is believed");
    }

    #[test]
    fn keys_and_values_of_types_that_we_do_not_know_are_passed_over() {
        let bytes = [
            0xa7, // a map of seven
            0x01, 0x05, // the one that we know
            0x02, 0xf6, // null
            0x18, 0x63, 0x38, 0x63, // -100
            0x20, 0xf9, 0x3e, 0x00, // key -1: 1.5
            0x41, 0x00, 0xf8, 0x20, // key h'00': simple value 32
            0x61, 0x61, 0xc0, 0x61, 0x30, // key "a": a date
            0x80, 0xf7, // key []: undefined
        ];
        let (fields, outcome) = read(&bytes);
        assert_eq!(outcome, Ok(()));
        assert!(fields.entries().contains(&(Label::Number(1), Value::Uint(5))));
    }

    #[test]
    fn what_is_cut_short_or_reserved_is_not_cbor() {
        for bytes in [
            &[][..],
            &[0x00],
            &[0x80],
            &[0xa1],
            &[0xa1, 0x01],
            &[0xa1, 0x01, 0x19, 0x01],
            &[0xa1, 0x01, 0x42, 0x00],
            &[0xa1, 0x01, 0x61, 0xff],
            &[0xa1, 0x01, 0x1c],
            &[0xa1, 0x01, 0x1f],
            &[0xa1, 0x01, 0xff],
            &[0xa1, 0x01, 0xfc],
            &[0xa1, 0x01, 0xf8, 0x1f],
            &[0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xa1, 0x01, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xa1, 0x01, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(outcome(bytes), Err(MalformedKind::NotCbor), "{bytes:02x?}");
        }
        assert_eq!(outcome(&[0xa0, 0x00]), Err(MalformedKind::Trailing));
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |levels: usize| [&[0xa1, 0x01][..], &vec![0x81; levels], &[0x00]].concat();
        assert_eq!(outcome(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(outcome(&nested(MAX_DEPTH + 1)), Err(MalformedKind::NotCbor));
        assert_eq!(outcome(&nested(100_000)), Err(MalformedKind::NotCbor));
        let tags = [&[0xa1, 0x01][..], &vec![0xc1; 100_000], &[0x00]].concat();
        assert_eq!(outcome(&tags), Err(MalformedKind::NotCbor));
    }

    proptest! {
        #[test]
        fn a_float_is_taken_only_in_its_shortest_form(bits: u32, rough in any::<u16>(), wide: u64) {
            let taken = |bytes: &[u8]| outcome(&[&[0xa1, 0x01], bytes].concat()) == Ok(());
            let as_single = |bits: u32| [&[0xfa][..], &bits.to_be_bytes()].concat();
            let as_double = |bits: u64| [&[0xfb][..], &bits.to_be_bytes()].concat();

            // Singles: a half is worth what its definition says (RFC 8949, appendix D).
            let (exponent, fraction) = ((rough >> 10) & 0x1f, f32::from(rough & 0x3ff));
            let of_half = match exponent {
                0 => fraction * 2_f32.powi(-24),
                31 => if fraction == 0.0 { f32::INFINITY } else { f32::NAN },
                _ => (fraction + 1024.0) * 2_f32.powi(i32::from(exponent) - 25),
            };
            prop_assert!(!taken(&as_single(of_half.to_bits())), "{of_half}");
            prop_assert!(taken(&[&[0xf9][..], &rough.to_be_bytes()].concat()));
            if bits & 0x1fff != 0 && (113..=142).contains(&((bits >> 23) & 0xff)) {
                prop_assert!(taken(&as_single(bits)));
            }

            let single = f32::from_bits(bits);
            prop_assert!(!taken(&as_double(f64::from(single).to_bits())), "{single}");
            let double = f64::from_bits(wide);
            #[expect(clippy::cast_possible_truncation, reason = "the question is what the narrower type keeps")]
            let is_shortest = !double.is_nan() && f64::from(double as f32) != double;
            prop_assert_eq!(taken(&as_double(wide)), is_shortest);
        }
    }
}
