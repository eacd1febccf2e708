//! Whose browser it is: the cookie that a login leaves, and whether a form comes from a page of ours.
//!
//! Whoever reads pages over https gets a cookie with the prefix `__Host-` (RFC 6265bis §4.1.3.2), which no other name and no
//! plain connection can set. Which of the two names counts is a matter of the configuration, never of a request.

use axum::http::{HeaderValue, header};

use super::Visit;
use crate::flows::recognise_login::{self, Visitor};
use crate::flows::sign_in::SignedIn;
use crate::store::StoreError;
use tremen_rules::Time;

const SECURE: &str = "__Host-tremen";
const PLAIN: &str = "tremen";

impl Visit {
    /// Who is signed in. That they were seen is noted, at most once an hour.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn visitor(&self) -> Result<Option<Visitor>, StoreError> {
        let Some(secret) = self.login_secret() else { return Ok(None) };
        let store = &self.state.store;
        let visitor = store.read(move |tx| recognise_login::run(tx, &secret)).await?;
        if let Some(seen) = visitor.clone().filter(|visitor| visitor.is_to_be_noted(store.now())) {
            store.write(move |tx| recognise_login::note_seen(tx, &seen)).await?;
        }
        Ok(visitor)
    }

    /// The secret of the login that this browser has.
    pub(super) fn login_secret(&self) -> Option<String> {
        let name = self.cookie_name();
        let lines = self.headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, secret)| secret.to_owned())
    }

    /// The cookie of a login, for as long as it can last.
    pub(super) fn cookie(&self, login: &SignedIn, now: Time) -> Option<HeaderValue> {
        self.set_cookie(&login.secret, login.until.since(now).max(0) / 1000)
    }

    /// The cookie's end.
    pub(super) fn no_cookie(&self) -> Option<HeaderValue> {
        self.set_cookie("", 0)
    }

    fn set_cookie(&self, secret: &str, seconds: i64) -> Option<HeaderValue> {
        let name = self.cookie_name();
        let secure = if name == SECURE { "; Secure" } else { "" };
        // Lax: whoever follows a link to their own page from a mail is still signed in; no foreign form is sent with it.
        let cookie = format!("{name}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::from_str(&cookie).ok()
    }

    fn cookie_name(&self) -> &'static str {
        if self.state.is_secure { SECURE } else { PLAIN }
    }

    /// Whether a form was sent from a page of ours: as the browser says by itself (Fetch Metadata), else by its `Origin`,
    /// which must be the public address or the one that was asked. Who says neither is refused.
    pub(super) fn is_from_our_page(&self) -> bool {
        let said = |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok());
        match (said("sec-fetch-site"), said("origin")) {
            (Some(site), _) => site == "same-origin",
            (None, Some(origin)) => match &self.state.public_url {
                Some(url) => origin_of(url).eq_ignore_ascii_case(origin),
                None => said("host").is_some_and(|host| {
                    let origin = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
                    origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
                }),
            },
            (None, None) => false,
        }
    }
}

/// Scheme, host and port of an address.
fn origin_of(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let path = url.get(host..).and_then(|rest| rest.find('/'));
    path.and_then(|at| url.get(..host + at)).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::origin_of;

    #[test]
    fn an_origin_has_no_path() {
        assert_eq!(origin_of("https://fab.example/tremen"), "https://fab.example");
        assert_eq!(origin_of("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
    }
}
