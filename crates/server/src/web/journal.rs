//! `/journal/checkpoint` and `/journal/offer`: the journal's last signed checkpoint, for witnesses and for whoever keeps
//! one. Plain text as C2SP writes it; it names nobody.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Visit;
use crate::flows::{FlowError, offer_checkpoint};

/// Answers `/journal/checkpoint`: C2SP `tlog-checkpoint`, with the lines of those who cosigned it.
pub(super) async fn checkpoint(visit: Visit) -> Response {
    match visit.state.store.read(|tx| offer_checkpoint::last(tx)).await {
        Ok(Some((_, note))) => text(StatusCode::OK, &note.to_string()),
        Ok(None) => text(StatusCode::NOT_FOUND, "no checkpoint is signed yet\n"),
        Err(error) => fault(&error),
    }
}

/// Answers `/journal/offer?since=SIZE`: the body that C2SP `tlog-witness` wants at `add-checkpoint`.
pub(super) async fn offer(visit: Visit) -> Response {
    let query = visit.uri.query().unwrap_or_default();
    let since = query.split('&').find_map(|pair| pair.strip_prefix("since="));
    let Ok(since) = since.unwrap_or("0").parse::<u64>() else {
        return text(
            StatusCode::BAD_REQUEST,
            "since: the number of leaves of the checkpoint that you signed last, or 0\n",
        );
    };
    match visit.state.store.read(move |tx| offer_checkpoint::run(tx, since)).await {
        Ok(offer) => text(StatusCode::OK, &offer.to_string()),
        Err(FlowError::Refused(why)) => text(StatusCode::CONFLICT, &format!("{why}\n")),
        Err(error) => fault(&error),
    }
}

fn fault(error: &FlowError) -> Response {
    tracing::error!(%error, "the checkpoint could not be read");
    text(StatusCode::SERVICE_UNAVAILABLE, "the registry cannot say now\n")
}

fn text(status: StatusCode, body: &str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (status, headers, body.to_owned()).into_response()
}
