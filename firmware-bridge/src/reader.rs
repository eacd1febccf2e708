//! What a card reader sends, as bytes, into card numbers. Start at [`Format`], then [`Splitter::push`].
//!
//! A reader's spelling is declared, never guessed: digits alone may be hex or decimal. A card number is never logged,
//! not even a broken one.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tremen_files::uid::{UidFormat, parse_uid};
use tremen_wire::{Intent, Uid};

/// A line that is longer than this is no card number.
const LONGEST: usize = 64;
/// A reader that was unplugged is looked for again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// A card that lies on the reader is sent again and again: within this time it is the same tap.
const SAME_TAP_MS: u64 = 2_000;

/// How a reader spells a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One card a line, as in a spreadsheet: `hex`, `dec`, `rev` or `dec,rev`.
    Line(UidFormat),
    /// The binary frames of RDM6300 and its kin (125 kHz, EM4100): 02, ten hex digits, two of checksum, 03.
    Rdm6300,
}

impl Format {
    /// Reads the name of a spelling.
    ///
    /// # Errors
    /// A sentence that says what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("rdm6300") {
            return Ok(Self::Rdm6300);
        }
        UidFormat::parse(text)
            .map(Self::Line)
            .map_err(|_| format!("`{text}` is not a reader's format: `hex`, `dec`, `rev`, `dec,rev` or `rdm6300`"))
    }
}

/// What came from the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A card.
    Card(Uid),
    /// A word instead of a card: what the next card is held there for.
    Intent(Intent),
    /// Something that is no card in the declared spelling.
    Unreadable,
}

/// Cuts a reader's bytes into what it saw.
#[derive(Debug)]
pub struct Splitter {
    format: Format,
    buffer: Vec<u8>,
    too_long: bool,
}

impl Splitter {
    /// Nothing read yet.
    #[must_use]
    pub const fn new(format: Format) -> Self {
        Self { format, buffer: Vec::new(), too_long: false }
    }

    /// Takes the next byte; something when it was the last of a card.
    pub fn push(&mut self, byte: u8) -> Option<Seen> {
        match (self.format, byte) {
            (Format::Line(format), b'\n' | b'\r' | b'\t') => {
                let whole = self.take()?;
                Some(whole.and_then(|line| read_line(&line, format)).unwrap_or(Seen::Unreadable))
            }
            (Format::Rdm6300, 0x02) => {
                self.buffer.clear(); // a frame that was cut short is forgotten
                self.too_long = false;
                None
            }
            (Format::Rdm6300, 0x03) => {
                let whole = self.take()?;
                Some(whole.and_then(|frame| read_frame(&frame)).map_or(Seen::Unreadable, Seen::Card))
            }
            (Format::Line(_) | Format::Rdm6300, _) => {
                if self.buffer.len() < LONGEST {
                    self.buffer.push(byte);
                } else {
                    self.too_long = true;
                }
                None
            }
        }
    }

    /// What was collected: none when there is nothing, a none inside when it was too long.
    fn take(&mut self) -> Option<Option<Vec<u8>>> {
        let too_long = std::mem::take(&mut self.too_long);
        let bytes = std::mem::take(&mut self.buffer);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return None; // the second half of a CR LF, or an empty line
        }
        Some((!too_long).then_some(bytes))
    }
}

fn read_line(line: &[u8], format: UidFormat) -> Option<Seen> {
    let text = std::str::from_utf8(line).ok()?.trim();
    if let Some(intent) = Intent::parse(text) {
        return Some(Seen::Intent(intent));
    }
    Uid::new(&parse_uid(text, format).ok()?).map(Seen::Card)
}

/// The five bytes of an EM4100 tag, if the checksum, which is their exclusive or, is right.
fn read_frame(frame: &[u8]) -> Option<Uid> {
    let (digits, checksum) = std::str::from_utf8(frame).ok()?.split_at_checked(10)?;
    let bytes = parse_uid(digits, UidFormat::default()).ok()?;
    let is_hex = checksum.len() == 2 && checksum.bytes().all(|digit| digit.is_ascii_hexdigit());
    let checksum = u8::from_str_radix(checksum, 16).ok().filter(|_| is_hex)?;
    let sum = bytes.iter().fold(0, |sum, byte| sum ^ byte);
    Uid::new(&bytes).filter(|_| bytes.len() == 5 && sum == checksum)
}

/// Tells a tap from a card that still lies on the reader.
#[derive(Debug, Default)]
pub struct SameTap(Option<(Uid, u64)>);

impl SameTap {
    /// Whether this card, seen at this millisecond, is a new tap.
    pub fn is_new(&mut self, card: Uid, now_ms: u64) -> bool {
        let lies_there = self.0.is_some_and(|(last, seen)| last == card && now_ms.saturating_sub(seen) < SAME_TAP_MS);
        self.0 = Some((card, now_ms));
        !lies_there
    }
}

/// Where a reader is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Standard input: a pipe, or the keyboard that a reader plays.
    Standard,
    /// A device, opened again when it goes away.
    Device(PathBuf),
}

impl Source {
    /// Reads `-` or a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text == "-" { Self::Standard } else { Self::Device(PathBuf::from(text)) }
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Standard => Ok(Box::new(io::stdin())),
            Self::Device(path) => Ok(Box::new(File::open(path)?)),
        }
    }
}

/// Reads until there is nothing more to read, or nobody to tell: a device is opened again and again.
pub async fn watch(source: Source, format: Format, tell: mpsc::Sender<Seen>) {
    let mut told = false; // one line for each loss, not one every two seconds
    loop {
        match source.open() {
            Ok(input) => {
                told = false;
                read_all(input, format, tell.clone()).await;
                if source == Source::Standard {
                    tracing::warn!("standard input has ended: no more cards can be read");
                    return;
                }
                tracing::warn!("the reader went away; tries to open it again");
            }
            Err(error) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%error, "the reader cannot be opened; tries again until it can");
                }
            }
        }
        if tell.is_closed() {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Reads in a thread of its own, which a read that never returns keeps for itself alone.
async fn read_all(mut input: Box<dyn Read + Send>, format: Format, tell: mpsc::Sender<Seen>) {
    let (ended, end) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let mut splitter = Splitter::new(format);
        let mut bytes = [0; 64];
        while let Ok(count @ 1..) = input.read(&mut bytes) {
            let seen = bytes.iter().take(count).filter_map(|byte| splitter.push(*byte));
            for seen in seen {
                if tell.blocking_send(seen).is_err() {
                    return; // the bridge has ended
                }
            }
        }
        let _ = ended.send(()); // the bridge may have ended
    });
    match thread {
        Ok(_) => drop(end.await),
        Err(error) => tracing::error!(%error, "no thread for the reader"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(format: &str, bytes: &[u8]) -> Vec<Seen> {
        let mut splitter = Splitter::new(Format::parse(format).unwrap());
        bytes.iter().filter_map(|byte| splitter.push(*byte)).collect()
    }

    fn card(bytes: &[u8]) -> Seen {
        Seen::Card(Uid::new(bytes).unwrap())
    }

    #[test]
    fn a_line_is_a_card_whatever_ends_it() {
        for line in ["04A1B2C3\n", "04:a1:b2:c3\r\n", "04-A1-B2-C3\t", " 04 A1 B2 C3 \r"] {
            assert_eq!(seen("hex", line.as_bytes()), [card(&[4, 0xa1, 0xb2, 0xc3])], "{line:?}");
        }
        assert_eq!(seen("hex", b"04A1B2C3"), [], "not before it has ended");
    }

    #[test]
    fn a_keyboard_wedge_types_decimal_digits_and_enter() {
        assert_eq!(seen("dec", b"0077705923\n"), [card(&[4, 0xa1, 0xb2, 0xc3])]);
        assert_eq!(seen("dec,rev", b"3283263748\n"), [card(&[4, 0xa1, 0xb2, 0xc3])]);
        assert_eq!(seen("rev", b"C3B2A104\n"), [card(&[4, 0xa1, 0xb2, 0xc3])]);
    }

    #[test]
    fn a_word_says_what_the_next_card_is_for() {
        assert_eq!(seen("hex", b"supervise\nend\n"), [Seen::Intent(Intent::Supervise), Seen::Intent(Intent::End)]);
    }

    #[test]
    fn empty_lines_are_nothing_and_other_lines_are_unreadable() {
        assert_eq!(seen("hex", b"\r\n\n  \n"), []);
        assert_eq!(seen("hex", b"hello\n04A1\n\xff\xfe\n00000000\n"), [Seen::Unreadable; 4]);
    }

    #[test]
    fn a_line_that_never_ends_takes_no_memory_and_is_unreadable_once() {
        let mut long = vec![b'A'; 100_000];
        long.extend(b"\n04A1B2C3\n");
        assert_eq!(seen("hex", &long), [Seen::Unreadable, card(&[4, 0xa1, 0xb2, 0xc3])]);
        let mut splitter = Splitter::new(Format::parse("hex").unwrap());
        assert!((0..100_000).all(|_| splitter.push(b'A').is_none()));
        assert!(splitter.buffer.capacity() < 1024);
    }

    #[test]
    fn an_rdm6300_frame_is_five_bytes_with_a_checksum() {
        // 0x62 ^ 0xE3 ^ 0x08 ^ 0x6C ^ 0xED = 0x08
        assert_eq!(seen("rdm6300", b"\x0262E3086CED08\x03"), [card(&[0x62, 0xe3, 0x08, 0x6c, 0xed])]);
        assert_eq!(seen("rdm6300", b"\x0262E3086CED09\x03"), [Seen::Unreadable], "checksum");
        assert_eq!(seen("rdm6300", b"\x0262E3086C\x03"), [Seen::Unreadable], "too short");
        assert_eq!(seen("rdm6300", b"\x0262E3086CED+8\x03"), [Seen::Unreadable], "a sign is no digit");
        assert_eq!(seen("rdm6300", "\u{2}62E3086CEé08\u{3}".as_bytes()), [Seen::Unreadable]);
    }

    #[test]
    fn an_rdm6300_frame_that_was_cut_short_does_not_spoil_the_next() {
        let expected = [card(&[0x62, 0xe3, 0x08, 0x6c, 0xed])];
        assert_eq!(seen("rdm6300", b"\x0262E3\x0262E3086CED08\x03"), expected);
        assert_eq!(seen("rdm6300", b"noise noise\x0262E3086CED08\x03"), expected);
    }

    #[test]
    fn an_unknown_format_is_refused_with_those_that_there_are() {
        let error = Format::parse("wiegand").unwrap_err();
        assert_eq!(error, "`wiegand` is not a reader's format: `hex`, `dec`, `rev`, `dec,rev` or `rdm6300`");
    }

    #[test]
    fn a_card_that_lies_on_the_reader_taps_once() {
        let (a, b) = (Uid::new(&[1, 2, 3, 4]).unwrap(), Uid::new(&[5, 6, 7, 8]).unwrap());
        let mut same = SameTap::default();
        assert!(same.is_new(a, 0));
        assert!(!same.is_new(a, 1_999));
        assert!(!same.is_new(a, 3_000), "it was seen a second ago");
        assert!(same.is_new(b, 3_001), "another card is another tap");
        assert!(same.is_new(a, 3_002));
        assert!(same.is_new(a, 5_002), "it was away for two seconds");
    }
}
