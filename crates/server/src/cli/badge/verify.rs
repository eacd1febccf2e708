//! `tremen badge verify`: every check of a badge with its result, and a verdict in words.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono_tz::Tz;
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;
use tremen_badges::contexts::Contexts;
use tremen_badges::dates;
use tremen_badges::verify::{Answer, Check, Next, Options, Outcome, Person, Report, Step, Verdict, Verification};
use tremen_files::when::parse_begin;
use tremen_rules::Time;

use super::folder;
use crate::cli::desk::{CliError, say, wrong};
use crate::cli::file::read_file;
use crate::clock::{Clock as _, SystemClock};
use crate::fetch::Fetcher;

/// A badge asks for its issuer, its lists and their issuers: no honest one needs more rounds.
const MAX_ROUNDS: usize = 24;

/// Checks a badge.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  tremen badge verify badge.png\n  tremen badge verify badge.json --with documents --at 2026-12-01 \
    --recipient ada@example.org\n\n\
    What the badge rests on (its issuer's keys, its status list, for 2.0 the badge itself) is fetched: https only, public\n\
    addresses only, 5 s, 1 MiB and 3 redirects for each. With --with DIR nothing is fetched: https://HOST/PATH is read from\n\
    DIR/HOST/PATH, DIR/HOST/PATH.json or DIR/HOST/PATH/index.json, the first that is a file.\n\n\
    Exit: 0 valid, 1 refused or nobody can say now, 2 wrong use."
)]
pub struct Verify {
    /// The badge: PNG, SVG, JSON, or a text with a signed token or an address; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Documents by address, in place of the Internet
    #[arg(long, value_name = "DIR")]
    with: Option<PathBuf>,
    /// The instant to verify at, RFC 3339 or a day in UTC; absent: now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Whom it should be for
    #[arg(long, value_name = "EMAIL")]
    recipient: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError::Wrong`] for arguments and files that make no sense.
pub(super) async fn run(this: &Verify) -> Result<ExitCode, CliError> {
    let now = match &this.at {
        Some(text) => parse_begin(text, Tz::UTC).map_err(|error| wrong(format!("--at: {error}")))?,
        None => SystemClock::default().wall(),
    };
    let person = match &this.recipient {
        Some(email) if !email.contains('@') => {
            return Err(wrong(format!("--recipient: `{email}` is no e-mail address")));
        }
        Some(email) => Some(Person { emails: vec![email.clone()], ..Person::default() }),
        None => None,
    };
    if let Some(folder) = this.with.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(wrong(format!("--with: {} is not a folder", folder.display())));
    }
    let file = read_file(&this.file)?;
    let report = verify(&file, Options { person, trust: None, now }, this.with.as_deref()).await?;
    let name = this.file.display().to_string();
    say(&if this.json { json(&name, &report, now).to_string() } else { text(&name, &report, now) });
    Ok(ExitCode::from(u8::from(report.verdict != Verdict::Valid)))
}

async fn verify(file: &[u8], options: Options, with: Option<&std::path::Path>) -> Result<Report, CliError> {
    let contexts = Contexts::pinned();
    let fetcher = Fetcher::new().map_err(CliError::Failed)?;
    let mut verification = Verification::of(file, options, &contexts);
    for _round in 0..MAX_ROUNDS {
        let addresses = match verification.next() {
            Next::Done(report) => return Ok(*report),
            Next::Fetch(addresses) => addresses,
        };
        for (address, answer) in answers(addresses, with, &fetcher).await {
            verification.answer(&address, answer);
        }
    }
    Err(CliError::Failed("the badge asks for ever more documents".to_owned()))
}

async fn answers(addresses: Vec<String>, with: Option<&std::path::Path>, fetcher: &Fetcher) -> Vec<(String, Answer)> {
    if let Some(folder) = with {
        let answer = |address: String| {
            let answer = folder::answer(folder, &address);
            (address, answer)
        };
        return addresses.into_iter().map(answer).collect();
    }
    let mut asked = JoinSet::new();
    for address in addresses {
        let fetcher = fetcher.clone();
        asked.spawn(async move {
            let answer = fetcher.get(&address).await;
            (address, answer)
        });
    }
    asked.join_all().await
}

/// The verdict as a sentence.
fn sentence(verdict: Verdict) -> String {
    match verdict {
        Verdict::Valid => "VALID".to_owned(),
        Verdict::Refused(reason) => format!("NOT VALID: {} ({})", reason.words(), reason.code()),
        Verdict::CannotSay(reason) => {
            format!("CANNOT SAY NOW: {} ({}); ask again later", reason.words(), reason.code())
        }
    }
}

fn result(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "ok",
        Outcome::Refused(_) => "REFUSED",
        Outcome::CannotSay(_) => "?",
        Outcome::NotAsked => "-",
    }
}

fn rows(checks: &[Check], indent: &str) -> String {
    let row = |check: &Check| {
        let code = match check.outcome {
            Outcome::Refused(reason) | Outcome::CannotSay(reason) => format!("{}: ", reason.code()),
            Outcome::Passed | Outcome::NotAsked => String::new(),
        };
        let line = format!("{indent}{:<9}{:<12}{code}{}", result(check.outcome), check.step.words(), check.detail);
        format!("{}\n", shown(line.trim_end_matches([' ', ':'])))
    };
    checks.iter().map(row).collect()
}

/// What a stranger wrote, without anything that a terminal could take for an order.
fn shown(text: &str) -> String {
    // Marks of direction among it: a name that is shown in another order than it is written is another name.
    let turns =
        |c| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c }).collect()
}

fn text(name: &str, report: &Report, now: Time) -> String {
    let claims = &report.claims;
    let version = report.version.map_or("no badge", |version| version.words());
    let mut out = format!("{name}: {version}\n");
    let mut line = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            out.push_str(&format!("  {what:<9}{}\n", shown(&value)));
        }
    };
    line("badge", claims.name.clone());
    line("level", claims.level_name.clone().or_else(|| claims.level.clone()));
    line(
        "issuer",
        match (&claims.issuer_name, &claims.issuer) {
            (Some(name), Some(id)) => Some(format!("{name}, {id}")),
            (name, id) => name.clone().or_else(|| id.clone()),
        },
    );
    line("awarded", claims.awarded_at.map(dates::format));
    line("until", claims.valid_until.map(dates::format));
    out.push('\n');
    out.push_str(&rows(&report.checks, "  "));
    for endorsement in &report.endorsements.seen {
        let by = endorsement.issuer.as_deref().unwrap_or("nobody named");
        let title = format!("endorsement of {} by {by}: {}", endorsement.about.words(), sentence(endorsement.verdict));
        out.push_str(&format!("\n  {}\n{}", shown(&title), rows(&endorsement.checks, "    ")));
    }
    if report.endorsements.unseen > 0 {
        out.push_str(&format!("\n  {} more endorsements were not looked at\n", report.endorsements.unseen));
    }
    out.push_str(&format!("\n{}, at {}\n", sentence(report.verdict), dates::format(now)));
    if report.verdict == Verdict::Valid {
        let open = |check: &Check| (check.step, check.outcome) == (Step::Recipient, Outcome::NotAsked);
        let whose = if report.checks.iter().any(open) { "whose it is (--recipient EMAIL), and " } else { "" };
        out.push_str(&format!("Not asked: {whose}whether its issuer is one that you trust.\n"));
    }
    out
}

fn json(name: &str, report: &Report, now: Time) -> Json {
    let claims = &report.claims;
    let endorsement = |one: &tremen_badges::verify::EndorsementReport| {
        json!({ "about": one.about.words(), "id": one.id, "issuer": one.issuer, "verdict": verdict(one.verdict),
                "reason": reason(one.verdict), "checks": checks(&one.checks) })
    };
    json!({
        "file": name,
        "at": dates::format(now),
        "verdict": verdict(report.verdict),
        "reason": reason(report.verdict),
        "version": report.version.map(|version| version.words()),
        "badge": {
            "id": claims.id, "name": claims.name, "class": claims.class, "level": claims.level,
            "level_name": claims.level_name, "issuer": claims.issuer,
            "issuer_name": claims.issuer_name, "awarded_at": claims.awarded_at.map(dates::format),
            "valid_until": claims.valid_until.map(dates::format),
        },
        "checks": checks(&report.checks),
        "endorsements": report.endorsements.seen.iter().map(endorsement).collect::<Vec<_>>(),
        "endorsements_not_looked_at": report.endorsements.unseen,
    })
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "valid",
        Verdict::Refused(_) => "refused",
        Verdict::CannotSay(_) => "cannot_say",
    }
}

fn reason(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Valid => None,
        Verdict::Refused(reason) | Verdict::CannotSay(reason) => Some(reason.code()),
    }
}

fn checks(checks: &[Check]) -> Json {
    let one = |check: &Check| {
        let (result, reason) = match check.outcome {
            Outcome::Passed => ("passed", None),
            Outcome::Refused(reason) => ("refused", Some(reason.code())),
            Outcome::CannotSay(reason) => ("cannot_say", Some(reason.code())),
            Outcome::NotAsked => ("not_asked", None),
        };
        json!({ "step": check.step.code(), "result": result, "reason": reason, "detail": check.detail })
    };
    checks.iter().map(one).collect()
}
