//! Verification of any badge, ours or foreign, as the ordered list of checks of the norms, each told with its result.
//!
//! Start at [`Verification`]: a state machine without IO. It names the addresses it needs, the caller fetches them (HTTPS,
//! public addresses, 5 s, 1 MiB, 3 redirects) and hands the answers back, until the report is there. The same file, the
//! same answers and the same instant give the same report.

mod credential;
mod jws;
mod keys;
mod recipient;
mod report;
mod schema;
mod status;
mod v2;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tremen_rules::Time;

pub use report::{About, Check, Claims, EndorsementReport, Outcome, Reason, Report, Step, Verdict, Version};
pub use world::{Answer, url_of as fetchable};

use crate::bake::{self, BakeError};
use crate::contexts::{Contexts, OPEN_BADGES_V2};
use crate::dates;
use crate::json::{JsonError, MAX_TEXT, id_of, listed, parse, strings};
use credential::{Kind, Setting, is_of_type};
use jws::Jws;
use world::{Got, World};

/// How many endorsements inside one badge are looked at.
const MAX_ENDORSEMENTS: usize = 8;

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
            Ok(Content::Token(token)) => self.document(&token.payload.clone(), Some(&token), &setting),
        };
        report.checks.insert(0, read);
        report.verdict = Verdict::of(&report.checks);
        report
    }

    fn document(&self, document: &Value, token: Option<&Jws>, setting: &Setting) -> Report {
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
            (Form::V2, Some(token)) => self.v2(v2::signed(token, setting), Version::V2Signed),
            (Form::Old(version, name), _) => {
                let detail = format!("a badge of version {name}: shown, not verified");
                let check = Check::refused(Step::Form, Reason::VersionUnsupported, detail);
                Report::of(Some(version), vec![check], Claims::default())
            }
            (Form::None, _) => {
                let check = Check::refused(Step::Form, Reason::NotABadge, "it is no badge of any version");
                Report::of(None, vec![check], Claims::default())
            }
        }
    }

    fn v2(&self, found: v2::Found, version: Version) -> Report {
        let mut checks = vec![passed_form("2.0")];
        checks.extend(found.checks);
        checks.push(recipient::check_v2(found.assertion.get("recipient"), self.options.person.as_ref()));
        checks.push(recipient::trust(&found.claims, self.options.trust.as_ref()));
        Report::of(Some(version), checks, found.claims)
    }

    fn v3(&self, document: &Value, token: Option<&Jws>, setting: &Setting) -> Report {
        let is_endorsement = is_of_type(document, &["EndorsementCredential"]);
        let kind = if is_endorsement { Kind::Endorsement } else { Kind::Award };
        let subject = document.get("credentialSubject");
        let claims = v3_claims(document);
        let mut checks = vec![passed_form("3.0")];
        checks.extend(credential::checks(document, kind, token, setting));
        if kind == Kind::Award {
            checks.push(recipient::check_v3(subject, self.options.person.as_ref()));
        }
        checks.push(recipient::trust(&claims, self.options.trust.as_ref()));
        let version = if token.is_some() { Version::V3Jwt } else { Version::V3 };
        let mut report = Report::of(Some(version), checks, claims);
        report.endorsements = endorsements(document, setting);
        report
    }
}

/// Step 10. Each is verified on its own; a bad one is told and refuses nothing.
fn endorsements(document: &Value, setting: &Setting) -> Vec<EndorsementReport> {
    let achievement = document.get("credentialSubject").and_then(|subject| subject.get("achievement"));
    let carriers =
        [(About::Award, Some(document)), (About::Class, achievement), (About::Issuer, document.get("issuer"))];
    let inside = carriers.into_iter().flat_map(|(about, carrier)| {
        let carried = listed(carrier.and_then(|carrier| carrier.get("endorsement")));
        let id = carrier.and_then(id_of);
        carried.into_iter().map(move |endorsement| (about, id, endorsement))
    });
    let one = |(about, id, endorsement): (About, Option<&str>, &Value)| {
        let mut checks = Vec::new();
        if !is_of_type(endorsement, &["EndorsementCredential"]) {
            checks.push(Check::refused(Step::Form, Reason::NotABadge, "it is no endorsement"));
        }
        let target = endorsement.get("credentialSubject").and_then(id_of);
        if target.is_none() || target != id {
            checks.push(Check::refused(
                Step::Form,
                Reason::NotABadge,
                "it endorses something else than what carries it",
            ));
        }
        checks.extend(credential::checks(endorsement, Kind::Endorsement, None, setting));
        EndorsementReport {
            about,
            id: endorsement.get("id").and_then(id_of).map(str::to_owned),
            issuer: endorsement.get("issuer").and_then(id_of).map(str::to_owned),
            verdict: Verdict::of(&checks),
            checks,
        }
    };
    inside.take(MAX_ENDORSEMENTS).map(one).collect()
}

fn passed_form(version: &str) -> Check {
    Check::passed(Step::Form, format!("Open Badges {version}"))
}

/// Step 1: the text that the file holds.
fn badge_text(file: &[u8]) -> Result<String, Check> {
    let refused = |reason, detail: String| Check::refused(Step::Read, reason, detail);
    let first = file.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    if matches!(first, Some(b'{' | b'[' | b'e' | b'h')) {
        if file.len() > MAX_TEXT {
            return Err(refused(Reason::TooBig, format!("{} bytes, at most {MAX_TEXT} are read", file.len())));
        }
        return match core::str::from_utf8(file) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(_) => Err(refused(Reason::Unreadable, "it is not UTF-8".to_owned())),
        };
    }
    bake::unbake(file).map(|baked| baked.text).map_err(|error| {
        let reason = match &error {
            BakeError::NoBadge => Reason::NoBadge,
            BakeError::TooBig { .. } => Reason::TooBig,
            BakeError::Twice => Reason::BakedTwice,
            BakeError::Compressed => Reason::BakedCompressed,
            BakeError::Unreadable(_) | BakeError::NotHarmless(_) => Reason::Unreadable,
        };
        refused(reason, error.to_string())
    })
}

enum Content {
    Json(Value),
    Token(Box<Jws>),
}

/// JSON, a token, or the address of one of them.
fn content(text: &str, world: &World) -> Result<Content, Check> {
    if text.starts_with("https://") || text.starts_with("http://") {
        let unreachable = Reason::DocumentUnreachable;
        return match world.get(text) {
            Got::Json(document) => Ok(Content::Json(document)),
            Got::Text(text) => token_or_json(&text),
            Got::Gone(why) => Err(Check::refused(Step::Read, Reason::Revoked, why.unwrap_or_default())),
            Got::Nothing(why) => Err(Check::refused(Step::Read, unreachable, why)),
            Got::Later(why) => Err(Check::new(Step::Read, Outcome::CannotSay(unreachable), why)),
        };
    }
    token_or_json(text)
}

fn token_or_json(text: &str) -> Result<Content, Check> {
    let read = match Jws::read(text) {
        Some(token) => token.map(|token| Content::Token(Box::new(token))),
        None => parse(text.as_bytes(), MAX_TEXT).map(Content::Json),
    };
    read.map_err(|error| {
        let reason = match error {
            JsonError::TooLong { .. } => Reason::TooBig,
            JsonError::Malformed(_) => Reason::Unreadable,
        };
        Check::refused(Step::Read, reason, error.to_string())
    })
}

/// Under which form a badge's text, JSON or a token, is baked into a picture, and the id that it says; none for what is
/// no badge of 2.0 or 3.0.
#[must_use]
pub fn to_bake(text: &str) -> Option<(bake::Form, Option<String>)> {
    let document = match Jws::read(text) {
        Some(token) => token.ok()?.payload,
        None => parse(text.as_bytes(), MAX_TEXT).ok()?,
    };
    let baked = match form(&document) {
        Form::V3 => bake::Form::V3,
        Form::V2 => bake::Form::V2,
        Form::Old(_, _) | Form::None => return None,
    };
    Some((baked, document.get("id").and_then(id_of).map(str::to_owned)))
}

enum Form {
    V3,
    V2,
    Old(Version, &'static str),
    None,
}

/// Step 2.
fn form(document: &Value) -> Form {
    let contexts = strings(document.get("@context"));
    let member = |name: &str| document.get(name);
    if is_of_type(document, &["VerifiableCredential"]) {
        let known = ["OpenBadgeCredential", "AchievementCredential", "EndorsementCredential"];
        return if is_of_type(document, &known) { Form::V3 } else { Form::None };
    }
    if contexts.contains(&OPEN_BADGES_V2) {
        return if is_of_type(document, &["Assertion"]) { Form::V2 } else { Form::None };
    }
    if contexts.iter().any(|url| url.contains("w3id.org/openbadges/v1")) {
        return Form::Old(Version::V1, "1.1");
    }
    match (member("recipient"), member("badge"), member("verify")) {
        (Some(_), Some(_), Some(verify)) if verify.is_object() => Form::Old(Version::V1, "1.0"),
        (Some(Value::String(_)), Some(badge), None) if badge.get("issuer").is_some_and(Value::is_object) => {
            Form::Old(Version::V05, "0.5")
        }
        _other => Form::None,
    }
}

fn v3_claims(document: &Value) -> Claims {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let date = |name: &str| document.get(name).and_then(Value::as_str).and_then(dates::parse);
    let subject = document.get("credentialSubject");
    let achievement = subject.and_then(|subject| subject.get("achievement"));
    let results = listed(subject.and_then(|subject| subject.get("result")));
    let issuer = document.get("issuer");
    Claims {
        id: text(document.get("id")),
        issuer: issuer.and_then(id_of).map(str::to_owned),
        issuer_name: text(issuer.and_then(|issuer| issuer.get("name"))),
        class: achievement.and_then(id_of).map(str::to_owned),
        name: text(document.get("name")),
        level: results.into_iter().find_map(|result| text(result.get("achievedLevel"))),
        awarded_at: date("awardedDate").or_else(|| date("validFrom")),
        valid_until: date("validUntil"),
    }
}
