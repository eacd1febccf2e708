//! The dossier of an incident as one page that stands alone: for an insurer or a court, on paper or on a screen. Start at
//! [`render`]. It carries its own style, loads nothing and asks nothing.
//!
//! Instants are told in the venue's zone with their offset from UTC, to the second.

mod chronicle;
mod machine;
mod people;

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use tremen_rules::network::Language;
use tremen_rules::{Span, Time};
use tremen_tlog::TlogProof;

use super::reader::tag;
use crate::flows::incident_dossier::{IncidentDossier, Involved, TapLine};
use crate::flows::prove_entry::ProvenEntry;
use crate::words::typeset;

/// The page's own style; it is printed, sent and filed, so it brings everything along.
const STYLE: &str = include_str!("../../../assets/dossier.css");

/// A file of the dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLine {
    /// Its name.
    pub name: String,
    /// What is in it, for a reader.
    pub what: String,
}

/// What the parts of the page share.
struct Page<'d> {
    dossier: &'d IncidentDossier,
    language: Language,
}

impl Page<'_> {
    /// French where the reader reads it, else English.
    fn say(&self, fr: &str, en: &str) -> String {
        match self.language {
            Language::Fr | Language::Br => typeset(fr, Language::Fr),
            Language::En => typeset(en, Language::En),
        }
    }

    /// A colon, with the space that French wants before it.
    const fn colon(&self) -> &'static str {
        match self.language {
            Language::Fr | Language::Br => "\u{a0}: ",
            Language::En => ": ",
        }
    }

    /// `26/11/2026 15:00:05 +01:00`.
    fn at(&self, time: Time) -> String {
        let format = match self.language {
            Language::Fr | Language::Br => "%d/%m/%Y %H:%M:%S %:z",
            Language::En => "%Y-%m-%d %H:%M:%S %:z",
        };
        time.utc().with_timezone(&self.dossier.zone).format(format).to_string()
    }

    fn span(&self, span: Span) -> String {
        match span.until {
            Some(until) => format!("{} – {}", self.at(span.from), self.at(until)),
            None => format!("{} {}", self.say("depuis", "since"), self.at(span.from)),
        }
    }

    /// Who, or the operator where nobody is named.
    fn who(&self, person: Option<&tremen_rules::PersonId>) -> String {
        match person {
            Some(person) => self.dossier.name(person),
            None => self.say("l’exploitant du registre", "the registry’s operator"),
        }
    }

    fn title(&self, reference: &tremen_rules::ReferenceId) -> String {
        crate::words::title_of(&self.dossier.network, reference, self.language)
    }

    fn level(&self, level: tremen_rules::Level) -> String {
        format!("{} {}", self.say("niveau", "level"), crate::words::level_name(level, self.language))
    }

    /// Whether an instant lies in the time of the incident itself.
    fn during(&self, at: Time) -> bool {
        self.dossier.incident.span.covers(at)
    }
}

/// The whole page; `files` are those that go with it.
#[must_use]
pub fn render(dossier: &IncidentDossier, files: &[FileLine], language: Language) -> String {
    let page = Page { dossier, language };
    let heading = format!(
        "{} {} — {}",
        page.say("Dossier d’incident n°", "Incident file no."),
        dossier.incident.incident,
        dossier.machine.name
    );
    let body = html! {
        (DOCTYPE)
        html lang=(tag(language)) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (heading) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (heading) }
                    p.lede { (dossier.venue.name) @if let Some(address) = &dossier.venue.address { ", " (address) } }
                    p.soft {
                        (page.say("Établi le", "Made on")) " " (page.at(dossier.made_at)) ", "
                        (page.say("heures locales avec leur décalage UTC, fuseau", "local times with their UTC offset, zone")) " "
                        (dossier.zone.name()) "."
                    }
                }
                (what(&page))
                (answers(&page))
                (chronicle::render(&page))
                (people::render(&page))
                (machine::render(&page))
                (notes(&page))
                (proofs(&page, files))
            }
        }
    };
    body.into_string()
}

fn what(page: &Page<'_>) -> Markup {
    let incident = &page.dossier.incident;
    html! {
        dl.facts {
            dt { (page.say("Déclaration", "As reported")) } dd { (incident.why) }
            dt { (page.say("Période", "Time")) } dd { (page.span(incident.span)) }
            dt { (page.say("Ouvert", "Opened")) }
            dd { (page.at(incident.opened_at)) ", " (page.who(incident.opened_by.as_ref())) }
            @if let Some(closed_at) = incident.closed_at {
                dt { (page.say("Clos", "Closed")) }
                dd { (page.at(closed_at)) @if let Some(outcome) = &incident.outcome { (page.colon()) (outcome) } }
            }
            dt { (page.say("Données conservées", "Data kept")) }
            dd {
                @match incident.keep_until {
                    None => (page.say("tant que l’incident est ouvert", "as long as the incident is open")),
                    Some(until) => { (page.say("jusqu’au", "until")) " " (page.at(until)) },
                }
            }
        }
    }
}

/// The five questions, each answered in a sentence or two; what follows proves them.
fn answers(page: &Page<'_>) -> Markup {
    let dossier = page.dossier;
    let used: Vec<&Involved> = dossier.people.iter().filter(|it| used_then(page, it)).collect();
    let granted: Vec<&TapLine> = dossier.taps.iter().filter(|it| opened_then(page, it)).collect();
    html! {
        h2 { (page.say("En bref", "In short")) }
        dl.answers {
            dt { (page.say("Qui utilisait la machine ?", "Who was using the machine?")) }
            dd {
                @if used.is_empty() {
                    (page.say("Aucune séance n’était ouverte au registre pendant la période de l’incident.",
                        "No session was open at the registry during the time of the incident."))
                }
                @for person in &used { p { (person.row.name) ", " (sessions_then(page, person)) "." } }
            }
            dt { (page.say("Cette personne y était-elle autorisée ?", "Was this person allowed to?")) }
            dd {
                @if granted.is_empty() {
                    (page.say("Le registre n’a accordé aucune séance qui dure dans cette période.",
                        "The registry granted no session that lasts into this time."))
                }
                @for tap in &granted { p { (allowed(page, tap)) } }
            }
            dt { (page.say("Qui l’a formée, et à quoi ?", "Who taught this person, and what?")) }
            dd {
                @if granted.is_empty() { "—" }
                @for tap in &granted { (taught(page, tap)) }
            }
            dt { (page.say("La machine était-elle en ordre ?", "Was the machine in order?")) }
            dd { (machine::in_order(page)) }
            dt { (page.say("Qui en répondait, et que savait-on ?", "Who answered for it, and what was known?")) }
            dd { (machine::who_knew(page)) }
        }
    }
}

fn used_then(page: &Page<'_>, person: &Involved) -> bool {
    sessions_of(page, person).next().is_some()
}

/// A person's sessions that lasted into the time of the incident.
fn sessions_of<'p>(page: &'p Page<'_>, person: &'p Involved) -> impl Iterator<Item = &'p crate::store::SessionRow> {
    let span = page.dossier.incident.span;
    page.dossier.sessions.iter().filter(move |it| {
        it.person == person.row.person && it.opened_at < span.end() && it.ended_at.is_none_or(|end| end >= span.from)
    })
}

fn sessions_then(page: &Page<'_>, person: &Involved) -> String {
    let one = |it: &crate::store::SessionRow| match it.ended_at {
        Some(end) => {
            format!("{} {} {} {}", page.say("de", "from"), page.at(it.opened_at), page.say("à", "to"), page.at(end))
        }
        None => {
            format!("{} {}, {}", page.say("depuis", "since"), page.at(it.opened_at), page.say("en cours", "still open"))
        }
    };
    sessions_of(page, person).map(one).collect::<Vec<_>>().join(" ; ")
}

/// Whether a tap opened a session that lasted into the time of the incident.
fn opened_then(page: &Page<'_>, tap: &TapLine) -> bool {
    let span = page.dossier.incident.span;
    page.dossier.sessions.iter().any(|it| {
        it.decision == tap.decision.decision
            && it.opened_at < span.end()
            && it.ended_at.is_none_or(|end| end >= span.from)
    })
}

fn allowed(page: &Page<'_>, tap: &TapLine) -> Markup {
    let who = page.who(tap.decision.person.as_ref());
    html! {
        strong.ok { (page.say("Oui.", "Yes.")) } " "
        (page.say("Accès accordé à", "Access was granted to")) " " (who) " " (page.say("le", "on")) " " (page.at(tap.decision.at))
        " (" (page.say("décision", "decision")) " " (tap.decision.decision) "): "
        @if tap.requirements.is_empty() {
            (page.say("la machine ne demandait aucune habilitation, ou les faits lus ont été effacés.",
                "the machine asked for no award, or the facts that were read have been erased."))
        } @else {
            @let met = tap.requirements.iter().filter(|it| !it.1.is_empty()).count();
            (page.say("exigences remplies", "requirements met")) " " (met) "/" (tap.requirements.len())
            ", " (page.say("règles de la révision", "rules of revision")) " " (tap.revision.unwrap_or(0)) "."
        }
    }
}

fn taught(page: &Page<'_>, tap: &TapLine) -> Markup {
    let person = page.dossier.people.iter().find(|it| Some(&it.row.person) == tap.decision.person.as_ref());
    let met: Vec<_> = tap.requirements.iter().flat_map(|it| &it.1).collect();
    let awards = person.into_iter().flat_map(|it| &it.awards).filter(|it| met.contains(&&it.stored.award.id));
    html! {
        @for award in awards {
            @let it = &award.stored;
            p {
                (page.title(&it.award.reference)) ", " (page.level(it.award.level)) ", version " (it.award.version)  (page.colon())
                @match &it.awarded_by {
                    Some(by) => (page.dossier.name(by)),
                    None => (page.say("formateur non indiqué", "trainer not named")),
                }
                ", " (people::issuer(page, &it.award.issuer)) ", " (page.at(it.award.issued_at)) ". "
                @if let Some(reference) = &award.reference { (people::criteria(page, reference)) }
            }
        }
    }
}

fn notes(page: &Page<'_>) -> Markup {
    html! {
        h2 { (page.say("Notes", "Notes")) }
        @if page.dossier.notes.is_empty() { p { (page.say("Aucune note.", "No notes.")) } }
        @for note in &page.dossier.notes {
            p { strong { (page.at(note.at)) ", " (page.who(note.by.as_ref())) } br; (note.text) }
        }
    }
}

fn proofs(page: &Page<'_>, files: &[FileLine]) -> Markup {
    html! {
        h2 { (page.say("Preuves et fichiers joints", "Proofs and enclosed files")) }
        p {
            (page.say(
                "Chaque décision et chaque acte est une écriture du journal du registre, faite dans la même transaction. L’empreinte d’une \
                 écriture est le SHA-256 de son sel suivi de son contenu : journal.json donne les trois, et la preuve que l’écriture est \
                 au journal (RFC 9162), sous le point de contrôle signé ci-dessous. « tremen journal check journal.json --key CLÉ » \
                 refait tous les calculs, sans le registre ; la clé se demande à l’exploitant, ou à qui a cosigné. SHA256SUMS donne l’empreinte de chaque fichier ; « sha256sum -c \
                 SHA256SUMS » les vérifie. L’empreinte de SHA256SUMS elle-même est inscrite au journal du registre au moment de l’export.",
                "Each decision and each act is an entry of the registry’s journal, made in the same transaction. The digest of an entry is \
                 the SHA-256 of its salt followed by its content: journal.json gives all three, and the proof that the entry is in the \
                 journal (RFC 9162), under the signed checkpoint below. \"tremen journal check journal.json --key KEY\" works all \
                 of it out again, without the registry; ask the operator for the key, or whoever cosigned. SHA256SUMS gives the digest of each file; \"sha256sum -c SHA256SUMS\" checks them. \
                 The digest of SHA256SUMS itself is entered in the registry’s journal when the file is exported.",
            ))
        }
        @for (checkpoint, key) in checkpoints(page) {
            pre { (checkpoint) }
            p.soft { (page.say("clé que le registre dit être la sienne", "key that the registry says is its own")) (page.colon()) code { (key) } }
        }
        @let unproven = page.dossier.proofs.iter().filter(|it| it.proof.is_none()).count();
        @if unproven > 0 {
            p.notice {
                (unproven) " "
                (page.say(
                    "écritures ne sont pas prouvées : elles n’étaient pas encore scellées, ou l’arbre du journal a été modifié.",
                    "entries are not proven: they were not sealed yet, or the journal’s tree was changed.",
                ))
            }
        }
        table {
            thead { tr { th { (page.say("Fichier", "File")) } th { (page.say("Contenu", "Content")) } } }
            tbody { @for file in files { tr { td { (file.name) } td { (file.what) } } } }
        }
        p.notice {
            (page.say(
                "Tremen est une mesure d’organisation : il autorise et enregistre, il ne remplace aucun dispositif de sécurité de la machine. \
                 Ce dossier contient des données personnelles, destinées à l’assureur ou à l’autorité qui l’a demandé, et à personne d’autre.",
                "Tremen is an organisational measure: it allows and records, it replaces no safety device of the machine. This file holds \
                 personal data, meant for the insurer or authority that asked for it and for nobody else.",
            ))
        }
    }
}

/// The checkpoints in which the proofs end, each once, with the key of its signature.
fn checkpoints(page: &Page<'_>) -> BTreeSet<(String, String)> {
    let checkpoint = |it: &ProvenEntry| {
        let proof = TlogProof::parse(it.proof.as_deref()?).ok()?;
        Some((proof.checkpoint.to_string(), it.key.clone()?))
    };
    page.dossier.proofs.iter().filter_map(checkpoint).collect()
}
