//! `/moi`: what may I use, and what do I have to do for the rest? For whoever is signed in, about nobody else.
//!
//! What it says of a machine is what `tremen explain` says of the person there: both read `flows::outlook`.

use axum::http::StatusCode;
use axum::response::Response;
use chrono_tz::Tz;
use maud::{Markup, html};
use tremen_rules::network::Machine;
use tremen_rules::{Decision, Scope, Span, Time};

use super::own_texts::OwnTexts;
use super::parts::{Frame, hazard, icon};
use super::reader::Reader;
use super::{Visit, html};
use crate::flows::award_state::AwardState;
use crate::flows::outlook::Outlook;
use crate::flows::see_oneself::{self, Oneself, OwnCard};
use crate::store::StoredAward;
use crate::words::{Asked, dates, denial_text, level_name, title_of};

/// Answers `/moi`; who is not signed in is told how to be.
pub(super) async fn page(visit: Visit) -> Response {
    let visitor = match visit.visitor().await {
        Ok(Some(visitor)) => visitor,
        Ok(None) => return visit.go_to("/connexion", None),
        Err(error) => return visit.failed(&error),
    };
    match visit.state.store.read(move |tx| see_oneself::run(tx, &visitor)).await {
        Ok(oneself) => {
            let reader = Reader::of(&visit.uri, &visit.headers, Some(&oneself.network));
            html(
                StatusCode::OK,
                &reader,
                Page { me: &oneself, reader: &reader, own: OwnTexts::of(reader.language) }.whole(),
            )
        }
        Err(error) => visit.failed(&error),
    }
}

struct Page<'p> {
    me: &'p Oneself,
    reader: &'p Reader,
    own: &'static OwnTexts,
}

impl Page<'_> {
    fn whole(&self) -> Markup {
        let Self { me, reader, own } = self;
        let body = html! {
            div { h1 { (reader.say(own.mine, &[])) } p.lede { (self.who()) } }
            div.split {
                div.stack-l {
                    (self.running())
                    (self.machines())
                    (self.awards())
                }
                aside.stack-l aria-label=(own.cards_and_roles) {
                    (self.cards())
                    (self.standing())
                    section.rule.stack-s {
                        h2 { (own.this_browser) }
                        p { (reader.say(own.stays_signed_in, &[])) }
                        form method="post" action=(reader.href("/deconnexion")) {
                            button type="submit" { (own.sign_out) }
                        }
                    }
                }
            }
        };
        Frame { reader, network: Some(&me.network), title: own.mine, stream: None, narrow: false }.page(&body)
    }

    /// The name, and of which venues they are a member now.
    fn who(&self) -> String {
        let Self { me, reader, own } = self;
        let member: Vec<&str> = me
            .facts
            .memberships
            .iter()
            .filter(|held| held.span.covers(me.now))
            .map(|held| self.venue(held.venue.as_str()))
            .collect();
        if member.is_empty() {
            me.row.name.clone()
        } else {
            reader.say(own.member_of, &[&me.row.name, &member.join(", ")])
        }
    }

    fn running(&self) -> Markup {
        let Self { me, reader, own } = self;
        html! {
            @for session in &me.sessions {
                section.gate.busy aria-label=(own.running) {
                    div.gate-say {
                        (icon("gate-busy"))
                        h2 { (self.machine_name(session.machine.as_str())) }
                        p { (reader.say(own.running_since, &[&self.hour(session.opened_at)])) }
                    }
                    @if session.stop_order.is_some() {
                        div.gate-next { p { (reader.texts().stopping) } }
                    }
                }
            }
        }
    }

    /// The answer at each machine: what may be used first.
    fn machines(&self) -> Markup {
        let Self { me, reader, own } = self;
        let known = me.machines.iter().filter_map(|(id, outlook)| Some((me.network.machines.get(id)?, outlook)));
        let mut machines: Vec<(&Machine, &Outlook)> = known.collect();
        let order = |outlook: &Outlook| match outlook.decision {
            Decision::Grant(_) => 0,
            Decision::More(_) => 1,
            Decision::Deny(_) => 2,
        };
        machines.sort_by_key(|(machine, outlook)| (order(outlook), &machine.venue, &machine.name, &machine.id));
        html! {
            section.stack aria-labelledby="machines" {
                h2 #machines { (reader.say(own.may_use, &[])) }
                p.muted.small { (reader.say(own.as_of, &[&self.hour(me.now)])) }
                ul.grid { @for (machine, outlook) in machines { (self.machine(machine, outlook)) } }
            }
        }
    }

    fn machine(&self, machine: &Machine, outlook: &Outlook) -> Markup {
        let Self { me, reader, own } = self;
        let asked = Asked { network: &me.network, machine: machine.id.as_str(), now: me.now };
        let (tint, sign, word) = match outlook.decision {
            Decision::Grant(_) => ("ok", "gate-open", own.yes),
            Decision::More(_) => ("warn", "people", own.not_alone),
            Decision::Deny(_) => ("stop", "gate-shut", own.no),
        };
        let against = outlook.decision.reasons().map_or(&[][..], |reasons| reasons.objections());
        let until = outlook.until.map(|(until, _)| reader.say(own.until_hour, &[&self.hour(until)]));
        html! {
            li class={ "tile " (tint) } data-machine=(machine.id) data-verdict=(outlook.decision.verdict()) {
                div.row.between.top {
                    h3 { a href=(reader.href(&format!("/m/{}", machine.id))) { (machine.name) } }
                    (hazard(machine.hazard, reader))
                }
                p.muted.small { (icon("pin")) " " (self.venue(machine.venue.as_str())) }
                p { span class={ "tag " (tint) } { (icon(sign)) (reader.say(word, &[])) } }
                @if matches!(outlook.decision, Decision::Grant(_)) {
                    p.muted.small { (until.unwrap_or_else(|| reader.say(own.without_known_end, &[]))) }
                }
                @for objection in against {
                    @let text = denial_text(objection, &asked, Some(&me.facts), reader.language);
                    div.stack-s data-reason=(objection.reason.code()) {
                        p { strong { (text.title) } }
                        p { (text.sentence) }
                        @if let Some(next) = &text.next { p.muted { (icon("arrow")) " " (next) } }
                    }
                }
            }
        }
    }

    /// What needs an act comes first, then what stands; what was superseded is history.
    fn awards(&self) -> Markup {
        let Self { me, reader, own } = self;
        let mut shown: Vec<(&StoredAward, AwardState)> = me
            .awards
            .iter()
            .map(|award| (award, AwardState::of(&award.award, me.now)))
            .filter(|(_, state)| *state != AwardState::Superseded)
            .collect();
        shown.sort_by_key(|(award, state)| {
            (*state == AwardState::Standing && !self.is_outdated(award), award.award.issued_at)
        });
        html! {
            section.stack aria-labelledby="badges" {
                h2 #badges { (own.my_badges) }
                @if shown.is_empty() {
                    p { (reader.say(own.no_badge, &[])) }
                }
                @for (award, state) in shown { (self.award(award, state)) }
            }
        }
    }

    fn is_outdated(&self, held: &StoredAward) -> bool {
        let reference = self.me.network.references.get(&held.award.reference);
        reference.is_some_and(|reference| held.award.version < reference.oldest_valid_version)
    }

    fn award(&self, held: &StoredAward, state: AwardState) -> Markup {
        let Self { me, reader, own } = self;
        let award = &held.award;
        let suspended = award.suspensions.iter().find(|span| span.covers(me.now));
        let from = |text, at: Option<Time>| at.map(|at| reader.say(text, &[&self.date(at)]));
        let (tint, sign, word, when) = match state {
            AwardState::Revoked => ("stop", "cross", own.revoked, from(own.since_day, award.revoked_at)),
            AwardState::Suspended => {
                ("warn", "pause", own.suspended, self.through(suspended.and_then(|span| span.until)))
            }
            AwardState::Expired => ("stop", "gate-shut", own.expired, from(own.since_day, award.valid_until)),
            AwardState::ToCome => ("idle", "calendar", own.to_come, from(own.from_day, Some(award.issued_at))),
            AwardState::Standing | AwardState::Superseded if self.is_outdated(held) => {
                ("warn", "renew", own.outdated, self.through(award.valid_until))
            }
            AwardState::Standing | AwardState::Superseded => {
                ("ok", "check", own.valid, self.through(award.valid_until))
            }
        };
        let when = when.unwrap_or_else(|| reader.say(own.without_end, &[]));
        let issuer = me.network.issuers.get(&award.issuer).map_or(award.issuer.as_str(), |issuer| issuer.name.as_str());
        let reference = me.network.references.get(&award.reference);
        html! {
            article class={ "tile " (tint) } data-award=(award.id) data-state=(state.as_str()) {
                div.row.between.top {
                    h3 { (title_of(&me.network, &award.reference, reader.language)) }
                    span class={ "tag " (tint) } { (icon(sign)) (reader.say(word, &[])) }
                }
                div.row {
                    @if let Some(reference) = reference { (hazard(reference.hazard, reader)) }
                    span.muted { (when) }
                }
                p { (reader.say(own.level_and_version, &[&level_name(award.level, reader.language), &award.version.to_string()])) }
                p.muted.small { (reader.say(own.issued_by, &[issuer, &self.date(award.issued_at)])) }
            }
        }
    }

    fn cards(&self) -> Markup {
        let Self { me, reader, own } = self;
        html! {
            section.stack-s {
                h2 { (own.my_cards) }
                @if me.cards.is_empty() { p { (reader.say(own.no_card, &[])) } }
                @for card in &me.cards { (self.card(card)) }
                @if !me.cards.is_empty() { p.hint { (reader.say(own.lost_card, &[])) } }
            }
        }
    }

    fn card(&self, card: &OwnCard) -> Markup {
        let Self { me, reader, own } = self;
        let kind = if card.ntag424 { own.secure_card } else { own.plain_card };
        let blocked = card.blocks.iter().any(|span| span.covers(me.now));
        html! {
            p {
                (icon("card")) " " (reader.say(kind, &[]))
                @if let Some(ends) = &card.ends { " " span.mono { "··· " (ends) } }
                @if let Some(label) = &card.label { br; span.muted { (label) } }
                @if blocked { " " span.tag.stop { (icon("lock")) (own.blocked) } }
            }
        }
    }

    /// Memberships, roles, restrictions: what holds now or will.
    fn standing(&self) -> Markup {
        let Self { me, own, .. } = self;
        let facts = &me.facts;
        let lasts = |span: &Span| span.until.is_none_or(|until| until > me.now);
        let memberships = facts.memberships.iter().filter(|held| lasts(&held.span));
        let memberships = memberships.map(|held| (self.venue(held.venue.as_str()).to_owned(), held.span)).collect();
        let roles = facts.roles.iter().filter(|held| lasts(&held.span));
        let roles =
            roles.map(|held| (format!("{}, {}", own.role(held.role), self.scope(&held.scope)), held.span)).collect();
        let restrictions = facts.restrictions.iter().filter(|held| lasts(&held.span));
        let restrictions = restrictions.map(|held| (self.scope(&held.scope), held.span)).collect();
        html! {
            (self.list(own.my_memberships, memberships))
            (self.list(own.my_roles, roles))
            (self.list(own.my_restrictions, restrictions))
        }
    }

    fn list(&self, title: &str, lines: Vec<(String, Span)>) -> Markup {
        let Self { me, reader, own } = self;
        let when = |span: &Span| {
            let from = (span.from > me.now).then(|| reader.say(own.from_day, &[&self.date(span.from)]));
            let through = self.through(span.until);
            [from, through].into_iter().flatten().collect::<Vec<_>>().join(", ")
        };
        html! {
            @if !lines.is_empty() {
                section.rule.stack-s {
                    h2 { (title) }
                    ul.list { @for (line, span) in &lines {
                        @let when = when(span);
                        li { (line) @if !when.is_empty() { br; span.muted { (when) } } }
                    } }
                }
            }
        }
    }

    fn scope(&self, scope: &Scope) -> String {
        let Self { me, reader, own } = self;
        match scope {
            Scope::Network => own.whole_network.to_owned(),
            Scope::Venue(id) => self.venue(id.as_str()).to_owned(),
            Scope::Machine(id) => self.machine_name(id.as_str()).to_owned(),
            Scope::Reference(id) => title_of(&me.network, id, reader.language),
            Scope::Issuer(id) => me.network.issuers.get(id).map_or(id.to_string(), |issuer| issuer.name.clone()),
        }
    }

    fn venue<'a>(&'a self, id: &'a str) -> &'a str {
        self.me.network.venues.get(id).map_or(id, |venue| venue.name.as_str())
    }

    fn machine_name<'a>(&'a self, id: &'a str) -> &'a str {
        self.me.network.machines.get(id).map_or(id, |machine| machine.name.as_str())
    }

    /// The last day of something that ends at an instant, which is most often a midnight.
    fn through(&self, until: Option<Time>) -> Option<String> {
        until.map(|until| self.reader.say(self.own.until_day, &[&self.date(until.plus_millis(-1))]))
    }

    fn zone(&self) -> Tz {
        self.me.network.settings.time_zone
    }

    fn date(&self, at: Time) -> String {
        dates::date(at, self.zone(), self.reader.language)
    }

    fn hour(&self, at: Time) -> String {
        dates::hour_or_day(at, self.me.now, self.zone(), self.reader.language)
    }
}
