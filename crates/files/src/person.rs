//! What may be said of a person, wherever it is written: in a cell of a file, in a field of a request.
//!
//! Each function reads one text, which has no space around it, and otherwise says what is allowed.

use chrono::NaiveDate;
use tremen_rules::network::Language;

use crate::table::{line_of_text, person_key};
use crate::words::{LANGUAGES, one_of};
use crate::{when, words};

/// A venue's own key for a person: one line of text, at most 128 characters.
///
/// # Errors
/// What is wrong with it.
pub fn key(text: &str) -> Result<String, String> {
    said(text).and_then(person_key)
}

/// A name: one line of text.
///
/// # Errors
/// What is wrong with it.
pub fn name(text: &str) -> Result<String, String> {
    said(text).and_then(line_of_text)
}

/// An e-mail address.
///
/// # Errors
/// What is wrong with it.
pub fn email(text: &str) -> Result<String, String> {
    words::email(text)
}

/// A date without a time.
///
/// # Errors
/// What is wrong with it.
pub fn date(text: &str) -> Result<NaiveDate, String> {
    when::parse_date(text).map_err(|error| error.to_string())
}

/// A language of Tremen.
///
/// # Errors
/// Which there are.
pub fn language(text: &str) -> Result<Language, String> {
    one_of(text, "a language of Tremen", &LANGUAGES)
}

fn said(text: &str) -> Result<&str, String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_wrong_is_said_with_what_is_allowed() {
        assert_eq!(super::key("p-anna"), Ok("p-anna".to_owned()));
        assert!(super::key("").is_err() && super::name("").is_err());
        assert!(super::key(&"k".repeat(129)).unwrap_err().contains("at most 128 characters"));
        assert!(super::name("Anna\nLe Gall").unwrap_err().contains("line break"));
        assert!(super::email("anna").unwrap_err().contains("somebody@example.org"));
        assert!(super::date("1.2.2003").is_err());
        assert!(super::language("de").unwrap_err().contains("`br`"));
    }
}
