//! The people of an incident: who was there, what they held, who taught them what.

use maud::{Markup, html};
use tremen_rules::months::{age_on, local_date};
use tremen_rules::network::Reference;
use tremen_rules::{IssuerId, Scope};

use super::Page;
use crate::flows::incident_dossier::{AwardLine, Involved};
use crate::words::in_language;

pub(super) fn render(page: &Page<'_>) -> Markup {
    let (there, taught): (Vec<&Involved>, Vec<&Involved>) = page.dossier.people.iter().partition(|it| it.was_there());
    html! {
        h2 { (page.say("Personnes", "People")) }
        @if there.is_empty() { p { (page.say("Personne n’est connu du registre.", "The registry knows of nobody.")) } }
        @for person in there { (one(page, person)) }
        @if !taught.is_empty() {
            h3 { (page.say("Qui les a formées ou leur a montré la machine", "Who taught them or showed them the machine")) }
            ul { @for person in taught { li { (page.dossier.name(&person.row.person)) } } }
        }
    }
}

fn one(page: &Page<'_>, person: &Involved) -> Markup {
    let incident = &page.dossier.incident;
    let day = local_date(incident.span.from, page.dossier.zone);
    let mut parts = Vec::new();
    if person.used {
        parts.push(page.say("a utilisé la machine", "used the machine"));
    } else if person.tapped {
        parts.push(page.say("s’est présenté au lecteur", "tapped at the reader"));
    }
    if person.named {
        parts.push(page.say("désigné comme présent", "named as having been there"));
    }
    html! {
        div.card {
            h3 { (page.dossier.name(&person.row.person)) }
            dl.facts {
                dt { (page.say("Rôle dans les faits", "Part in it")) } dd { (parts.join(", ")) }
                @if let Some(birth) = person.row.birth_date {
                    dt { (page.say("Naissance", "Born")) }
                    dd { (birth.format("%d/%m/%Y")) @if let Some(age) = age_on(birth, day) { ", " (age) " " (page.say("ans ce jour-là", "years old that day")) } }
                }
                dt { (page.say("Adhésions", "Memberships")) }
                dd {
                    @if person.memberships.is_empty() { (page.say("aucune au registre", "none at the registry")) }
                    @for (venue, span) in &person.memberships { div { (venue_name(page, venue)) ", " (page.span(*span)) } }
                }
                dt { (page.say("Prises en main", "Handovers")) }
                dd {
                    @let here: Vec<_> = person.handovers.iter().filter(|it| it.0 == incident.machine).collect();
                    @if here.is_empty() { (page.say("aucune sur cette machine", "none on this machine")) }
                    @for (_, at, by) in here {
                        div { (page.at(*at)) @if let Some(by) = by { ", " (page.say("par", "by")) " " (page.dossier.name(by)) } }
                    }
                }
                dt { (page.say("Suspensions", "Restrictions")) }
                dd {
                    @if person.restrictions.is_empty() { (page.say("aucune", "none")) }
                    @for it in &person.restrictions {
                        div {
                            (scope(page, &it.scope)) ", " (page.span(it.span))
                            @if let Some(ended) = it.ended_at { ", " (page.say("levée le", "lifted on")) " " (page.at(ended)) }
                            @if let Some(why) = &it.why { (page.colon()) (why) }
                        }
                    }
                }
            }
            @if person.awards.is_empty() { p { (page.say("Aucun badge.", "No awards.")) } } @else { (awards(page, person)) }
        }
    }
}

fn awards(page: &Page<'_>, person: &Involved) -> Markup {
    let met: Vec<_> = page
        .dossier
        .taps
        .iter()
        .filter(|it| it.decision.person.as_ref() == Some(&person.row.person))
        .flat_map(|it| it.requirements.iter().flat_map(|it| &it.1))
        .collect();
    html! {
        table {
            thead { tr {
                th { (page.say("Obtenu le", "Issued")) } th { (page.say("Badge", "Award")) } th { (page.say("Émetteur, formateur", "Issuer, trainer")) }
                th { (page.say("Validité", "Validity")) }
            } }
            tbody {
                @for line in &person.awards {
                    @let award = &line.stored.award;
                    tr {
                        td { (page.at(award.issued_at)) }
                        td {
                            strong { (page.title(&award.reference)) } ", " (page.level(award.level)) ", version " (award.version)
                            @if met.contains(&&award.id) { div.ok { (page.say("a rempli une exigence de la machine", "met a requirement of the machine")) } }
                            @match &line.reference {
                                Some(reference) => div { (criteria(page, reference)) },
                                None => div.soft { (page.say("texte de cette version inconnu du registre", "this registry does not know the text of this version")) },
                            }
                        }
                        td {
                            (issuer(page, &award.issuer)) br;
                            @match &line.stored.awarded_by {
                                Some(by) => (page.dossier.name(by)),
                                None => span.soft { (page.say("formateur non indiqué", "trainer not named")) },
                            }
                        }
                        td { (validity(page, line)) }
                    }
                }
            }
        }
    }
}

fn validity(page: &Page<'_>, line: &AwardLine) -> Markup {
    let award = &line.stored.award;
    html! {
        @match award.valid_until {
            Some(until) => { (page.say("jusqu’au", "until")) " " (page.at(until)) },
            None => (page.say("sans fin", "no end")),
        }
        @if let Some(at) = award.superseded_at { div { (page.say("renouvelé le", "renewed on")) " " (page.at(at)) } }
        @if let Some(at) = award.revoked_at {
            div.stop { (page.say("révoqué le", "revoked on")) " " (page.at(at)) @if let Some(why) = &line.stored.why { (page.colon()) (why) } }
        }
        @for it in &line.suspensions {
            div.stop { (page.say("suspendu", "suspended")) " " (page.span(it.effective())) @if let Some(why) = &it.why { (page.colon()) (why) } }
        }
    }
}

/// What a person showed to obtain a reference, in the wording of that version.
pub(super) fn criteria(page: &Page<'_>, reference: &Reference) -> Markup {
    html! {
        @if !reference.criteria.is_empty() {
            span.soft { (page.say("Critères", "Criteria")) (page.colon()) }
            ul { @for it in &reference.criteria { li { (in_language(&it.text, &page.dossier.network, page.language).unwrap_or(&it.id)) } } }
        }
    }
}

/// An issuer's name as it was declared then.
pub(super) fn issuer(page: &Page<'_>, issuer: &IssuerId) -> String {
    page.dossier.network.issuers.get(issuer).map_or_else(|| issuer.to_string(), |it| it.name.clone())
}

fn venue_name(page: &Page<'_>, venue: &tremen_rules::VenueId) -> String {
    page.dossier.network.venues.get(venue).map_or_else(|| venue.to_string(), |it| it.name.clone())
}

fn scope(page: &Page<'_>, scope: &Scope) -> String {
    match scope {
        Scope::Network => page.say("tout le réseau", "the whole network"),
        Scope::Venue(venue) => venue_name(page, venue),
        Scope::Machine(machine) => {
            page.dossier.network.machines.get(machine).map_or_else(|| machine.to_string(), |it| it.name.clone())
        }
        Scope::Reference(reference) => page.title(reference),
        Scope::Issuer(it) => issuer(page, it),
    }
}
