//! `/flux...`: server-sent events for open pages. The same functions that render a page render its fragments; a fragment
//! is sent when it differs from the last one sent, and the hour with every board that was read.
//!
//! A reader that does not keep up is dropped: the browser comes back by itself and begins with the present state.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::Markup;
use tokio::sync::{mpsc, watch};
use tremen_rules::{MachineId, VenueId};

use super::board::Board;
use super::reader::Reader;
use super::{Visit, event_stream, home, kiosk, machine as machine_page};
use crate::words::dates;

/// So many rounds of news may wait for a reader.
const WAITING: usize = 8;

/// What a stream is about.
#[derive(Debug, Clone)]
enum About {
    Network,
    Venue(VenueId),
    Machine(MachineId),
    Kiosk(MachineId),
}

/// Answers `/flux`: all machines.
pub(super) async fn network(visit: Visit) -> Response {
    stream(visit, |_| Some(About::Network)).await
}

/// Answers `/flux/lieu/{venue}`: the machines of a venue.
pub(super) async fn venue(Path(venue): Path<String>, visit: Visit) -> Response {
    let known = |board: &Board| board.network().venues.get(venue.as_str()).map(|venue| About::Venue(venue.id.clone()));
    stream(visit, known).await
}

/// Answers `/flux/machine/{machine}`: a machine's gate; with `?vue=kiosque` its kiosk.
pub(super) async fn machine(Path(machine): Path<String>, visit: Visit) -> Response {
    let is_kiosk = visit.uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "vue=kiosque"));
    let known = |board: &Board| {
        let id = board.machine(&machine)?.machine.id.clone();
        Some(if is_kiosk { About::Kiosk(id) } else { About::Machine(id) })
    };
    stream(visit, known).await
}

async fn stream(visit: Visit, known: impl FnOnce(&Board) -> Option<About>) -> Response {
    let Some(seat) = visit.state.door.seat(visit.from) else {
        let headers = [(header::RETRY_AFTER, "15"), (header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        return (StatusCode::SERVICE_UNAVAILABLE, headers, "too many live pages are open; the page itself works")
            .into_response();
    };
    // Before the first board is read, so that nothing is missed in between.
    let boards = visit.state.live.boards();
    let (board, reader) = match visit.board().await {
        Ok(found) => found,
        Err(error) => return visit.failed(&error),
    };
    let Some(about) = known(&board) else { return visit.not_found() };
    let (outbox, inbox) = mpsc::channel(WAITING);
    let news = News { boards, closed: visit.state.live.closed(), outbox };
    tokio::spawn(follow(news, Arc::new(board), about, reader));
    event_stream::answer(inbox, seat)
}

/// Where the news come from and go to.
struct News {
    boards: watch::Receiver<Option<Arc<Board>>>,
    closed: watch::Receiver<bool>,
    outbox: mpsc::Sender<Bytes>,
}

async fn follow(news: News, mut board: Arc<Board>, about: About, reader: Reader) {
    let News { mut boards, mut closed, outbox } = news;
    let revision = board.revision();
    let mut sent = BTreeMap::new();
    let mut round = String::from("retry: 3000\n\n");
    loop {
        if board.revision() != revision {
            // The network was declared anew: what stands on the page may not even exist any more.
            event(&mut round, "page", "");
            let _gone = outbox.try_send(Bytes::from(round));
            return;
        }
        for (place, fragment) in fragments(&board, &about, &reader).into_iter().enumerate() {
            let fragment = fragment.into_string();
            if sent.get(&place) != Some(&fragment) {
                event(&mut round, "fragment", &fragment);
                sent.insert(place, fragment);
            }
        }
        event(&mut round, "heure", &hour(&board, &about, &reader));
        if outbox.try_send(Bytes::from(std::mem::take(&mut round))).is_err() {
            return; // gone, or too slow
        }
        tokio::select! {
            changed = boards.changed() => if changed.is_err() { return },
            _ = closed.wait_for(|closed| *closed) => return,
            () = outbox.closed() => return,
        }
        let newer = boards.borrow_and_update().clone().filter(|newer| newer.now >= board.now);
        board = newer.unwrap_or(board);
    }
}

fn fragments(board: &Board, about: &About, reader: &Reader) -> Vec<Markup> {
    match about {
        About::Network => home::fragments(board, None, reader),
        About::Venue(id) => {
            let venue = board.network().venues.get(id);
            venue.map(|venue| home::fragments(board, Some(venue), reader)).unwrap_or_default()
        }
        About::Machine(id) => {
            board.machine(id.as_str()).iter().map(|standing| machine_page::gate(board, standing, reader)).collect()
        }
        About::Kiosk(id) => board.machine(id.as_str()).iter().map(|standing| kiosk::screen(standing, reader)).collect(),
    }
}

fn hour(board: &Board, about: &About, reader: &Reader) -> String {
    let network = board.network();
    let venue = match about {
        About::Network => None,
        About::Venue(id) => network.venues.get(id),
        About::Machine(id) | About::Kiosk(id) => board.machine(id.as_str()).map(|standing| standing.venue),
    };
    let zone = venue.map_or(network.settings.time_zone, |venue| venue.time_zone);
    dates::hour(board.now, zone, reader.language)
}

/// Writes one event (HTML standard, §9.2); a text of several lines becomes several `data` lines.
fn event(round: &mut String, name: &str, data: &str) {
    round.push_str("event: ");
    round.push_str(name);
    round.push('\n');
    for line in data.split(['\n', '\r']) {
        round.push_str("data: ");
        round.push_str(line);
        round.push('\n');
    }
    round.push('\n');
}

#[cfg(test)]
mod tests {
    use super::event;

    #[test]
    fn a_line_break_in_a_text_does_not_end_the_event() {
        let mut round = String::new();
        event(&mut round, "fragment", "a\r\nevent: page\n\nb");
        assert_eq!(round, "event: fragment\ndata: a\ndata: \ndata: event: page\ndata: \ndata: b\n\n");
    }
}
