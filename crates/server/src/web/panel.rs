//! The state of a machine in words: what it is, why, what now. Tiles, gates and kiosks show the same panel.

use maud::{Markup, html};
use tremen_rules::network::{Offline, Venue};
use tremen_rules::{MachineId, Time};

use super::board::{Glance, Standing, State};
use super::parts::{hazard, icon};
use super::reader::Reader;
use super::texts::Texts;
use crate::words::dates;

/// What a panel says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Panel {
    /// The tint: `ok`, `busy`, `idle`, `warn`, `stop`.
    pub tint: &'static str,
    /// Whether the bar is down.
    pub shut: bool,
    pub icon: &'static str,
    pub title: String,
    pub sentence: Option<String>,
    pub next_icon: &'static str,
    pub next: Option<String>,
}

impl Panel {
    /// The state of a machine.
    pub(super) fn of(at: &Standing<'_>, reader: &Reader) -> Self {
        let texts = reader.texts();
        let say = |text: &str, values: &[&str]| reader.say(text, values);
        let zone = at.venue.time_zone;
        let hour = |t: Time| dates::hour_or_day(t, at.now, zone, reader.language);
        let date = |t: Time| dates::date(t, zone, reader.language);
        let (tint, shut, icon, title) = look(at.glance(), texts);
        let (sentence, next_icon, next) = match &at.shown.state {
            State::OutOfService { since, until, why } => {
                let why = why.trim().trim_end_matches('.');
                let sentence = if why.is_empty() {
                    say(texts.stopped_since, &[&date(*since)])
                } else {
                    say(texts.stopped_why, &[&date(*since), why])
                };
                let back = until.map(|until| say(texts.back_on, &[&date(until)]));
                (sentence, "calendar", back.unwrap_or_else(|| say(texts.ask_when_back, &[])))
            }
            State::Silent { since } => {
                let heard = match since {
                    Some(since) => say(texts.silent_since, &[&hour(*since)]),
                    None => say(texts.silent_never, &[]),
                };
                let lives = match at.machine.offline {
                    Offline::AllowlistHours(hours) if since.is_some() => say(texts.silent_lists, &[&hours.to_string()]),
                    Offline::AllowlistHours(_) | Offline::Deny => say(texts.silent_denies, &[]),
                };
                (format!("{heard} {lives}"), "people", say(texts.tell_mentor, &[]))
            }
            State::InUse { since, stopping } => {
                let since = say(texts.in_use_since, &[&hour(*since)]);
                let sentence = if *stopping { format!("{since} {}", texts.stopping) } else { since };
                (sentence, "clock", say(texts.tap_when_free, &[]))
            }
            State::Free => {
                let opening = at.venue.opening();
                match (opening.is_open(at.now), opening.next_closing(at.now), opening.next_opening(at.now)) {
                    (true, Some(closing), _) => (say(texts.free_until, &[&hour(closing)]), "card", say(texts.tap, &[])),
                    (true, None, _) => (say(texts.free_sentence, &[]), "card", say(texts.tap, &[])),
                    (false, _, Some(opens)) => {
                        (say(texts.venue_closed, &[&at.venue.name]), "clock", say(texts.opens, &[&hour(opens)]))
                    }
                    (false, _, None) => {
                        (say(texts.venue_closed, &[&at.venue.name]), "clock", say(texts.opens_never, &[]))
                    }
                }
            }
        };
        Self { tint, shut, icon, title: say(title, &[]), sentence: Some(sentence), next_icon, next: Some(next) }
    }
}

const fn look(glance: Glance, texts: &Texts) -> (&'static str, bool, &'static str, &'static str) {
    match glance {
        Glance::Free => ("ok", false, "gate-open", texts.free),
        Glance::InUse => ("busy", false, "gate-busy", texts.in_use),
        Glance::Closed => ("idle", true, "gate-shut", texts.closed),
        Glance::OutOfService => ("idle", true, "gate-off", texts.out_of_service),
        Glance::Silent => ("warn", true, "alert", texts.silent),
    }
}

/// The machine in a list of machines.
pub(super) fn tile(at: &Standing<'_>, reader: &Reader) -> Markup {
    let panel = Panel::of(at, reader);
    html! {
        li id=(tile_id(&at.machine.id)) class={ "tile " (panel.tint) } data-say={ (at.machine.name) ", " (panel.title) } {
            div.row.between.top {
                h3 { a href=(reader.href(&format!("/m/{}", at.machine.id))) { (at.machine.name) } }
                (hazard(at.machine.hazard, reader))
            }
            p.c { strong { (icon(panel.icon)) " " (panel.title) } }
            @if let Some(sentence) = &panel.sentence { p.muted.small { (sentence) } }
        }
    }
}

fn tile_id(machine: &MachineId) -> String {
    format!("m-{machine}")
}

/// Whether a venue is open, and until when.
pub(super) fn opening(venue: &Venue, now: Time, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let opening = venue.opening();
    let at = |t: Time| dates::hour_or_day(t, now, venue.time_zone, reader.language);
    let (tint, sign, line) = match (opening.is_open(now), opening.next_closing(now), opening.next_opening(now)) {
        (true, Some(closing), _) => ("ok", "gate-open", reader.say(texts.open_until, &[&at(closing)])),
        (true, None, _) => ("ok", "gate-open", reader.say(texts.open_always, &[])),
        (false, _, Some(opens)) => ("idle", "clock", reader.say(texts.closed_until, &[&at(opens)])),
        (false, _, None) => ("idle", "clock", reader.say(texts.closed_now, &[])),
    };
    html! { p id={ "v-" (venue.id) } { span class={ "tag " (tint) } { (icon(sign)) (line) } } }
}
