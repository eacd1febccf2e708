//! Pages for what went wrong: what happened, what stays intact, one link.

use axum::http::{StatusCode, header};
use axum::response::Response;
use maud::html;

use super::parts::{Frame, icon};
use super::{Visit, html};
use crate::store::{StoreError, system_random};

/// What went wrong, in words.
pub(super) struct Fault<'a> {
    pub status: StatusCode,
    pub icon: &'static str,
    pub title: &'a str,
    pub why: &'a str,
    pub reference: Option<String>,
}

impl Visit {
    /// No such page.
    pub(super) fn not_found(&self) -> Response {
        let texts = self.reader().texts();
        self.fault(&Fault {
            status: StatusCode::NOT_FOUND,
            icon: "search",
            title: texts.not_found,
            why: texts.not_found_why,
            reference: None,
        })
    }

    /// No such machine.
    pub(super) fn no_such_machine(&self) -> Response {
        let texts = self.reader().texts();
        self.fault(&Fault {
            status: StatusCode::NOT_FOUND,
            icon: "search",
            title: texts.no_such_machine,
            why: texts.no_such_machine_why,
            reference: None,
        })
    }

    /// The page exists, but not for this method.
    pub(super) fn wrong_method(&self) -> Response {
        let texts = self.reader().texts();
        self.fault(&Fault {
            status: StatusCode::METHOD_NOT_ALLOWED,
            icon: "gate-shut",
            title: texts.wrong_method,
            why: texts.wrong_method_why,
            reference: None,
        })
    }

    /// More than one address may ask.
    pub(super) fn too_many(&self, retry_after_s: u64) -> Response {
        let texts = self.reader().texts();
        let mut response = self.fault(&Fault {
            status: StatusCode::TOO_MANY_REQUESTS,
            icon: "pause",
            title: texts.too_many,
            why: texts.too_many_why,
            reference: None,
        });
        response.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
        response
    }

    /// What a form carries did not come in time.
    pub(super) fn too_slow(&self) -> Response {
        let texts = self.reader().texts();
        self.fault(&Fault {
            status: StatusCode::REQUEST_TIMEOUT,
            icon: "clock",
            title: texts.too_slow,
            why: texts.too_slow_why,
            reference: None,
        })
    }

    /// The store did not answer. The reference stands in the log too, so that whoever quotes it can be helped.
    pub(super) fn failed(&self, error: &StoreError) -> Response {
        let mut bytes = [0; 5];
        system_random()(&mut bytes);
        let reference = crate::keys::base32(&bytes);
        tracing::error!(reference, path = self.uri.path(), %error, "a page could not be made");
        let texts = self.reader().texts();
        let status = match error {
            StoreError::Saturated | StoreError::Late | StoreError::Closed | StoreError::Busy | StoreError::Disk(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            StoreError::Engine(_) | StoreError::Unreadable(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        self.fault(&Fault {
            status,
            icon: "alert",
            title: texts.failed,
            why: texts.failed_why,
            reference: Some(reference),
        })
    }

    pub(super) fn fault(&self, fault: &Fault<'_>) -> Response {
        let reader = self.reader();
        let texts = reader.texts();
        let body = html! {
            div.empty {
                (icon(fault.icon))
                h1 { (reader.say(fault.title, &[])) }
                p { (reader.say(fault.why, &[])) }
                @if let Some(reference) = &fault.reference {
                    p.mono { (reader.say(texts.failed_reference, &[reference])) }
                }
                p { a.btn href=(reader.href("/")) { (texts.to_machines) } }
            }
        };
        let frame = Frame { reader: &reader, network: None, title: fault.title, stream: None, narrow: true };
        html(fault.status, &reader, frame.page(&body))
    }
}
