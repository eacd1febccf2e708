//! `cards`: whose card is which.

use chrono_tz::Tz;

use super::cells::line_of_text;
use super::{Column, Identity, Kind, RowError, Table, needed, optional, or_empty, read, write};
use crate::uid::{UidFormat, is_random, parse_uid, print_uid};
use crate::words::one_of;

pub(super) const COLUMNS: [Column; 5] =
    [needed("person"), needed("kind"), needed("uid"), optional("label"), optional("uid_format")];

/// How many bytes the UID of an NTAG 424 DNA has (NXP data sheet, 8.2).
const NTAG424_BYTES: usize = 7;

/// What a card can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CardKind {
    /// Say its UID, which anybody can copy.
    Uid,
    /// Prove itself: NTAG 424 DNA.
    Ntag424,
}

impl CardKind {
    const WORDS: [(&str, Self); 2] = [("uid", Self::Uid), ("ntag424", Self::Ntag424)];

    /// The name in CSV: `uid` or `ntag424`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uid => "uid",
            Self::Ntag424 => "ntag424",
        }
    }
}

/// A person's card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardRow {
    /// Whose it is, by the venue's key.
    pub person: String,
    /// What it can do.
    pub kind: CardKind,
    /// Its UID: 3, 4, 5, 7 or 10 bytes, the most significant first.
    pub uid: Vec<u8>,
    /// What the person calls it.
    pub label: Option<String>,
}

/// Reads a file of cards.
///
/// # Errors
/// Every [`RowError`] of the file, by line.
pub fn read_cards(bytes: &[u8], zone: Tz) -> Result<Table<CardRow>, Vec<RowError>> {
    read(
        Kind::Cards,
        bytes,
        zone,
        |cells| {
            let person = cells.person();
            let kind = cells.needed("kind", |text| one_of(text, "a kind of card", &CardKind::WORDS));
            let faults = cells.errors.len();
            let format = cells.optional("uid_format", UidFormat::parse).unwrap_or_default();
            let uid = if cells.errors.len() == faults {
                cells.needed("uid", |text| parse_uid(text, format))
            } else {
                None // in which spelling it is, nobody knows
            };
            let label = cells.optional("label", line_of_text);
            if let (Some(CardKind::Ntag424), Some(uid)) = (kind, &uid)
                && uid.len() != NTAG424_BYTES
            {
                cells.refuse("uid", format!("has {} bytes; an NTAG 424 DNA has {NTAG424_BYTES}", uid.len()));
            }
            if let Some(uid) = uid.as_deref().filter(|uid| is_random(uid)) {
                cells.warn(format!(
                    "the UID {} begins with 08: most cards and phones that give such a UID make up a new one at each \
                     tap, and will not be known again",
                    print_uid(uid)
                ));
            }
            Some(CardRow { person: person?, kind: kind?, uid: uid?, label })
        },
        |row| Some(Identity { column: Some("uid"), key: print_uid(&row.uid), fact: "this card" }),
    )
}

/// Writes a file of cards; UIDs in hex.
#[must_use]
pub fn write_cards<'r>(rows: impl IntoIterator<Item = &'r CardRow>) -> String {
    write::write(
        Kind::Cards,
        rows.into_iter().map(|row| {
            [
                row.person.clone(),
                row.kind.as_str().to_owned(),
                print_uid(&row.uid),
                or_empty(row.label.as_ref()),
                String::new(),
            ]
        }),
    )
}
