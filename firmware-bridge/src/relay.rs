//! The relay: on screen, or a file that switches something. Start at [`Relay::parse`].
//!
//! INVARIANT (open unless told): it is open from the start, and it opens when it is dropped, so that whatever way the
//! program ends by itself the machine has no power. A program that is killed outright can't do that: see the README for
//! what the system around it must do then.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// A relay that could not be switched.
#[derive(Debug, thiserror::Error)]
#[error("the relay {path} could not be switched: {source}")]
pub struct RelayError {
    /// Its file.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// What the relay is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Contact {
    /// Words on a screen alone.
    Screen,
    /// `1` closes and `0` opens: a GPIO line's or an LED's file.
    File(PathBuf),
}

/// A relay. It opens when it is dropped.
#[derive(Debug)]
pub struct Relay {
    contact: Contact,
    closed: bool,
}

impl Relay {
    /// Reads `screen` or `file:PATH`. The relay is not touched yet.
    ///
    /// # Errors
    /// A sentence that says what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let contact = match text.strip_prefix("file:") {
            Some(path) if !path.is_empty() => Contact::File(PathBuf::from(path)),
            None if text == "screen" => Contact::Screen,
            Some(_) | None => {
                return Err(format!(
                    "`{text}` is not a relay: `screen`, or `file:PATH` of a file that takes 1 and 0, \
                     such as `file:/sys/class/gpio/gpio17/value`"
                ));
            }
        };
        Ok(Self { contact, closed: false })
    }

    /// Whether it was last told to close.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Gives the machine power, or takes it away. To open is said again even if it was said before.
    ///
    /// # Errors
    /// [`RelayError`] when the file cannot be written.
    pub fn set(&mut self, closed: bool) -> Result<(), RelayError> {
        if let Contact::File(path) = &self.contact {
            // Never created: a path with a fault in it must not become a file that switches nothing.
            OpenOptions::new()
                .write(true)
                .open(path)
                .and_then(|mut file| file.write_all(if closed { b"1" } else { b"0" }))
                .map_err(|source| RelayError { path: path.clone(), source })?;
        }
        self.closed = closed;
        Ok(())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Err(error) = self.set(false) {
            tracing::error!(%error, "the machine may still have power");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::Folder;

    fn relay(folder: &Folder) -> (Relay, PathBuf) {
        let path = folder.0.join("value");
        std::fs::write(&path, "0").unwrap();
        (Relay::parse(&format!("file:{}", path.display())).unwrap(), path)
    }

    #[test]
    fn one_closes_and_nought_opens() {
        let folder = Folder::new("relay-set");
        let (mut relay, path) = relay(&folder);
        relay.set(true).unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), relay.is_closed()), ("1", true));
        relay.set(false).unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), relay.is_closed()), ("0", false));
    }

    #[test]
    fn whatever_ends_the_program_the_relay_opens() {
        let folder = Folder::new("relay-drop");
        let (mut relay, path) = relay(&folder);
        relay.set(true).unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _held = relay;
            panic!("a fault");
        }));
        assert!(panicked.is_err());
        assert_eq!(std::fs::read_to_string(path).unwrap(), "0");
    }

    #[test]
    fn a_file_that_is_not_there_is_not_made() {
        let folder = Folder::new("relay-missing");
        let path = folder.0.join("no-such-line");
        let error = Relay::parse(&format!("file:{}", path.display())).unwrap().set(true).unwrap_err();
        assert!(error.to_string().contains("no-such-line"));
        assert!(!path.exists());
    }

    #[test]
    fn only_the_screen_and_a_file_are_relays() {
        for wrong in ["", "gpio17", "file:", "Screen", "/sys/class/gpio/gpio17/value"] {
            assert!(Relay::parse(wrong).unwrap_err().contains("is not a relay"), "{wrong}");
        }
    }
}
