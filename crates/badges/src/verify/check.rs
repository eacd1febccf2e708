//! One check of a verification: which step, how it ended and for what reason; and what several checks come to.
//!
//! The codes are stable: logs, pages and the rows of imported badges spell them.

/// What was asked, in the order of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// 1: the file is readable.
    Read,
    /// 2: it is a badge of a known version.
    Form,
    /// 3: every term in it is defined by a known context.
    Contexts,
    /// 4: it has what the norm demands.
    Schema,
    /// 5: the issuer's own document lists the key.
    Key,
    /// 6: the signature, or for a hosted badge its origin.
    Proof,
    /// 7: the dates.
    Dates,
    /// 8: revoked or suspended.
    Status,
    /// 9: it is for this person.
    Recipient,
    /// 11: the venue trusts the issuer and knows the class.
    Trust,
}

impl Step {
    /// The step's code, as logs and pages spell it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Form => "form",
            Self::Contexts => "contexts",
            Self::Schema => "schema",
            Self::Key => "key",
            Self::Proof => "proof",
            Self::Dates => "dates",
            Self::Status => "status",
            Self::Recipient => "recipient",
            Self::Trust => "trust",
        }
    }

    /// What was looked at, in English and in one word, for a table that people read.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Read => "file",
            Self::Form => "kind",
            Self::Contexts => "vocabulary",
            Self::Schema => "content",
            Self::Key => "key",
            Self::Proof => "proof",
            Self::Dates => "dates",
            Self::Status => "revocation",
            Self::Recipient => "person",
            Self::Trust => "trust",
        }
    }
}

/// Why a check failed. Codes are stable: see [`Reason::code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The file can't be read.
    Unreadable,
    /// The picture holds no badge.
    NoBadge,
    /// The file is beyond a limit.
    TooBig,
    /// The picture holds more than one badge.
    BakedTwice,
    /// The badge in the picture is compressed.
    BakedCompressed,
    /// It is no badge.
    NotABadge,
    /// A version that is named, but not verified.
    VersionUnsupported,
    /// A context that is not pinned, or written inline.
    UnknownContext,
    /// A term that no context defines.
    UndefinedTerm,
    /// Something that the norm demands is absent or malformed.
    Schema,
    /// The subject has neither id nor identifier.
    NoSubject,
    /// It ends before it begins.
    Dates,
    /// The issuer's document can't be had.
    IssuerUnreachable,
    /// A hosted document can't be had.
    DocumentUnreachable,
    /// The issuer's document doesn't list the key.
    KeyNotListed,
    /// The key belongs to somebody else.
    KeyOfAnother,
    /// No proof, or none of a known kind.
    ProofUnsupported,
    /// The signature is wrong.
    BadSignature,
    /// Hosted where the issuer doesn't host.
    WrongOrigin,
    /// Its time has not come.
    NotYetValid,
    /// Its time is over.
    Expired,
    /// The status list can't be had.
    StatusUnreachable,
    /// The status list can't be trusted.
    StatusUntrusted,
    /// The issuer revoked it.
    Revoked,
    /// The issuer suspended it.
    Suspended,
    /// It is somebody else's.
    OtherRecipient,
    /// It doesn't say whose it is.
    RecipientUnproven,
    /// The venue doesn't trust the issuer.
    IssuerNotTrusted,
    /// The venue doesn't know the class.
    ClassNotRecognised,
}

impl Reason {
    /// The reason's code, as logs and pages spell it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::NoBadge => "no_badge",
            Self::TooBig => "too_big",
            Self::BakedTwice => "baked_twice",
            Self::BakedCompressed => "baked_compressed",
            Self::NotABadge => "not_a_badge",
            Self::VersionUnsupported => "version_unsupported",
            Self::UnknownContext => "unknown_context",
            Self::UndefinedTerm => "undefined_term",
            Self::Schema => "schema",
            Self::NoSubject => "no_subject",
            Self::Dates => "dates",
            Self::IssuerUnreachable => "issuer_unreachable",
            Self::DocumentUnreachable => "document_unreachable",
            Self::KeyNotListed => "key_not_listed",
            Self::KeyOfAnother => "key_of_another",
            Self::ProofUnsupported => "proof_unsupported",
            Self::BadSignature => "bad_signature",
            Self::WrongOrigin => "wrong_origin",
            Self::NotYetValid => "not_yet_valid",
            Self::Expired => "expired",
            Self::StatusUnreachable => "status_unreachable",
            Self::StatusUntrusted => "status_untrusted",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::OtherRecipient => "other_recipient",
            Self::RecipientUnproven => "recipient_unproven",
            Self::IssuerNotTrusted => "issuer_not_trusted",
            Self::ClassNotRecognised => "class_not_recognised",
        }
    }

    /// The reason as the end of a sentence about the badge, in English.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unreadable => "the file cannot be read",
            Self::NoBadge => "the picture holds no badge",
            Self::TooBig => "the file is beyond what is read",
            Self::BakedTwice => "the picture holds more than one badge",
            Self::BakedCompressed => "the badge in the picture is compressed, which the norm forbids",
            Self::NotABadge => "it is no badge",
            Self::VersionUnsupported => "a version so old that it is shown and never verified",
            Self::UnknownContext => "it names a vocabulary that is not known here",
            Self::UndefinedTerm => "it says something that its vocabularies do not define",
            Self::Schema => "it lacks what the norm demands, or has it in another shape",
            Self::NoSubject => "it does not say whom it is about",
            Self::Dates => "it ends before it begins",
            Self::IssuerUnreachable => "its issuer's document cannot be had",
            Self::DocumentUnreachable => "a document that it rests on cannot be had",
            Self::KeyNotListed => "its issuer does not list the key that signed it",
            Self::KeyOfAnother => "the key that signed it belongs to somebody else",
            Self::ProofUnsupported => "it is not signed in a way that is known here",
            Self::BadSignature => "its signature is wrong: it was changed, or never signed by its issuer",
            Self::WrongOrigin => "it lies where its issuer does not host badges",
            Self::NotYetValid => "its time has not come",
            Self::Expired => "its time is over",
            Self::StatusUnreachable => "whether it was revoked cannot be asked",
            Self::StatusUntrusted => "the list that says whether it was revoked is not to be trusted",
            Self::Revoked => "its issuer revoked it",
            Self::Suspended => "its issuer suspended it",
            Self::OtherRecipient => "it was given to somebody else",
            Self::RecipientUnproven => "nothing shows that it was given to this person",
            Self::IssuerNotTrusted => "its issuer is not trusted here",
            Self::ClassNotRecognised => "this kind of badge is not recognised here",
        }
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It doesn't, and this refuses the badge.
    Refused(Reason),
    /// Nobody can say now: something was not reachable. Ask again later.
    CannotSay(Reason),
    /// It was not asked, or an earlier failure leaves nothing to ask.
    NotAsked,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Which one.
    pub step: Step,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen, for people and logs; never an address of a person.
    pub detail: String,
}

impl Check {
    pub(super) fn new(step: Step, outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { step, outcome, detail: detail.into() }
    }

    pub(super) fn passed(step: Step, detail: impl Into<String>) -> Self {
        Self::new(step, Outcome::Passed, detail)
    }

    pub(super) fn refused(step: Step, reason: Reason, detail: impl Into<String>) -> Self {
        Self::new(step, Outcome::Refused(reason), detail)
    }

    pub(super) fn not_asked(step: Step, detail: impl Into<String>) -> Self {
        Self::new(step, Outcome::NotAsked, detail)
    }
}

/// What all checks come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every check that was asked holds.
    Valid,
    /// Something could not be reached, and nothing refuses the badge: ask again later.
    CannotSay(Reason),
    /// The first check that refuses gives the reason.
    Refused(Reason),
}

impl Verdict {
    /// The verdict of these checks, in their order.
    #[must_use]
    pub fn of(checks: &[Check]) -> Self {
        let first = |wanted: fn(Outcome) -> Option<Reason>| checks.iter().find_map(|check| wanted(check.outcome));
        let refused = first(|outcome| match outcome {
            Outcome::Refused(reason) => Some(reason),
            Outcome::Passed | Outcome::CannotSay(_) | Outcome::NotAsked => None,
        });
        let unsure = first(|outcome| match outcome {
            Outcome::CannotSay(reason) => Some(reason),
            Outcome::Passed | Outcome::Refused(_) | Outcome::NotAsked => None,
        });
        match (refused, unsure) {
            (Some(reason), _) => Self::Refused(reason),
            (None, Some(reason)) => Self::CannotSay(reason),
            (None, None) => Self::Valid,
        }
    }
}
