//! How a command names an award: by its id, or by person and reference.

use tremen_rules::{AwardId, ReferenceId};

use super::desk::{CliError, Desk, read, wrong};
use crate::store::{StoredAward, Tx};

/// Which award.
#[derive(Debug, Clone, clap::Args)]
pub struct WhichAward {
    /// The award's id; else --person and --reference
    #[arg(value_name = "AWARD", conflicts_with_all = ["person", "reference"])]
    award: Option<String>,
    /// Whose, by the venue's own key
    #[arg(long, requires = "reference")]
    person: Option<String>,
    /// Of which reference
    #[arg(long, requires = "person")]
    reference: Option<String>,
    /// Made by whom, where the person holds it from several
    #[arg(long, requires = "person")]
    issuer: Option<String>,
}

impl WhichAward {
    /// The award that is meant: the newest that nothing supersedes.
    ///
    /// # Errors
    /// When there is none, or several issuers made one.
    pub(super) fn find(&self, desk: &Desk) -> Result<StoredAward, CliError> {
        let (person, reference) = match (&self.award, &self.person, &self.reference) {
            (Some(award), _, _) => {
                let id = read("the award", AwardId::parse(award))?;
                let found = desk.store.read_here(|tx: &mut Tx<'_>| tx.award(&id))?;
                return found.ok_or_else(|| CliError::Failed(format!("award `{id}` does not exist")));
            }
            (None, Some(person), Some(reference)) => (person, reference),
            (None, _, _) => return Err(wrong("which award? its id, or --person and --reference")),
        };
        let reference_id = read("--reference", ReferenceId::parse(reference))?;
        let holder = desk.person(person)?.person;
        let mut held = desk.store.read_here(|tx: &mut Tx<'_>| tx.awards_of(&holder))?;
        held.retain(|it| it.award.reference == reference_id && it.award.superseded_at.is_none());
        held.retain(|it| self.issuer.as_deref().is_none_or(|issuer| it.award.issuer.as_str() == issuer));
        let newest = held.pop().ok_or_else(|| {
            CliError::Failed(format!(
                "`{person}` holds no award of `{reference}`{}",
                self.issuer.as_ref().map(|it| format!(" by `{it}`")).unwrap_or_default()
            ))
        })?;
        if held.iter().any(|other| other.award.issuer != newest.award.issuer) {
            return Err(wrong(format!("`{person}` holds `{reference}` from several issuers: say which with --issuer")));
        }
        Ok(newest)
    }
}
