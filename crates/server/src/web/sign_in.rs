//! `/connexion`, `/connexion/{link}` and `/deconnexion`: how somebody signs in and out.
//!
//! A link is good once, so opening it changes nothing: programs that follow the links of a mail use none up. The button
//! below it does.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::faults::Fault;
use super::own_texts::OwnTexts;
use super::parts::{Frame, icon};
use super::reader::Reader;
use super::{Visit, html};
use crate::flows::sign_in::{self, GoodFor, SignInError};
use crate::flows::sign_out::{self, Which};
use crate::flows::{FlowError, network};
use crate::store::StoreError;

/// What the form of a link says.
#[derive(Debug, Deserialize)]
pub(super) struct Fields {
    name: Option<String>,
}

/// Answers `/connexion`: how one gets a link.
pub(super) async fn ask(visit: Visit) -> Response {
    match visit.visitor().await {
        Ok(Some(_)) => visit.go_to("/moi", None),
        Ok(None) => visit.no_link(StatusCode::OK, |own| [own.sign_in, own.sign_in_how]).await,
        Err(error) => visit.failed(&error),
    }
}

/// Answers `GET /connexion/{link}`: what the link is good for.
pub(super) async fn look(Path(link): Path<String>, visit: Visit) -> Response {
    visit.offer(&link, StatusCode::OK, false).await
}

/// Answers `POST /connexion/{link}`: signs in.
pub(super) async fn redeem(
    Path(link): Path<String>,
    visit: Visit,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    if !visit.is_from_our_page() {
        return visit.foreign_form();
    }
    let Ok(Form(Fields { name })) = form else { return visit.unread_form() };
    let request = sign_in::Request { link: link.clone(), name, former: visit.login_secret() };
    match visit.state.store.write(move |tx| sign_in::run(tx, &request)).await {
        Ok(login) => visit.go_to("/moi", visit.cookie(&login, visit.state.store.now())),
        Err(SignInError::NotGood) => visit.no_link(StatusCode::NOT_FOUND, |own| [own.not_good, own.not_good_why]).await,
        Err(SignInError::Name) => visit.offer(&link, StatusCode::UNPROCESSABLE_ENTITY, true).await,
        Err(SignInError::Flow(error)) => visit.refused(&error),
    }
}

/// Answers `POST /deconnexion`: signs this browser out.
pub(super) async fn leave(visit: Visit) -> Response {
    if !visit.is_from_our_page() {
        return visit.foreign_form();
    }
    let signed_out = async {
        let Some(visitor) = visit.visitor().await? else { return Ok(()) };
        let (warrant, login) = (visitor.warrant("signed out here"), Which::One(visitor.login.login));
        visit.state.store.write(move |tx| sign_out::run(tx, &warrant, login)).await.map(drop)
    };
    match signed_out.await {
        Ok(()) => visit.go_to("/", visit.no_cookie()),
        Err(error) => visit.refused(&error),
    }
}

impl Visit {
    /// To another page of ours, by GET, with a cookie.
    pub(super) fn go_to(&self, path: &str, cookie: Option<HeaderValue>) -> Response {
        let mut response = (StatusCode::SEE_OTHER, [(header::CACHE_CONTROL, "no-store")]).into_response();
        let to = HeaderValue::from_str(&self.reader().href(path));
        response.headers_mut().extend(to.ok().map(|to| (header::LOCATION, to)));
        response.headers_mut().extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
        response
    }

    /// The page of a link: its button, or that it is good no more.
    async fn offer(&self, link: &str, status: StatusCode, name_was_wrong: bool) -> Response {
        let secret = link.to_owned();
        let good_for = self.state.store.read(move |tx| sign_in::look(tx, &secret)).await;
        match good_for {
            Ok(Some(good_for)) => {
                self.page(status, |own| own.sign_in, |visit, own| offered(visit, own, link, &good_for, name_was_wrong))
                    .await
            }
            Ok(None) => self.no_link(StatusCode::NOT_FOUND, |own| [own.not_good, own.not_good_why]).await,
            Err(error) => self.failed(&error),
        }
    }

    /// A title and a sentence, and how one gets a link.
    async fn no_link(&self, status: StatusCode, say: fn(&OwnTexts) -> [&'static str; 2]) -> Response {
        self.page(
            status,
            |own| own.sign_in,
            |reader, own| {
                let [title, why] = say(own);
                html! {
                    div.stack {
                        h1 { (icon("card")) " " (reader.say(title, &[])) }
                        p.lede { (reader.say(why, &[])) }
                        p { (reader.say(own.sign_in_ask, &[])) }
                        p { a.btn href=(reader.href("/")) { (reader.texts().to_machines) } }
                    }
                }
            },
        )
        .await
    }

    async fn page(
        &self,
        status: StatusCode,
        title: fn(&OwnTexts) -> &'static str,
        body: impl FnOnce(&Reader, &OwnTexts) -> Markup,
    ) -> Response {
        match self.state.store.read(network).await {
            Ok(network) => {
                let reader = Reader::of(&self.uri, &self.headers, Some(&network));
                let own = OwnTexts::of(reader.language);
                let body = body(&reader, own);
                let frame =
                    Frame { reader: &reader, network: Some(&network), title: title(own), stream: None, narrow: true };
                html(status, &reader, frame.page(&body))
            }
            Err(error) => self.failed(&error),
        }
    }

    fn foreign_form(&self) -> Response {
        let own = OwnTexts::of(self.reader().language);
        self.fault(&Fault::new(StatusCode::FORBIDDEN, "gate-shut", own.foreign, own.foreign_why))
    }

    fn unread_form(&self) -> Response {
        let own = OwnTexts::of(self.reader().language);
        self.fault(&Fault::new(StatusCode::BAD_REQUEST, "alert", own.unread, own.unread_why))
    }

    /// A flow that did not do it: what a page asks for is never refused but by the store, or by a race.
    fn refused(&self, error: &FlowError) -> Response {
        match error {
            FlowError::Store(error) => self.failed(error),
            FlowError::Forbidden { .. }
            | FlowError::Unknown { .. }
            | FlowError::Refused(_)
            | FlowError::ClockDoubted => self.failed(&StoreError::Engine(error.to_string())),
        }
    }
}

fn offered(reader: &Reader, own: &OwnTexts, link: &str, good_for: &GoodFor, name_was_wrong: bool) -> Markup {
    html! {
        div.stack {
            h1 { (icon("card")) " " (reader.say(own.sign_in, &[])) }
            form.stack method="post" action=(reader.href(&format!("/connexion/{link}"))) {
                @match good_for {
                    GoodFor::Person(row) => {
                        p.lede { (reader.say(own.link_for, &[&row.name])) }
                        p { (reader.say(own.link_only_yours, &[])) }
                    }
                    GoodFor::FirstAdministrator => {
                        p.lede { (reader.say(own.first_admin, &[])) }
                        div.field {
                            label for="nom" { (own.your_name) }
                            input #nom name="name" type="text" autocomplete="name" required maxlength="120"
                                aria-invalid=[name_was_wrong.then_some("true")] aria-describedby=[name_was_wrong.then_some("nom-faute")];
                            @if name_was_wrong { p.err #nom-faute role="alert" { (reader.say(own.name_wrong, &[])) } }
                        }
                    }
                }
                p { button.go type="submit" { (icon("check")) (reader.say(own.sign_in_button, &[])) } }
                p.hint { (reader.say(own.stays_signed_in, &[])) }
            }
        }
    }
}
