//! The file with a controller's secrets, as `tremen controller add --json` prints it. Never shown by `Debug`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tremen_controller::Security;
use tremen_wire::{ControllerId, Key};

/// A controller's name and secrets.
#[derive(Clone)]
pub struct KeyFile {
    /// The controller, which is also its MQTT user name and client id.
    pub controller: ControllerId,
    /// Its MQTT password.
    pub password: String,
    /// Its profile, with the key in `sealed`.
    pub security: Security,
    /// Where the broker is, as an address.
    pub broker: String,
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("{path}: {source}; the file is what `tremen controller add --json` printed")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what the registry prints.
    #[error("{path}: {problem}; the file is what `tremen controller add --json` printed")]
    Format {
        /// Which.
        path: PathBuf,
        /// What is wrong with it; never the secret itself.
        problem: String,
    },
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile").field("controller", &self.controller).finish_non_exhaustive()
    }
}

/// The JSON of the file. Other keys are left alone: the registry may say more one day.
#[derive(Deserialize)]
struct Printed {
    controller: String,
    password: String,
    key: Option<String>,
    broker: String,
}

impl KeyFile {
    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyFileError`], which names the file and what is wrong.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| KeyFileError::Unreadable { path: path.to_owned(), source })?;
        if is_open_to_others(path) {
            tracing::warn!(path = %path.display(), "others can read the controller's secrets: chmod 600 would end that");
        }
        Self::parse(&text).map_err(|problem| KeyFileError::Format { path: path.to_owned(), problem })
    }

    /// Reads the text of a key file.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it, without the secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The parser's own message could repeat a part of the secret: only the place is told.
        let printed: Printed = serde_json::from_str(text)
            .map_err(|error| format!("line {} is not the JSON of a controller's secrets", error.line()))?;
        let controller = ControllerId::parse(&printed.controller).map_err(|error| error.to_string())?;
        let security = match printed.key {
            None => Security::Plain,
            Some(key) => {
                Security::Sealed(Key::from_hex(&key).ok_or("`key` is null or 64 lower-case hexadecimal digits")?)
            }
        };
        Ok(Self { controller, password: printed.password, security, broker: printed.broker })
    }
}

fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_key_makes_it_sealed_and_null_makes_it_plain() {
        let sealed =
            format!(r#"{{"controller":"ubo-laser","password":"p","key":"{SECRET}","broker":"mqtt://10.0.0.2:1883"}}"#);
        let file = KeyFile::parse(&sealed).unwrap();
        assert_eq!((file.controller.as_str(), file.broker.as_str()), ("ubo-laser", "mqtt://10.0.0.2:1883"));
        assert!(matches!(file.security, Security::Sealed(key) if key.as_bytes()[..2] == [0x01, 0x23]));
        let plain = r#"{"controller":"capucins-3d","password":"p","key":null,"broker":"mqtt://b","later":1}"#;
        assert!(matches!(KeyFile::parse(plain).unwrap().security, Security::Plain));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for (text, said) in [
            ("", "line 1 is not"),
            (r#"{"controller":"ubo-laser","password":"hush","broker":"b" "#, "line 1 is not"),
            (r#"{"controller":"ubo laser","password":"hush","key":null,"broker":"b"}"#, "a controller's id has"),
            (r#"{"controller":"ubo-laser","password":"hush","key":"ABCD","broker":"b"}"#, "64 lower-case"),
        ] {
            let error = KeyFile::parse(text).unwrap_err();
            assert!(error.contains(said) && !error.contains("hush") && !error.contains("ABCD"), "{error}");
        }
    }

    #[test]
    fn secrets_are_not_shown_by_debug() {
        let text = format!(r#"{{"controller":"ubo-laser","password":"hush","key":"{SECRET}","broker":"b"}}"#);
        let shown = format!("{:?}", KeyFile::parse(&text).unwrap());
        assert!(shown.contains("ubo-laser") && !shown.contains("hush") && !shown.contains("0123"), "{shown}");
    }
}
