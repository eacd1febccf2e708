//! `/`: which machine of the network can be used now? All venues with their machines, for everybody.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tremen_rules::network::Venue;

use super::board::{Board, Glance};
use super::panel::{opening, tile};
use super::parts::{Frame, freshness, icon};
use super::reader::Reader;
use super::{Visit, html};

/// Answers `/`.
pub(super) async fn page(visit: Visit) -> Response {
    match visit.board().await {
        Ok((board, reader)) => html(StatusCode::OK, &reader, render(&board, &reader)),
        Err(error) => visit.failed(&error),
    }
}

fn render(board: &Board, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let network = board.network();
    let body = html! {
        div.row.between {
            div {
                h1 { (texts.machines) }
                p.muted { (reader.say(texts.home_lede, &[&network.settings.name])) }
                (summary(board, reader))
            }
            (freshness(board.now, network.settings.time_zone, reader))
        }
        @if network.venues.is_empty() {
            div.empty { (icon("pin")) p { (texts.no_network) } }
        }
        div.stack-l { @for venue in network.venues.values() { (section(board, venue, reader)) } }
    };
    let stream = Some(reader.stream("/flux"));
    Frame { reader, network: Some(network), title: texts.machines, stream, narrow: false }.page(&body)
}

fn section(board: &Board, venue: &Venue, reader: &Reader) -> Markup {
    let machines = board.machines_of(venue);
    let heading = format!("lieu-{}", venue.id);
    html! {
        section.stack aria-labelledby=(heading) {
            div.row.between {
                div {
                    h2 id=(heading) { (venue.name) }
                    @if let Some(address) = &venue.address { p.muted.small { (icon("pin")) " " (address) } }
                }
                (opening(venue, board.now, reader))
            }
            @if machines.is_empty() { p.muted { (reader.texts().no_machine_here) } }
            @else { ul.grid { @for machine in &machines { (tile(machine, reader)) } } }
        }
    }
}

/// How many machines are in which state.
fn summary(board: &Board, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let glances: Vec<Glance> = board
        .network()
        .machines
        .keys()
        .filter_map(|machine| board.machine(machine.as_str()))
        .map(|machine| machine.glance())
        .collect();
    let counted = Glance::ALL.into_iter().filter_map(|kind| {
        let count = glances.iter().filter(|glance| **glance == kind).count();
        let [one, many] = match kind {
            Glance::Free => texts.count_free,
            Glance::InUse => texts.count_in_use,
            Glance::Closed => texts.count_closed,
            Glance::OutOfService => texts.count_out_of_service,
            Glance::Silent => texts.count_silent,
        };
        (count > 0).then(|| reader.say(if count == 1 { one } else { many }, &[&count.to_string()]))
    });
    let line = counted.collect::<Vec<_>>().join(", ");
    html! { p #resume .lede { @if !line.is_empty() { (line) "." } } }
}

/// The parts of the page that change, each with an id of its own.
pub(super) fn fragments(board: &Board, venue: Option<&Venue>, reader: &Reader) -> Vec<Markup> {
    let venues: Vec<&Venue> = venue.map_or_else(|| board.network().venues.values().collect(), |venue| vec![venue]);
    let mut parts = if venue.is_none() { vec![summary(board, reader)] } else { Vec::new() };
    for venue in venues {
        parts.push(opening(venue, board.now, reader));
        parts.extend(board.machines_of(venue).iter().map(|machine| tile(machine, reader)));
    }
    parts
}
