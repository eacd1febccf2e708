//! Steps 1 and 2: the badge that a file holds, and of which version it is.
//!
//! Start at [`badge_text`], then [`content`] and [`form`].

use serde_json::Value;

use super::check::{Check, Outcome, Reason, Step};
use super::credential::is_of_type;
use super::jws::Jws;
use super::report::Version;
use super::token::Token;
use super::world::{Got, World};
use crate::bake::{self, BakeError};
use crate::contexts::OPEN_BADGES_V2;
use crate::json::{JsonError, MAX_TEXT, id_of, parse, strings};

/// Step 1: the text that the file holds.
pub(super) fn badge_text(file: &[u8]) -> Result<String, Check> {
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
        if reason == Reason::NoBadge {
            let advice = "many sites and messengers take it out, the file that its issuer gave has it";
            refused(reason, format!("{error}; {advice}"))
        } else if reason == Reason::Unreadable && !bake::is_picture(file) {
            refused(reason, "it is neither JSON, nor a token, nor a PNG or SVG picture".to_owned())
        } else {
            refused(reason, error.to_string())
        }
    })
}

/// What was read.
pub(super) enum Content {
    Json(Value),
    Token(Box<Token>),
}

/// JSON, a token, or the address of one of them.
pub(super) fn content(text: &str, world: &World) -> Result<Content, Check> {
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
    let read = match Jws::read(text, MAX_TEXT) {
        Some(jws) => jws.map(|jws| Content::Token(Box::new(Token::of(jws)))),
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

/// What a document that is no badge seems to be: people take one of the several files around a badge for it.
pub(super) fn instead(document: &Value) -> String {
    let kinds = [
        (
            &["BitstringStatusListCredential", "StatusList2021Credential", "RevocationList"][..],
            "a list of revoked badges",
        ),
        (&["VerifiablePresentation"], "a presentation: give each badge in it by itself"),
        (&["VerifiableCredential"], "a credential of another kind: its type names neither a badge nor an endorsement"),
        (&["BadgeClass", "Achievement"], "a class: what can be awarded, and not an award of it"),
        (&["Issuer", "Profile"], "an issuer's profile"),
        (&["CryptographicKey"], "an issuer's key"),
        (&["Endorsement"], "an endorsement of 2.0: give the badge that it endorses"),
    ];
    let found = kinds.iter().find(|(types, _)| is_of_type(document, types)).map(|(_, words)| *words);
    let found =
        found.or_else(|| document.get("verificationMethod").map(|_| "an issuer's document, which lists its keys"));
    found.map_or_else(
        || "it is no badge of any version".to_owned(),
        |words| format!("it is no badge, it seems to be {words}"),
    )
}

/// Under which form a badge's text, JSON or a token, is baked into a picture, and the id that it says; none for what is
/// no badge of 2.0 or 3.0.
#[must_use]
pub fn to_bake(text: &str) -> Option<(bake::Form, Option<String>)> {
    let document = match Jws::read(text, MAX_TEXT) {
        Some(jws) => Token::of(jws.ok()?).credential,
        None => parse(text.as_bytes(), MAX_TEXT).ok()?,
    };
    let baked = match form(&document) {
        Form::V3 => bake::Form::V3,
        Form::V2 => bake::Form::V2,
        Form::Old(_, _) | Form::None => return None,
    };
    Some((baked, document.get("id").and_then(id_of).map(str::to_owned)))
}

/// Which norm a document follows.
pub(super) enum Form {
    V3,
    V2,
    Old(Version, &'static str),
    None,
}

/// Step 2.
pub(super) fn form(document: &Value) -> Form {
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
