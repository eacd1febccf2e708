//! What a body says of a person, read as the cells of a file of people are.

use tremen_files::person;

use super::super::call::Caller;
use super::super::problem::{Fault, Place, Problem};
use crate::flows::keep_person::Told;
use crate::store::Tx;

/// What a body says of a person.
pub(super) struct Said<'b> {
    pub key: Option<&'b str>,
    pub name: Option<&'b str>,
    pub email: Option<&'b str>,
    pub birth_date: Option<&'b str>,
    pub language: Option<&'b str>,
    pub guardian: Option<&'b str>,
    pub guardian_consent: Option<&'b str>,
}

impl Said<'_> {
    /// The key, empty where none is said, and what is told.
    ///
    /// # Errors
    /// Every fault, each at its field.
    pub(super) fn read(&self, tx: &Tx<'_>, caller: &Caller<'_>) -> Result<(String, Told), Problem> {
        let mut faults = Vec::new();
        let key = field(&mut faults, "/key", self.key, person::key).unwrap_or_default();
        let mut told = Told {
            name: field(&mut faults, "/name", self.name, person::name),
            email: field(&mut faults, "/email", self.email, person::email),
            birth_date: field(&mut faults, "/birth_date", self.birth_date, person::date),
            language: field(&mut faults, "/language", self.language, person::language),
            guardian: None,
            guardian_consent: field(&mut faults, "/guardian_consent", self.guardian_consent, person::date),
        };
        if !faults.is_empty() {
            return Err(Problem::faults(faults));
        }
        if let Some(guardian) = self.guardian {
            told.guardian = Some(caller.named(tx, "/guardian", guardian)?.person);
        }
        Ok((key, told))
    }
}

fn field<T>(
    faults: &mut Vec<Fault>,
    pointer: &str,
    text: Option<&str>,
    read: fn(&str) -> Result<T, String>,
) -> Option<T> {
    read(text?.trim()).map_err(|detail| faults.push(Fault { place: Place::Body(pointer.to_owned()), detail })).ok()
}
