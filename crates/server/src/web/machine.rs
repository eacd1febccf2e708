//! `/m/{machine}`: may I use it, and if not, what next? The gate first, then what the machine asks for and how to get it.
//!
//! Without a sign-in it shows state and conditions, never a refusal of a person.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tremen_rules::counting::Recognition;
use tremen_rules::network::{Machine, Offline, Reference, Requirement};
use tremen_rules::{Assurance, Level, ReferenceId};

use super::board::{Board, Glance, Standing};
use super::panel::{Panel, opening};
use super::parts::{Frame, freshness, hazard, icon};
use super::reader::Reader;
use super::{Visit, html};
use crate::words::{dates, in_language, level_name, title_of};

/// Answers `/m/{machine}`.
pub(super) async fn page(Path(machine): Path<String>, visit: Visit) -> Response {
    match visit.board().await {
        Ok((board, reader)) => match board.machine(&machine) {
            Some(standing) => html(StatusCode::OK, &reader, render(&board, &standing, &reader)),
            None => visit.no_such_machine(),
        },
        Err(error) => visit.failed(&error),
    }
}

fn render(board: &Board, at: &Standing<'_>, reader: &Reader) -> Markup {
    let Standing { network, machine, venue, .. } = *at;
    let body = html! {
        p.crumb { a href=(reader.href(&format!("/#lieu-{}", venue.id))) { (venue.name) } }
        div.stack {
            h1 { (machine.name) }
            div.row.between {
                div.row { (hazard(machine.hazard, reader)) span.mono { (machine.id) } }
                (freshness(at.now, venue.time_zone, reader))
            }
        }
        div.split {
            div.stack-l { (gate(board, at, reader)) (asks(at, reader)) }
            aside.stack-l aria-label=(reader.texts().conditions) { (conditions(at, reader)) (hours(at, reader)) }
        }
    };
    let stream = Some(reader.stream(&format!("/flux/machine/{}", machine.id)));
    Frame { reader, network: Some(network), title: &machine.name, stream, narrow: false }.page(&body)
}

/// The state, and the next step right under the bar; the part of the page that changes.
pub(super) fn gate(board: &Board, at: &Standing<'_>, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let panel = Panel::of(at, reader);
    let other = (at.glance() != Glance::Free).then(|| board.free_one_like(at)).flatten();
    html! {
        section #porte class={ "gate " (panel.tint) @if panel.shut { " shut" } } aria-labelledby="etat"
            data-say={ (at.machine.name) ", " (panel.title) } {
            div.gate-say {
                (icon(panel.icon))
                h2 #etat { (panel.title) }
                @if let Some(sentence) = &panel.sentence { p { (sentence) } }
            }
            div.gate-next.stack-s {
                h3 { (texts.now_what) }
                @if let Some(next) = &panel.next { p { (next) } }
                @if let Some(other) = other {
                    p { (reader.say(texts.also_free, &[&other.machine.name, &other.venue.name])) }
                    div.row {
                        a.btn href=(reader.href(&format!("/m/{}", other.machine.id))) {
                            (icon("pin")) (reader.say(texts.see_it, &[&other.machine.name]))
                        }
                    }
                }
            }
        }
    }
}

/// What the machine asks for, each reference with how to obtain it.
fn asks(at: &Standing<'_>, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let requires = &at.machine.requires;
    html! {
        section.stack aria-labelledby="demande" {
            h2 #demande { (texts.asks) }
            @if requires.is_empty() { p { (reader.say(texts.asks_nothing, &[])) } }
            @if requires.len() > 1 { p { (reader.say(texts.asks_all, &[])) } }
            @for requirement in requires {
                @if requirement.references.len() > 1 { p { (reader.say(texts.any_of, &[])) } }
                @for reference in &requirement.references { (card(at, requirement, reference, reader)) }
            }
            p.muted.small { (reader.say(texts.public_page, &[])) }
        }
    }
}

fn card(at: &Standing<'_>, requirement: &Requirement, id: &ReferenceId, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let language = reader.language;
    let reference = at.network.references.get(id);
    let level = reader.say(texts.from_level, &[&level_name(requirement.level, language)]);
    let oldest =
        reference.map_or(1, |reference| reference.oldest_valid_version).max(requirement.min_version.unwrap_or(1));
    html! {
        article.card.stack {
            div.row.between.top {
                h3 { (title_of(at.network, id, language)) }
                @if let Some(reference) = reference { (hazard(reference.hazard, reader)) }
            }
            p {
                (icon("badge")) " " (level)
                @if oldest > 1 { ", " (reader.say(texts.from_version, &[&oldest.to_string()])) }
                "."
                @if let Some(reference) = reference {
                    " "
                    @match reference.valid_months {
                        Some(months) => (reader.say(texts.valid_months, &[&months.to_string()])),
                        None => (reader.say(texts.valid_without_end, &[])),
                    }
                }
            }
            @if let Some(reference) = reference { (to_show(at, reference, reader)) }
            (recognised(at, id, reader))
            div.stack-s {
                p { strong { (texts.how) } }
                p { (reader.say(texts.how_desk, &[&at.venue.name])) }
                @if let Some(level) = reference.and_then(|reference| inducted(at, reference)) {
                    p { (reader.say(texts.how_induction, &[&level_name(level, language)])) }
                }
            }
        }
    }
}

/// The level that an induction at the machine gives. The venue's own issuer awards it, so it takes one.
fn inducted(at: &Standing<'_>, reference: &Reference) -> Option<Level> {
    at.venue.issuer.as_ref()?;
    reference.induction_level
}

fn to_show(at: &Standing<'_>, reference: &Reference, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let language = reader.language;
    let text = |criterion: &tremen_rules::network::Criterion| {
        in_language(&criterion.text, at.network, language).unwrap_or(&criterion.id).to_owned()
    };
    html! {
        @for wanted in &reference.prerequisites {
            p { (reader.say(texts.prerequisite, &[
                &title_of(at.network, &wanted.reference, language),
                &level_name(wanted.level, language),
            ])) }
        }
        @if !reference.criteria.is_empty() {
            div.stack-s {
                p { strong { (texts.to_show) } }
                ul.checks { @for criterion in &reference.criteria {
                    li.busy { (icon("check")) span { (text(criterion)) } }
                } }
            }
        }
    }
}

/// Whose badges for a reference the venue accepts, and on which conditions.
fn recognised(at: &Standing<'_>, reference: &ReferenceId, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let lines: Vec<(String, String)> = at
        .network
        .issuers
        .values()
        .filter_map(|issuer| {
            let conditions = match Recognition::of(at.network, at.venue, &issuer.id, reference) {
                Recognition::Own => texts.venues_own.to_owned(),
                Recognition::Rule(rule) => {
                    let version = rule.min_version.map(|it| reader.say(texts.since_version, &[&it.to_string()]));
                    let age = rule.max_age_months.map(|it| reader.say(texts.younger_than, &[&it.to_string()]));
                    let handover = rule.handover.then(|| texts.with_handover.to_owned());
                    [version, age, handover].into_iter().flatten().collect::<Vec<_>>().join(", ")
                }
                Recognition::Not => return None,
            };
            Some((issuer.name.clone(), conditions))
        })
        .collect();
    html! {
        div.stack-s {
            p { strong { (texts.recognised) } }
            @if lines.is_empty() { p { (reader.say(texts.recognised_nobody, &[])) } }
            ul.checks { @for (issuer, conditions) in &lines {
                li.ok {
                    (icon("check"))
                    span { (issuer) @if !conditions.is_empty() { br; span.muted.small { (conditions) } } }
                }
            } }
        }
    }
}

fn conditions(at: &Standing<'_>, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let machine = at.machine;
    let level = |level: Level| level_name(level, reader.language);
    let age = machine.min_age.map(|age| reader.say(texts.age_from, &[&age.to_string()]));
    let card = match machine.min_assurance {
        Assurance::A0 => texts.card_a0,
        Assurance::A1p => texts.card_a1p,
        Assurance::A1 => texts.card_a1,
    };
    let alone = if machine.autonomous_from > Level::Discovery {
        reader.say(texts.alone_from, &[&level(machine.autonomous_from), &level(machine.supervisor_level)])
    } else {
        texts.alone_always.to_owned()
    };
    let offline = match machine.offline {
        Offline::Deny => texts.offline_deny.to_owned(),
        Offline::AllowlistHours(hours) => reader.say(texts.offline_list, &[&hours.to_string()]),
    };
    html! {
        section.stack-s {
            h2 { (texts.conditions) }
            dl.facts {
                dt { (texts.membership) } dd { (membership(at, reader)) }
                dt { (texts.age) } dd { (age.unwrap_or_else(|| texts.age_any.to_owned())) }
                dt { (texts.card) } dd { (card) }
                dt { (texts.handover) }
                dd { (if machine.handover { texts.handover_asked } else { texts.handover_not }) }
                dt { (texts.alone) } dd { (alone) }
                dt { (texts.session) } dd { (session(machine, reader)) }
                dt { (texts.offline) } dd { (offline) }
            }
        }
    }
}

fn membership(at: &Standing<'_>, reader: &Reader) -> String {
    let texts = reader.texts();
    if !at.machine.members_only.unwrap_or(at.venue.members_only) {
        return texts.no_membership.to_owned();
    }
    let others: Vec<&str> = at
        .venue
        .reciprocal
        .iter()
        .filter_map(|id| at.network.venues.get(id))
        .map(|venue| venue.name.as_str())
        .collect();
    if others.is_empty() {
        reader.say(texts.member_of, &[&at.venue.name])
    } else {
        reader.say(texts.or_member_of, &[&at.venue.name, &others.join(", ")])
    }
}

fn session(machine: &Machine, reader: &Reader) -> String {
    let texts = reader.texts();
    let longest = machine.max_session_minutes.map(|it| reader.say(texts.session_longest, &[&it.to_string()]));
    let idle = machine.idle_minutes.map(|it| reader.say(texts.session_idle, &[&it.to_string()]));
    let limits: Vec<String> = [longest, idle].into_iter().flatten().collect();
    if limits.is_empty() { texts.session_open.to_owned() } else { limits.join(". ") }
}

fn hours(at: &Standing<'_>, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let language = reader.language;
    let today = dates::calendar_day(at.now, at.venue.time_zone);
    let week = at.venue.hours.as_ref().map(|hours| {
        hours.days().map(|(_, shifts)| {
            let shifts = shifts.iter().map(|shift| {
                format!(
                    "{} – {}",
                    dates::hour_of_day(shift.begins(), language),
                    dates::hour_of_day(shift.ends(), language)
                )
            });
            shifts.collect::<Vec<_>>().join(", ")
        })
    });
    let closed: Vec<String> = at
        .venue
        .closed
        .0
        .iter()
        .filter(|range| range.last() >= today)
        .map(|range| {
            let [first, last] = [range.first(), range.last()].map(|day| dates::calendar_date(day, language));
            if first == last { first } else { reader.say(texts.closed_from_to, &[&first, &last]) }
        })
        .collect();
    html! {
        section.stack-s.rule {
            h2 { (texts.hours) }
            (opening(at.venue, at.now, reader))
            @if let Some(week) = week {
                dl.facts { @for (day, shifts) in week.iter().enumerate() {
                    dt { (dates::weekday(day, language)) }
                    dd.num { (if shifts.is_empty() { texts.day_closed } else { shifts }) }
                } }
            }
            @if !closed.is_empty() {
                h3 { (texts.closed_days) }
                ul.list { @for range in &closed { li { (range) } } }
            }
        }
    }
}
