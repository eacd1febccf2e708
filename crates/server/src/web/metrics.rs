//! `/metrics`: what the program counted and what the database holds, as OpenMetrics text (version 1.0.0).

use std::fmt::Write as _;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::flows::network;
use crate::metrics::{Histogram, Metrics};
use crate::store::{Gauges, Store, StoreError, Tx};

/// What OpenMetrics asks for.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers `/metrics`: beside the pages, or on a listener of its own.
pub fn router(store: Store) -> Router {
    Router::new().route("/metrics", get(async |State(store): State<Store>| answer(&store).await)).with_state(store)
}

async fn answer(store: &Store) -> Response {
    match store.read(held).await {
        Ok(held) => {
            let headers = [(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")];
            (headers, text(store.metrics(), &held)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the metrics could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

/// What the database holds at this moment.
struct Held {
    /// Controllers by state.
    controllers: [(&'static str, u64); 3],
    counts: Gauges,
    journal_unsealed: u64,
    clock_believed: bool,
}

fn held(tx: &mut Tx<'_>) -> Result<Held, StoreError> {
    let clock_believed = tx.clock_doubt().is_none();
    Ok(Held {
        controllers: controllers(tx)?,
        counts: tx.gauges()?,
        journal_unsealed: tx.journal_unsealed()?,
        clock_believed,
    })
}

fn controllers(tx: &mut Tx<'_>) -> Result<[(&'static str, u64); 3], StoreError> {
    let network = network(tx)?;
    let (mut online, mut offline, mut silent) = (0, 0, 0);
    for id in network.controllers.keys() {
        let presence = tx.presence(id)?;
        match presence {
            Some(presence) if presence.silent_since.is_some() => silent += 1,
            Some(presence) if presence.online => online += 1,
            Some(_) | None => offline += 1,
        }
    }
    Ok([("online", online), ("offline", offline), ("silent", silent)])
}

fn text(metrics: &Metrics, held: &Held) -> String {
    let mut out = Text(String::with_capacity(8 * 1024));
    out.family("tremen_decisions", "counter", None, "Decisions that are durable, by verdict and the reason shown.");
    for (verdict, reason, count) in metrics.decisions() {
        out.sample("tremen_decisions_total", &[("verdict", verdict), ("reason", reason)], &count);
    }
    out.histogram(
        "tremen_decision_seconds",
        "From the ask received to the answer published.",
        &metrics.decision_seconds,
    );
    out.histogram("tremen_commit_seconds", "Duration of each commit.", &metrics.commit_seconds);
    out.gauge("tremen_orders_open", "Orders that are neither confirmed nor refused.", held.counts.orders_open);
    out.histogram(
        "tremen_order_confirm_seconds",
        "From the order given to its confirmation.",
        &metrics.order_confirm_seconds,
    );
    out.family("tremen_controllers", "gauge", None, "Controllers by state.");
    for (state, count) in held.controllers {
        out.sample("tremen_controllers", &[("state", state)], &count);
    }
    out.gauge("tremen_sessions_open", "Sessions that are open.", held.counts.sessions_open);
    out.family("tremen_malformed", "counter", None, "Messages that were dropped, by what is wrong with them.");
    for (kind, count) in metrics.malformed_by_kind() {
        out.sample("tremen_malformed_total", &[("kind", kind)], &count);
    }
    out.family("tremen_unreachable", "counter", None, "Asks answered registry_unreachable, which is no decision.");
    for (cause, count) in metrics.out_of_reach_by_cause() {
        out.sample("tremen_unreachable_total", &[("cause", cause)], &count);
    }
    out.family("tremen_refused", "counter", None, "What was turned away at the doors: too much, too slow, no login.");
    for (refusal, count) in metrics.refusals.counts() {
        out.sample("tremen_refused_total", &[("door", refusal.door()), ("why", refusal.why())], &count);
    }
    out.gauge("tremen_journal_unsealed", "Entries of the journal that are not sealed yet.", held.journal_unsealed);
    out.family(
        "tremen_clock_believed",
        "gauge",
        None,
        "1 while the system's clock is believed, 0 while it is in doubt.",
    );
    out.sample("tremen_clock_believed", &[], &u8::from(held.clock_believed));
    out.0.push_str("# EOF\n");
    out.0
}

/// OpenMetrics text under way. All names and labels are ours and need no escaping.
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, unit: Option<&str>, help: &str) {
        // Writing to a text cannot fail.
        let _ = writeln!(self.0, "# TYPE {name} {kind}");
        if let Some(unit) = unit {
            let _ = writeln!(self.0, "# UNIT {name} {unit}");
        }
        let _ = writeln!(self.0, "# HELP {name} {help}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: &dyn std::fmt::Display) {
        self.0.push_str(name);
        let labels: Vec<_> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        if !labels.is_empty() {
            let _ = write!(self.0, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.0, " {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "gauge", None, help);
        self.sample(name, &[], &value);
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.family(name, "histogram", Some("seconds"), help);
        let told = histogram.told();
        for (bound, count) in &told.buckets {
            let bound = bound.map_or_else(|| "+Inf".to_owned(), |bound| format!("{bound:?}"));
            self.sample(&format!("{name}_bucket"), &[("le", &bound)], count);
        }
        let count = told.buckets.last().map_or(0, |(_, count)| *count);
        self.sample(&format!("{name}_sum"), &[], &told.sum_s);
        self.sample(&format!("{name}_count"), &[], &count);
    }
}
