//! Verification of any badge, ours or foreign, as the ordered list of checks of the norms, each told with its result.
//!
//! Start at [`Verification`]: a state machine without IO. It names the addresses it needs, the caller fetches them (HTTPS,
//! public addresses, 5 s, 1 MiB, 3 redirects) and hands the answers back, until the report is there. The same file, the
//! same answers and the same instant give the same report.

mod check;
mod credential;
mod endorsements;
mod integrity;
mod jws;
mod keys;
mod read;
mod recipient;
mod report;
mod schema;
mod status;
mod token;
mod v2;
mod validity;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tremen_rules::Time;

pub use check::{Check, Outcome, Reason, Step, Verdict};
pub use read::to_bake;
pub use report::{About, Claims, EndorsementReport, Endorsements, Report, Version};
pub use world::{Answer, url_of as fetchable};

use crate::bake;
use crate::contexts::Contexts;
use crate::json::{id_of, listed, strings};
use credential::{Kind, Setting, is_of_type};
use read::{Content, Form, badge_text, content, form};
use token::Token;
use validity::{instant, period};
use world::World;

/// A person that a badge should be for: what is proven of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Their verified e-mail addresses.
    pub emails: Vec<String>,
    /// Their verified pages.
    pub urls: Vec<String>,
    /// Identifiers that are theirs, a `urn:uuid:` of an anonymous badge among them.
    pub ids: Vec<String>,
}

/// Whom a venue trusts: each issuer's exact id, with the exact ids of its recognised classes, or none for all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// The issuers.
    pub issuers: BTreeMap<String, Option<BTreeSet<String>>>,
}

/// What a verification should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// For whom it should be; none: not asked.
    pub person: Option<Person>,
    /// Whom the venue trusts; none: not asked.
    pub trust: Option<Trust>,
    /// The verifier's clock.
    pub now: Time,
}

/// What a verification does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It needs these addresses answered; all are `https://`, on public names.
    Fetch(Vec<String>),
    /// It is done.
    Done(Box<Report>),
}

/// One verification, from a file to its report.
#[derive(Debug, Clone)]
pub struct Verification<'c> {
    file: Vec<u8>,
    options: Options,
    contexts: &'c Contexts,
    answers: BTreeMap<String, Answer>,
}

impl<'c> Verification<'c> {
    /// The verification of a file: JSON, a token, an address, a PNG or an SVG.
    #[must_use]
    pub fn of(file: &[u8], options: Options, contexts: &'c Contexts) -> Self {
        // One byte more than is ever read, so that too long stays too long.
        let kept = file.get(..=bake::MAX_IMAGE).unwrap_or(file);
        Self { file: kept.to_vec(), options, contexts, answers: BTreeMap::new() }
    }

    /// Gives the answer of an address that [`Next::Fetch`] named.
    pub fn answer(&mut self, address: &str, answer: Answer) {
        self.answers.insert(address.to_owned(), answer);
    }

    /// What is needed next, or the report. An address that stays unanswered is asked again.
    #[must_use]
    pub fn next(&self) -> Next {
        let world = World::new(&self.answers);
        let report = self.report(&world);
        let missing = world.missing();
        if missing.is_empty() { Next::Done(Box::new(report)) } else { Next::Fetch(missing.into_iter().collect()) }
    }

    fn report(&self, world: &World) -> Report {
        let setting = Setting { world, contexts: self.contexts, now: self.options.now };
        let text = match badge_text(&self.file) {
            Ok(text) => text,
            Err(check) => return Report::of(None, vec![check], Claims::default()),
        };
        let read = Check::passed(Step::Read, "the file is readable");
        let mut report = match content(&text, world) {
            Err(check) => return Report::of(None, vec![check], Claims::default()),
            Ok(Content::Json(document)) => self.document(&document, None, &setting),
            Ok(Content::Token(token)) => self.document(&token.credential, Some(&token), &setting),
        };
        report.checks.insert(0, read);
        report.verdict = Verdict::of(&report.checks);
        report
    }

    fn document(&self, document: &Value, token: Option<&Token>, setting: &Setting) -> Report {
        match (form(document), token) {
            (Form::V3, token) => self.v3(document, token, setting),
            (Form::V2, None) => {
                let rules = document.get("verification").or_else(|| document.get("verify"));
                if strings(rules.and_then(|rules| rules.get("type")))
                    .iter()
                    .any(|kind| kind.to_ascii_lowercase().starts_with("signed"))
                {
                    // A signed badge is its token: without it nothing is signed.
                    let proof = Check::refused(Step::Proof, Reason::ProofUnsupported, "signed, but without its token");
                    return Report::of(
                        Some(Version::V2Signed),
                        vec![passed_form("2.0, signed"), proof],
                        Claims::default(),
                    );
                }
                self.v2(v2::hosted(document, setting), Version::V2Hosted)
            }
            (Form::V2, Some(token)) => self.v2(v2::signed(&token.jws, setting), Version::V2Signed),
            (Form::Old(version, name), _) => {
                let detail = format!("a badge of version {name}: shown, not verified");
                let check = Check::refused(Step::Form, Reason::VersionUnsupported, detail);
                Report::of(Some(version), vec![check], Claims::default())
            }
            (Form::None, _) => {
                let check = Check::refused(Step::Form, Reason::NotABadge, read::instead(document));
                Report::of(None, vec![check], Claims::default())
            }
        }
    }

    fn v2(&self, found: v2::Found, version: Version) -> Report {
        let mut checks = vec![passed_form("2.0")];
        checks.extend(found.checks);
        checks.push(recipient::check_v2(found.assertion.get("recipient"), self.options.person.as_ref()));
        checks.push(recipient::trust(&found.claims, self.options.trust.as_ref()));
        let mut report = Report::of(Some(version), checks, found.claims);
        report.endorsements = found.endorsements;
        report
    }

    fn v3(&self, document: &Value, token: Option<&Token>, setting: &Setting) -> Report {
        let is_endorsement = is_of_type(document, &["EndorsementCredential"]);
        let kind = if is_endorsement { Kind::Endorsement } else { Kind::Award };
        let subject = document.get("credentialSubject");
        let claims = v3_claims(document);
        let mut checks = vec![passed_form(if is_endorsement { "3.0, an endorsement" } else { "3.0" })];
        checks.extend(credential::checks(document, kind, token, setting));
        if kind == Kind::Award {
            checks.push(recipient::check_v3(subject, self.options.person.as_ref()));
        }
        checks.push(recipient::trust(&claims, self.options.trust.as_ref()));
        let version = if token.is_some() { Version::V3Jwt } else { Version::V3 };
        let mut report = Report::of(Some(version), checks, claims);
        report.endorsements = endorsements::all(document, setting);
        report
    }
}

fn passed_form(version: &str) -> Check {
    Check::passed(Step::Form, format!("Open Badges {version}"))
}

fn v3_claims(document: &Value) -> Claims {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let (from, until) = period(document);
    let subject = document.get("credentialSubject");
    let achievement = subject.and_then(|subject| subject.get("achievement"));
    let results = listed(subject.and_then(|subject| subject.get("result")));
    let level = results.into_iter().find_map(|result| text(result.get("achievedLevel")));
    let levels = listed(achievement.and_then(|achievement| achievement.get("resultDescription")));
    let levels = levels.into_iter().flat_map(|described| listed(described.get("rubricCriterionLevel")));
    let mut named = levels.filter(|one| level.is_some() && id_of(one) == level.as_deref());
    let level_name = named.find_map(|level| text(level.get("name")));
    let issuer = document.get("issuer");
    Claims {
        id: text(document.get("id")),
        issuer: issuer.and_then(id_of).map(str::to_owned),
        issuer_name: text(issuer.and_then(|issuer| issuer.get("name"))),
        class: achievement.and_then(id_of).map(str::to_owned),
        name: text(document.get("name")),
        level,
        level_name,
        awarded_at: instant(document, "awardedDate").or(from),
        valid_until: until,
    }
}
