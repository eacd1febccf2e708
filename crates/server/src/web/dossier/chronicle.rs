//! What happened, in the order of time: taps, sessions, orders, and what people did about machine and incident.

use maud::{Markup, html};
use serde_json::Value as Json;
use tremen_rules::Time;

use super::Page;
use crate::flows::incident_dossier::TapLine;
use crate::store::{JournalLine, OrderRow, SessionRow};
use crate::words::code_text;

/// A line of the chronicle.
struct Line {
    at: Time,
    what: Markup,
    proof: String,
}

pub(super) fn render(page: &Page<'_>) -> Markup {
    let dossier = page.dossier;
    let mut lines: Vec<Line> = dossier.taps.iter().map(|it| tap(page, it)).collect();
    lines.extend(dossier.sessions.iter().filter_map(|it| ended(page, it)));
    lines.extend(dossier.orders.iter().flat_map(|it| order(page, it)));
    let around = dossier.incident.around();
    let told = |it: &&JournalLine| around.covers(it.at) || it.kind.starts_with("incident_");
    lines.extend(dossier.journal.iter().filter(told).filter_map(|it| act(page, it)));
    lines.sort_by_key(|it| it.at);
    html! {
        h2 { (page.say("Chronologie", "What happened when")) }
        p.soft {
            (page.say("De la veille au lendemain de l’incident, pour cette machine ; en couleur, la période de l’incident. « E » renvoie \
                 à une écriture du journal.",
                "From the day before to the day after the incident, for this machine; in colour, the time of the incident. \"E\" points to \
                 an entry of the journal."))
        }
        table {
            thead { tr {
                th { (page.say("Instant", "Instant")) } th { (page.say("Fait", "Fact")) } th { (page.say("Preuve", "Proof")) }
            } }
            tbody {
                @for line in &lines {
                    tr.in[page.during(line.at)] { td { (page.at(line.at)) } td { (line.what) } td.mono { (line.proof) } }
                }
            }
        }
    }
}

fn tap(page: &Page<'_>, tap: &TapLine) -> Line {
    let it = &tap.decision;
    let who =
        it.person.as_ref().map_or_else(|| page.say("carte inconnue", "unknown card"), |who| page.dossier.name(who));
    let intent = match it.intent.as_str() {
        "supervise" => page.say("se présente comme accompagnant", "stands by as supervisor"),
        "end" => page.say("demande la fin de la séance", "asks to end the session"),
        "induct" => page.say("initie à la machine", "inducts at the machine"),
        _ => page.say("demande à utiliser la machine", "asks to use the machine"),
    };
    let verdict = match it.verdict.as_str() {
        "grant" => html! { span.ok { (page.say("accordé", "granted")) } },
        "done" => html! { (page.say("fait", "done")) },
        "more" => html! { (page.say("il faut encore", "more is needed")) },
        _ => html! { span.stop { (page.say("refusé", "refused")) } },
    };
    let mut reasons: Vec<String> =
        tap.reasons.iter().map(|reason| code_text(reason.code(), page.language).title).collect();
    if reasons.is_empty() {
        reasons.extend(it.reason.as_ref().map(|code| code_text(code, page.language).title));
    }
    let what = html! {
        strong { (who) } " " (intent) (page.colon()) (verdict)
        @if !reasons.is_empty() { " (" (reasons.join(" ; ")) ")" }
        @if let Some(assurance) = tap.assurance { span.soft { ", " (page.say("carte lue au niveau", "card read at")) " " (assurance.as_str()) } }
        span.soft { ", " (it.controller) }
    };
    Line { at: it.at, what, proof: format!("E{} · D{}", it.entry, it.decision) }
}

fn ended(page: &Page<'_>, session: &SessionRow) -> Option<Line> {
    let why = session.end_why.as_deref().unwrap_or_default();
    let why = match why {
        "tap" | "ended" => page.say("terminée au lecteur", "ended at the reader"),
        "silence" | "silent" => page.say("contrôleur resté muet", "the controller fell silent"),
        "max_session" => page.say("durée maximale atteinte", "longest duration reached"),
        "idle" => page.say("machine restée sans charge", "machine left idle"),
        "manager" | "staff" => page.say("arrêtée par l’équipe", "stopped by staff"),
        code if tremen_rules::DenialReason::parse(code).is_some() => code_text(code, page.language).title,
        other => other.to_owned(),
    };
    let minutes = session.used_s / 60;
    let what = html! {
        (page.say("Fin de la séance de", "End of the session of")) " " strong { (page.dossier.name(&session.person)) }
        (page.colon()) (why) span.soft { ", " (minutes) " min " (page.say("d’utilisation", "in use")) }
    };
    Some(Line { at: session.ended_at?, what, proof: format!("D{}", session.decision) })
}

fn order(page: &Page<'_>, order: &OrderRow) -> Vec<Line> {
    let action = match order.action {
        tremen_wire::Action::Stop => page.say("arrêt", "stop"),
        tremen_wire::Action::Lock => page.say("mise hors service", "lock"),
        tremen_wire::Action::Unlock => page.say("remise en service", "unlock"),
        tremen_wire::Action::Identify => page.say("signal d’identification", "identify"),
    };
    let name = format!("{} {} → {}", page.say("Ordre", "Order"), order.number, order.controller);
    let given = html! {
        (name) (page.colon()) strong { (action) }
        @if let Some(reason) = &order.reason { " (" (code_or_word(page, reason)) ")" }
    };
    let proof = format!("{} #{}", order.controller, order.number);
    let mut lines = vec![Line { at: order.at, what: given, proof: proof.clone() }];
    if let Some((at, how)) = order.settled_at.zip(order.settled.as_deref()) {
        let how = match how {
            "confirmed" => page.say("confirmé par le contrôleur", "confirmed by the controller"),
            "refused" => page.say("refusé par le contrôleur", "refused by the controller"),
            _ => page.say("devenu sans objet", "of no purpose any more"),
        };
        let after = at.since(order.at);
        let seconds = format!("{}.{:03} s", after / 1000, after % 1000);
        let what = html! { (name) " " (how) span.soft { ", " (page.say("après", "after")) " " (seconds) } };
        lines.push(Line { at, what, proof });
    }
    lines
}

fn code_or_word(page: &Page<'_>, code: &str) -> String {
    if tremen_rules::DenialReason::parse(code).is_some() {
        code_text(code, page.language).title
    } else {
        code.to_owned()
    }
}

/// What people did, and what the machine said of itself. Taps, sessions and orders are told from their own rows.
fn act(page: &Page<'_>, line: &JournalLine) -> Option<Line> {
    let what = match line.kind.as_str() {
        "machine_locked" => page.say("Machine mise hors service", "Machine locked"),
        "machine_unlocked" => page.say("Machine remise en service", "Machine unlocked"),
        "machine_faulted" => page.say("Défaut signalé par la machine", "The machine reported a fault"),
        "controller_tampered" => page.say("Ouverture du contrôleur signalée", "The controller reported tampering"),
        "relay_stuck" => page.say("Relais resté fermé sans séance", "Relay closed without a session"),
        "machine_used_offline" => page.say("Utilisation hors ligne signalée", "Use while offline was reported"),
        "session_stopped" => page.say("Séance arrêtée par l’équipe", "Session stopped by staff"),
        "right_ended" => page.say("Fin du droit en cours de séance", "The right ended during the session"),
        "handover_recorded" => page.say("Prise en main enregistrée", "Handover recorded"),
        "incident_opened" => page.say("Incident ouvert", "Incident opened"),
        "incident_noted" => page.say("Note ajoutée", "Note added"),
        "incident_closed" => page.say("Incident clos", "Incident closed"),
        "incident_exported" => page.say("Dossier exporté", "File exported"),
        "person_restricted" => page.say("Suspension d’une personne", "A person was restricted"),
        "award_revoked" => page.say("Révocation d’un badge", "An award was revoked"),
        "award_suspended" => page.say("Suspension d’un badge", "An award was suspended"),
        kind if kind.starts_with("clock_") => page.say("Horloge du registre", "The registry’s clock"),
        _ => return None,
    };
    let body: Json = line.body.as_deref().and_then(|it| serde_json::from_str(it).ok()).unwrap_or(Json::Null);
    let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let by = body.pointer("/by/person").and_then(Json::as_str).and_then(|id| tremen_rules::PersonId::parse(id).ok());
    let about = body.get("person").and_then(Json::as_str).and_then(|id| tremen_rules::PersonId::parse(id).ok());
    let why = [text("why"), text("text"), text("detail")].into_iter().find(|it| !it.is_empty());
    let what = html! {
        strong { (what) }
        @if let Some(about) = about { ", " (page.dossier.name(&about)) }
        @if let Some(why) = why { (page.colon()) (why) }
        @if let Some(by) = by { span.soft { ", " (page.say("par", "by")) " " (page.dossier.name(&by)) } }
    };
    Some(Line { at: line.at, what, proof: format!("E{}", line.entry) })
}
