//! An endorsement: what is supported, by whom and why.

use serde::Serialize;

use super::credential::{Credential, FactsError, Frame, Profile};
use crate::facts::{Addresses, EndorsementFacts};

/// Somebody's support for an award, a class or an issuer (OB3, `EndorsementCredential`).
pub type EndorsementCredential = Credential<EndorsementSubject>;

/// What is supported, and why (OB3, `EndorsementSubject`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndorsementSubject {
    id: String,
    r#type: [&'static str; 1],
    endorsement_comment: String,
}

impl Credential<EndorsementSubject> {
    /// The credential of an endorsement.
    ///
    /// # Errors
    /// [`FactsError::EndsBeforeItBegins`].
    pub fn of(endorsement: &EndorsementFacts, addresses: &Addresses) -> Result<Self, FactsError> {
        let subject = EndorsementSubject {
            id: endorsement.about.clone(),
            r#type: ["EndorsementSubject"],
            endorsement_comment: endorsement.comment.clone(),
        };
        let frame = Frame {
            kind: "EndorsementCredential",
            id: addresses.endorsement(&endorsement.id),
            name: &endorsement.name,
            issuer: Profile::of(&endorsement.issuer),
            from: endorsement.valid_from,
            until: endorsement.valid_until,
            status: &endorsement.status,
        };
        frame.around(subject)
    }
}
