//! `GET /api/v1/events`: the journal's entries as server-sent events (HTML standard, section 9.2), each with its entry's number
//! as its id. Start at [`stream`].
//!
//! INVARIANT (no gap, no double): what is sent is read from the journal after the last number sent, never from the news that
//! something happened. Entries get their numbers in the order of commits, since one writer at a time makes them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;
use tokio::sync::mpsc;
use tremen_rules::Time;

use super::super::door::ClientAddress;
use super::call::{Call, Caller};
use super::journal::EntryView;
use super::page::told;
use super::problem::{self, Problem};
use super::serve::Door;
use super::sight::JournalSight;
use crate::flows::token_scope::TokenScope;
use crate::store::Tx;
use crate::web::event_stream;

/// So many entries are read at once.
const READ: u32 = 200;
/// A line comes at least so often, so that both ends know of a connection that is gone, and a token that is over is noticed.
const BEAT: Duration = Duration::from_secs(15);
/// So many rounds may wait for a reader before reading stops.
const WAITING: usize = 4;

/// Who listens, and how far they are.
#[derive(Debug)]
struct Listening {
    call: Call,
    secret: String,
    scope: TokenScope,
    last: i64,
}

/// What was read in one round.
struct Round {
    text: String,
    last: i64,
    /// Whether more may be read at once.
    is_full: bool,
}

impl Listening {
    /// Reads what came after the last number, as far as the listener may read it now.
    fn read(&self, tx: &mut Tx<'_>) -> Result<Round, Problem> {
        let caller = Caller::enter(tx, &self.call, &self.secret, self.scope)?;
        let sight = JournalSight::of(tx, &caller);
        let rows = tx.entries_after(self.last, Time::from_millis(i64::MIN), READ)?;
        let mut text = String::new();
        for row in rows.iter().filter(|row| sight.takes_in(row, &caller.network)) {
            // JSON holds no line break outside of escapes, so one `data` line holds it.
            let data = told(&EntryView::of(row));
            text.push_str(&format!("id: {}\nevent: {}\ndata: {data}\n\n", row.entry, row.kind));
        }
        let last = rows.last().map_or(self.last, |row| row.entry);
        Ok(Round { text, last, is_full: rows.len() >= usize::try_from(READ).unwrap_or(usize::MAX) })
    }
}

/// Answers with the entries after `Last-Event-ID`, or after `?after=`, or from now on.
pub(super) async fn stream(
    door: Arc<Door>,
    call: Call,
    secret: String,
    headers: &HeaderMap,
    scope: TokenScope,
    from: ClientAddress,
) -> Result<Response, Problem> {
    let said = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after = said.or(call.asked("after")).map(|text| {
        text.trim().parse().map_err(|_| Problem::in_query("after", format!("`{text}` is not the number of an entry")))
    });
    let after: Option<i64> = after.transpose()?;
    let Some(seat) = door.web.seat(from) else {
        return Err(Problem::new(problem::BUSY, "too many listen already"));
    };
    // Before the first read, so that nothing is missed in between.
    let commits = door.store.commits();
    let mut listening = Listening { call, secret, scope, last: after.unwrap_or(0) };
    let (first, listening) = door
        .store
        .read(move |tx| {
            if after.is_none() {
                listening.last = tx.last_entry()?.map_or(0, |entry| entry.entry);
            }
            let first = listening.read(tx)?;
            Ok::<_, Problem>((first, listening))
        })
        .await?;
    let (outbox, inbox) = mpsc::channel(WAITING);
    tokio::spawn(follow(door, commits, listening, first, outbox));
    Ok(event_stream::answer(inbox, seat))
}

async fn follow(
    door: Arc<Door>,
    mut commits: tokio::sync::watch::Receiver<u64>,
    mut listening: Listening,
    first: Round,
    outbox: mpsc::Sender<Bytes>,
) {
    let mut closed = door.live.closed();
    let mut round = Round { text: format!("retry: 3000\n\n{}", first.text), ..first };
    loop {
        listening.last = round.last;
        if !round.text.is_empty() && outbox.send(Bytes::from(std::mem::take(&mut round.text))).await.is_err() {
            return; // gone
        }
        let mut beat = "";
        if !round.is_full {
            tokio::select! {
                changed = commits.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(BEAT) => beat = ": still here\n\n",
                _ = closed.wait_for(|closed| *closed) => return,
                () = outbox.closed() => return,
            }
        }
        let (read, back) = match door.store.read(move |tx| Ok::<_, Problem>((listening.read(tx), listening))).await {
            Ok(found) => found,
            Err(_) => return, // the listener comes back by itself, and goes on where it was
        };
        listening = back;
        match read {
            Ok(next) => round = Round { text: format!("{beat}{}", next.text), ..next },
            Err(problem) => {
                // The token is over, or the database failed: it is said, and the listener hears the rest by asking again.
                let data = json!({ "type": problem.kind_address(), "detail": problem.detail() });
                let _gone = outbox.send(Bytes::from(format!("event: problem\ndata: {data}\n\n"))).await;
                return;
            }
        }
    }
}
