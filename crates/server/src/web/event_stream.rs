//! The answer that stays open: rounds of server-sent events (HTML standard, section 9.2) on their way to one listener. Used
//! by `events.rs` for pages and by `api/events.rs` for scripts.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use tokio::sync::mpsc;

use crate::limits::Place;

/// Answers with all that comes by `inbox`, until nobody sends any more or the listener goes; the seat is free then.
pub(super) fn answer(inbox: mpsc::Receiver<Bytes>, seat: Place) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(Rounds { inbox, _seat: seat })).into_response()
}

struct Rounds {
    inbox: mpsc::Receiver<Bytes>,
    _seat: Place,
}

impl Stream for Rounds {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inbox.poll_recv(context).map(|round| round.map(Ok))
    }
}
