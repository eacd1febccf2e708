//! `/kiosque/{machine}`: the screen at the machine, read from a metre and a half: the last answer for a few seconds, then
//! the machine's state. It says a reason and a next step, and never whose.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tremen_rules::DenialReason;

use super::board::{Said, Standing};
use super::panel::Panel;
use super::parts::{document, hazard, icon, is_example, logo};
use super::reader::Reader;
use super::{Visit, html};
use crate::words::{Text, code_text, title_of};

/// Without script the page is loaded again so often, so that no answer is missed.
const AGAIN_S: u32 = 4;

/// Answers `/kiosque/{machine}`.
pub(super) async fn page(Path(machine): Path<String>, visit: Visit) -> Response {
    match visit.board().await {
        Ok((board, reader)) => match board.machine(&machine) {
            Some(standing) => html(StatusCode::OK, &reader, render(&standing, &reader)),
            None => visit.no_such_machine(),
        },
        Err(error) => visit.failed(&error),
    }
}

fn render(at: &Standing<'_>, reader: &Reader) -> Markup {
    let stream = reader.stream(&format!("/flux/machine/{}?vue=kiosque", at.machine.id));
    document(
        reader,
        &at.machine.name,
        Some(AGAIN_S),
        &html! {
            body data-flux=(stream) { (screen(at, reader)) }
        },
    )
}

/// The screen, which news replace as a whole.
pub(super) fn screen(at: &Standing<'_>, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let panel = panel(at, reader);
    html! {
        div #kiosque class={ "kiosk " (panel.tint) } {
            header {
                div.row {
                    (logo())
                    strong { (at.machine.name) }
                    @if is_example(Some(at.network)) { span { (texts.example) } }
                }
                (hazard(at.machine.hazard, reader))
            }
            main { div role="alert" {
                (icon(panel.icon))
                h1 { (panel.title) }
                @if let Some(sentence) = &panel.sentence { p { (sentence) } }
            } }
            @if let Some(next) = &panel.next {
                div.next role="region" aria-label=(texts.now_what) { (icon(panel.next_icon)) p { (next) } }
            }
        }
    }
}

fn panel(at: &Standing<'_>, reader: &Reader) -> Panel {
    match &at.shown.answer {
        Some(answer) => answered(answer.said, reader),
        None => state(at, reader),
    }
}

/// The machine's state in fewer words, and what it asks for.
fn state(at: &Standing<'_>, reader: &Reader) -> Panel {
    let texts = reader.texts();
    let mut panel = Panel::of(at, reader);
    if panel.tint == "ok" {
        let asked = at.machine.requires.iter().flat_map(|requirement| &requirement.references);
        let titles: Vec<String> = asked.map(|reference| title_of(at.network, reference, reader.language)).collect();
        panel.sentence = (!titles.is_empty()).then(|| reader.say(texts.kiosk_asks, &[&titles.join(", ")]));
        panel.next = Some(reader.say(texts.kiosk_tap, &[]));
    }
    if panel.tint == "busy" {
        panel.next = Some(reader.say(texts.kiosk_wait, &[]));
    }
    panel
}

/// The last answer. A refusal is said without any fact about the person.
fn answered(said: Said, reader: &Reader) -> Panel {
    let texts = reader.texts();
    let done = |icon, title: &str, next: &str| Panel {
        tint: "ok",
        shut: false,
        icon,
        title: reader.say(title, &[]),
        sentence: None,
        next_icon: icon,
        next: Some(reader.say(next, &[])),
    };
    let refused = |tint, icon, code| {
        let Text { title, sentence, next } = code_text(code, reader.language);
        Panel { tint, shut: true, icon, title, sentence: Some(sentence), next_icon: "arrow", next }
    };
    match said {
        Said::Granted => done("check", texts.kiosk_granted, texts.kiosk_granted_next),
        Said::Ended => done("check", texts.kiosk_ended, texts.kiosk_ended_next),
        Said::NothingToEnd => done("info", texts.kiosk_nothing, texts.kiosk_nothing_next),
        Said::Inducted => done("badge", texts.kiosk_inducted, texts.kiosk_inducted_next),
        Said::SupervisorReady => {
            Panel { tint: "busy", ..done("people", texts.kiosk_supervisor, texts.kiosk_supervisor_next) }
        }
        Said::TrainerReady => {
            Panel { tint: "busy", ..done("people", texts.kiosk_trainer, texts.kiosk_supervisor_next) }
        }
        Said::Wait => refused("busy", "people", DenialReason::SupervisorNeeded.code()),
        Said::Refused(reason) => refused("stop", "gate-shut", reason.code()),
    }
}
