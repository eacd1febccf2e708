//! The files that go with an incident's dossier: the same facts as tables, the rules of that time, the journal with
//! what its digests are made of and what proves it. Start at [`files_of`]. Reads and writes nothing.

use serde_json::json;
use sha2::{Digest, Sha256};
use tremen_rules::network::Language;

use super::checks::print;
use super::export_records::{header, row};
use super::incident_dossier::IncidentDossier;
use super::prove_entry::ProvenEntries;
use crate::keys::hex;

/// A file of the dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DossierFile {
    /// Its name.
    pub name: &'static str,
    /// What is in it, for a reader.
    pub what: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// All of them but the page itself. Instants in them are RFC 3339 in UTC.
#[must_use]
pub fn files_of(dossier: &IncidentDossier, language: Language) -> Vec<DossierFile> {
    let file = |name, fr: &str, en: &str, text: String| DossierFile {
        name,
        what: match language {
            Language::Fr | Language::Br => fr.to_owned(),
            Language::En => en.to_owned(),
        },
        bytes: text.into_bytes(),
    };
    let rules = tremen_files::network_file::write(&dossier.network);
    let journal = journal(dossier);
    vec![
        file("taps.csv", "demandes à la machine et réponses", "what the machine was asked and answered", taps(dossier)),
        file("sessions.csv", "séances", "sessions", sessions(dossier)),
        file(
            "orders.csv",
            "ordres aux contrôleurs, confirmés quand",
            "orders to controllers, confirmed when",
            orders(dossier),
        ),
        file("people.csv", "personnes concernées", "the people concerned", people(dossier)),
        file("awards.csv", "badges de ces personnes", "awards of these people", awards(dossier)),
        file("locks.csv", "mises hors service", "locks of the machine", locks(dossier)),
        file("rules.toml", "règles du réseau d’alors", "the network's rules of that time", rules),
        file(
            "journal.json",
            "écritures du journal, avec sel, contenu, empreinte et preuve d’inclusion",
            "journal entries with salt, content, digest and proof of inclusion",
            journal,
        ),
    ]
}

/// The digests of the files, as `sha256sum` writes and checks them.
#[must_use]
pub fn sums(files: &[DossierFile]) -> String {
    files.iter().map(|file| format!("{}  {}\n", hex(&Sha256::digest(&file.bytes)), file.name)).collect()
}

fn taps(dossier: &IncidentDossier) -> String {
    let mut text = header(&[
        "decision",
        "at",
        "controller",
        "person",
        "intent",
        "verdict",
        "reasons",
        "assurance",
        "revision",
        "awards",
        "entry",
    ]);
    for tap in &dossier.taps {
        let it = &tap.decision;
        let reasons: Vec<&str> = tap.reasons.iter().map(|reason| reason.code()).collect();
        let met: Vec<&str> = tap.requirements.iter().flat_map(|it| &it.1).map(|award| award.as_str()).collect();
        row(
            &mut text,
            &[
                &it.decision.to_string(),
                &print(it.at),
                it.controller.as_str(),
                &it.person.as_ref().map(|person| dossier.name(person)).unwrap_or_default(),
                &it.intent,
                &it.verdict,
                &reasons.join(" "),
                tap.assurance.map_or("", |it| it.as_str()),
                &tap.revision.map(|it| it.to_string()).unwrap_or_default(),
                &met.join(" "),
                &it.entry.to_string(),
            ],
        );
    }
    text
}

fn sessions(dossier: &IncidentDossier) -> String {
    let mut text = header(&["session", "person", "opened_at", "ended_at", "end_why", "used_s", "stop_why", "decision"]);
    for it in &dossier.sessions {
        row(
            &mut text,
            &[
                &it.session.to_string(),
                &dossier.name(&it.person),
                &print(it.opened_at),
                &it.ended_at.map(print).unwrap_or_default(),
                it.end_why.as_deref().unwrap_or_default(),
                &it.used_s.to_string(),
                it.stop_why.as_deref().unwrap_or_default(),
                &it.decision.to_string(),
            ],
        );
    }
    text
}

fn orders(dossier: &IncidentDossier) -> String {
    let mut text =
        header(&["controller", "number", "action", "session", "reason", "at", "tries", "settled", "settled_at"]);
    for it in &dossier.orders {
        row(
            &mut text,
            &[
                it.controller.as_str(),
                &it.number.to_string(),
                it.action.as_str(),
                &it.session.map(|session| session.to_string()).unwrap_or_default(),
                it.reason.as_deref().unwrap_or_default(),
                &print(it.at),
                &it.tries.to_string(),
                it.settled.as_deref().unwrap_or_default(),
                &it.settled_at.map(print).unwrap_or_default(),
            ],
        );
    }
    text
}

fn people(dossier: &IncidentDossier) -> String {
    let mut text = header(&["id", "name", "birth_date", "used", "tapped", "named"]);
    let mark = |it: bool| if it { "yes" } else { "" };
    for it in &dossier.people {
        row(
            &mut text,
            &[
                it.row.person.as_str(),
                &dossier.name(&it.row.person),
                &it.row.birth_date.map(|birth| birth.to_string()).unwrap_or_default(),
                mark(it.used),
                mark(it.tapped),
                mark(it.named),
            ],
        );
    }
    text
}

fn awards(dossier: &IncidentDossier) -> String {
    let mut text = header(&[
        "person",
        "award",
        "reference",
        "version",
        "level",
        "issuer",
        "awarded_by",
        "issued_at",
        "valid_until",
        "superseded_at",
        "revoked_at",
        "why",
        "suspensions",
    ]);
    for person in &dossier.people {
        for line in &person.awards {
            let (stored, it) = (&line.stored, &line.stored.award);
            let suspended = |it: &crate::store::SuspensionRow| {
                let span = it.effective();
                format!("{}/{}", print(span.from), span.until.map(print).unwrap_or_default())
            };
            row(
                &mut text,
                &[
                    &dossier.name(&person.row.person),
                    it.id.as_str(),
                    it.reference.as_str(),
                    &it.version.to_string(),
                    &it.level.number().to_string(),
                    it.issuer.as_str(),
                    &stored.awarded_by.as_ref().map(|by| dossier.name(by)).unwrap_or_default(),
                    &print(it.issued_at),
                    &it.valid_until.map(print).unwrap_or_default(),
                    &it.superseded_at.map(print).unwrap_or_default(),
                    &it.revoked_at.map(print).unwrap_or_default(),
                    stored.why.as_deref().unwrap_or_default(),
                    &line.suspensions.iter().map(suspended).collect::<Vec<_>>().join(" "),
                ],
            );
        }
    }
    text
}

fn locks(dossier: &IncidentDossier) -> String {
    let mut text = header(&["since", "until", "why"]);
    for it in &dossier.locks {
        row(&mut text, &[&print(it.span.from), &it.span.until.map(print).unwrap_or_default(), &it.why]);
    }
    text
}

/// Each entry with salt and content as they are hashed, and a proof that it is in the journal.
fn journal(dossier: &IncidentDossier) -> String {
    let file = ProvenEntries::of(dossier.proofs.clone());
    format!("{:#}\n", json!(file))
}
