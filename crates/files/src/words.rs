//! The fixed words of the files, and reading one of them.

use tremen_rules::Assurance;
use tremen_rules::network::{FourEyes, Hazard, IssuerKind, Language, Profile, ReferenceKind};

use crate::nearest::did_you_mean;
use crate::shorten::shortened;

/// Words and what they mean.
pub(crate) type Words<T> = [(&'static str, T)];

pub(crate) const LANGUAGES: [(&str, Language); 3] = [("fr", Language::Fr), ("en", Language::En), ("br", Language::Br)];

pub(crate) const HAZARDS: [(&str, Hazard); 3] =
    [("red", Hazard::Red), ("amber", Hazard::Amber), ("green", Hazard::Green)];

pub(crate) const FOUR_EYES: [(&str, FourEyes); 2] = [("level-3", FourEyes::Level3), ("red", FourEyes::Red)];

pub(crate) const ISSUER_KINDS: [(&str, IssuerKind); 2] =
    [("organisation", IssuerKind::Organisation), ("individual", IssuerKind::Individual)];

pub(crate) const REFERENCE_KINDS: [(&str, ReferenceKind); 5] = [
    ("safety", ReferenceKind::Safety),
    ("competence", ReferenceKind::Competence),
    ("participation", ReferenceKind::Participation),
    ("networking", ReferenceKind::Networking),
    ("portfolio", ReferenceKind::Portfolio),
];

pub(crate) const ASSURANCES: [(&str, Assurance); 3] =
    [("A0", Assurance::A0), ("A1p", Assurance::A1p), ("A1", Assurance::A1)];

pub(crate) const PROFILES: [(&str, Profile); 2] = [("sealed", Profile::Sealed), ("plain", Profile::Plain)];

/// Reads one of a few words; otherwise says which there are.
pub(crate) fn one_of<T: Copy>(text: &str, what: &str, words: &Words<T>) -> Result<T, String> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let meant = did_you_mean(text, words.iter().map(|(word, _)| *word));
    Err(format!("`{}` is not {what}: {}{meant}", shortened(text), listed(words)))
}

/// The word for a value.
pub(crate) fn word<T: PartialEq>(value: &T, words: &'static Words<T>) -> &'static str {
    words.iter().find(|(_, known)| known == value).map_or("", |(word, _)| word)
}

/// The words in a row, as a message names them.
pub(crate) fn listed<T>(words: &Words<T>) -> String {
    words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// An address that mail could reach: something, `@`, something, without blanks.
pub(crate) fn email(text: &str) -> Result<String, String> {
    let well_formed =
        text.split_once('@').is_some_and(|(who, place)| !who.is_empty() && !place.is_empty() && !place.contains('@'));
    if !well_formed || text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Err(format!("`{}` is not an e-mail address: `somebody@example.org`", shortened(text)));
    }
    Ok(text.to_owned())
}
