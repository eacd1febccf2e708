//! Does what a script asks for once, however often it asks: a request with a key is answered again as it was answered
//! first. Start at [`earlier`]. The answer is kept in the transaction of the change, so neither is there without the
//! other.

use super::FlowError;
use crate::store::{StoreError, Tx};

/// How long an answer is kept, in milliseconds: a day.
const KEPT_MS: i64 = 86_400_000;

/// A request that may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeatable {
    /// What its maker calls it.
    pub key: String,
    /// SHA-256 of all that it says.
    pub digest: [u8; 32],
}

/// What the token's request with this key was answered before.
///
/// # Errors
/// [`FlowError::Refused`] when another request had this key; or when the store fails.
pub fn earlier(tx: &Tx<'_>, token: i64, request: &Repeatable) -> Result<Option<Vec<u8>>, FlowError> {
    match tx.reply(token, &request.key, tx.now().plus_millis(-KEPT_MS))? {
        Some(kept) if kept.digest != request.digest => Err(FlowError::Refused(format!(
            "another request had the key `{}` within the last 24 hours: a key names one request",
            request.key
        ))),
        Some(kept) => Ok(Some(kept.answer)),
        None => Ok(None),
    }
}

/// Keeps the answer to a request for a day.
///
/// # Errors
/// When the store fails.
pub fn keep(tx: &Tx<'_>, token: i64, request: &Repeatable, answer: &[u8]) -> Result<(), StoreError> {
    tx.keep_reply(token, &request.key, request.digest, answer, tx.now().plus_millis(-KEPT_MS))
}

#[cfg(test)]
mod tests {
    use super::{KEPT_MS, Repeatable, earlier, keep};
    use crate::flows::make_token;
    use crate::flows::rehearsal::{Stage, operator};
    use crate::flows::token_scope::TokenScope;

    #[test]
    fn an_answer_is_told_again_for_a_day_to_the_same_token_and_request() {
        let stage = Stage::sample();
        let person = stage.person("p-anna");
        let mut tokens = Vec::new();
        for _ in 0..2 {
            let scopes = [TokenScope::Read].into();
            let request = make_token::Request { name: "a".to_owned(), person: person.clone(), scopes, until: None };
            tokens.push(stage.write(move |tx| make_token::run(tx, &operator(), &request)).unwrap().token);
        }
        let [mine, other] = tokens.try_into().unwrap();
        let request = Repeatable { key: "k-1".to_owned(), digest: [1; 32] };
        let ask = |token: i64, digest: [u8; 32]| {
            let request = Repeatable { digest, ..request.clone() };
            stage.write(move |tx| earlier(tx, token, &request))
        };
        assert_eq!(ask(mine, [1; 32]), Ok(None));
        let kept = request.clone();
        stage.change(move |tx| keep(tx, mine, &kept, b"done").unwrap());
        assert_eq!(ask(mine, [1; 32]), Ok(Some(b"done".to_vec())));
        assert_eq!(ask(other, [1; 32]), Ok(None));
        assert!(ask(mine, [2; 32]).unwrap_err().to_string().contains("a key names one request"));
        stage.clock.advance(KEPT_MS - 1);
        assert_eq!(ask(mine, [1; 32]), Ok(Some(b"done".to_vec())));
        stage.clock.advance(1);
        assert_eq!(ask(mine, [1; 32]), Ok(None));
        stage.change(move |tx| keep(tx, mine, &request, b"again").unwrap());
    }
}
