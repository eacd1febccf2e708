//! The machine of an incident: what it asked for then, whether it was in order, who answered for it.

use maud::{Markup, html};
use tremen_rules::dossier::Role;
use tremen_rules::network::{AcceptedReferences, Hazard, StopPolicy};

use super::Page;
use super::people::issuer;
use crate::store::JournalLine;

pub(super) fn render(page: &Page<'_>) -> Markup {
    let dossier = page.dossier;
    let machine = &dossier.machine;
    let hazard = match machine.hazard {
        Hazard::Red => page.say("rouge (danger élevé)", "red (high)"),
        Hazard::Amber => page.say("orange (danger moyen)", "amber (medium)"),
        Hazard::Green => page.say("verte (danger faible)", "green (low)"),
    };
    let stop = match machine.stop_policy {
        StopPolicy::Immediate => page.say("immédiat", "immediate"),
        StopPolicy::Graceful(s) => format!("{} {}", page.say("après", "after"), lasting(s)),
        StopPolicy::FinishJob(s) => {
            format!("{} {}", page.say("fin du travail, au plus", "end of the job, at most"), lasting(s))
        }
    };
    html! {
        h2 { (page.say("La machine et les règles d’alors", "The machine and the rules of that time")) }
        dl.facts {
            dt { (page.say("Machine", "Machine")) } dd { (machine.name) " (" (machine.id) "), " (machine.kind) }
            dt { (page.say("Classe de danger", "Hazard class")) } dd { (hazard) }
            dt { (page.say("Habilitations exigées", "Awards required")) }
            dd {
                @if machine.requires.is_empty() { (page.say("aucune", "none")) }
                @for it in &machine.requires {
                    div {
                        (it.references.iter().map(|it| page.title(it)).collect::<Vec<_>>().join(&page.say(" ou ", " or ")))
                        ", " (page.level(it.level)) " " (page.say("au moins", "at least"))
                        @if let Some(version) = it.min_version { ", version " (version) "+" }
                    }
                }
            }
            dt { (page.say("Seul à partir de", "Alone from")) } dd { (page.level(machine.autonomous_from)) }
            dt { (page.say("Prise en main locale", "Local handover")) }
            dd { (if machine.handover { page.say("exigée", "required") } else { page.say("non exigée", "not required") }) }
            @if let Some(age) = machine.min_age { dt { (page.say("Âge minimum", "Minimum age")) } dd { (age) " " (page.say("ans", "years")) } }
            dt { (page.say("Lecture de carte", "Card reading")) } dd { (page.say("niveau", "level")) " " (machine.min_assurance.as_str()) " " (page.say("au moins", "at least")) }
            dt { (page.say("Arrêt", "Stop")) } dd { (stop) }
            dt { (page.say("Reconnaissances", "Recognised issuers")) } dd { (recognised(page)) }
            dt { (page.say("Règles en vigueur", "Rules in force")) }
            dd {
                @for it in &dossier.revisions { div { (page.say("révision", "revision")) " " (it.revision) ", " (page.say("depuis le", "since")) " " (page.at(it.at)) " (E" (it.entry) ")" } }
                @if dossier.revisions.is_empty() { (page.say("inconnues", "unknown")) }
                (page.say("Le texte complet est dans rules.toml.", "The full text is in rules.toml."))
            }
            dt { (page.say("Horloge du registre", "The registry’s clock")) } dd { (clock(page)) }
        }
        h3 { (page.say("Mises hors service", "Locks")) }
        @if dossier.locks.is_empty() { p { (page.say("Aucune depuis quatre-vingt-dix jours avant l’incident.", "None since ninety days before the incident.")) } }
        @for it in &dossier.locks { p { (page.span(it.span)) @if !it.why.is_empty() { (page.colon()) (it.why) } } }
        @if !dossier.earlier.is_empty() {
            h3 { (page.say("Incidents antérieurs", "Earlier incidents")) }
            @for it in &dossier.earlier { p { (page.say("n°", "no.")) " " (it.incident) ", " (page.span(it.span)) (page.colon()) (it.why) } }
        }
    }
}

fn recognised(page: &Page<'_>) -> Markup {
    let (network, venue) = (&page.dossier.network, &page.dossier.venue);
    html! {
        @if let Some(own) = &venue.issuer { div { (issuer(page, own)) " (" (page.say("le lieu lui-même", "the venue itself")) ")" } }
        @for it in network.acceptances.iter().filter(|it| it.venue == venue.id) {
            div {
                (issuer(page, &it.issuer))  (page.colon())
                @match &it.references {
                    AcceptedReferences::All => (page.say("tous les référentiels", "all references")),
                    AcceptedReferences::These(these) => (these.iter().map(|it| page.title(it)).collect::<Vec<_>>().join(", ")),
                }
                @if let Some(version) = it.min_version { ", version " (version) "+" }
                @if let Some(months) = it.max_age_months { ", " (months) " " (page.say("mois au plus", "months at most")) }
                @if it.handover { ", " (page.say("avec prise en main", "with a handover")) }
            }
        }
    }
}

fn clock(page: &Page<'_>) -> String {
    let steps = page.dossier.journal.iter().filter(|it| it.kind.starts_with("clock_")).count();
    if steps == 0 {
        page.say(
            "aucun saut ni doute inscrit au journal autour de l’incident",
            "no step and no doubt is entered in the journal around the incident",
        )
    } else {
        format!("{steps} {}", page.say("événements d’horloge, voir la chronologie", "events of the clock, see above"))
    }
}

/// Faults that the machine or its controller reported around the incident.
fn faults<'p>(page: &'p Page<'_>) -> impl Iterator<Item = &'p JournalLine> {
    let around = page.dossier.incident.around();
    let is_fault =
        |kind: &str| matches!(kind, "machine_faulted" | "controller_tampered" | "relay_stuck" | "order_refused");
    page.dossier
        .journal
        .iter()
        .filter(move |it| around.covers(it.at) && it.at < page.dossier.incident.span.end() && is_fault(&it.kind))
}

pub(super) fn in_order(page: &Page<'_>) -> Markup {
    let start = page.dossier.incident.span.from;
    let locked = page.dossier.locks.iter().any(|it| it.span.covers(start));
    let faults = faults(page).count();
    html! {
        @if locked { (page.say("Elle était mise hors service au registre.", "It was locked at the registry.")) }
        @else { (page.say("Elle était en service au registre.", "It was in service at the registry.")) }
        " "
        @if faults == 0 { (page.say("Aucun défaut n’avait été signalé au registre depuis la veille.", "No fault had been reported to the registry since the day before.")) }
        @else { (faults) " " (page.say("défauts signalés depuis la veille, voir la chronologie.", "faults were reported since the day before, see below.")) }
        " " (page.say("Le registre ne connaît pas l’état mécanique de la machine.", "The registry does not know the machine’s mechanical state."))
    }
}

pub(super) fn who_knew(page: &Page<'_>) -> Markup {
    let dossier = page.dossier;
    html! {
        p {
            @if dossier.responsible.is_empty() { (page.say("Ni gestionnaire ni référent au registre à cette date.", "Neither manager nor referent at the registry at that time.")) }
            @for (place, (role, person)) in dossier.responsible.iter().enumerate() {
                @if place > 0 { ", " }
                (dossier.name(person)) " (" (match role {
                    Role::Referent => page.say("référent de la machine", "referent of the machine"),
                    Role::Trainer | Role::Manager | Role::IssuerAgent | Role::NetworkAdmin | Role::Auditor => page.say("gestionnaire du lieu", "manager of the venue"),
                }) ")"
            }
        }
        p {
            (page.say("Incidents antérieurs sur cette machine : ", "Earlier incidents on this machine: ")) (dossier.earlier.len()) ". "
            (page.say("Mises hors service dans les quatre-vingt-dix jours d’avant : ", "Locks in the ninety days before: "))
            (dossier.locks.iter().filter(|it| it.span.from < dossier.incident.span.from).count()) "."
        }
    }
}

/// A duration in whole minutes and seconds, without the part that is zero.
fn lasting(seconds: u32) -> String {
    match (seconds / 60, seconds % 60) {
        (0, s) => format!("{s} s"),
        (min, 0) => format!("{min} min"),
        (min, s) => format!("{min} min {s} s"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn half_an_hour_is_not_told_in_seconds() {
        assert_eq!([30, 60, 90, 1800].map(super::lasting), ["30 s", "1 min", "1 min 30 s", "30 min"]);
    }
}
