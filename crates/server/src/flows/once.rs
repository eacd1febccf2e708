//! Does what a script asks for once, however often it asks: a request with a key is answered again as it was answered
//! first. Start at [`earlier`]. The answer is kept in the transaction of the change, so neither is there without the
//! other.

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

/// What a request with this key was answered before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// There was none within a day.
    None,
    /// The same request, and its answer.
    Same(Vec<u8>),
    /// Another one: a key names one request.
    Other,
}

/// What the token's request with this key was answered before.
///
/// # Errors
/// When the store fails.
pub fn earlier(tx: &Tx<'_>, token: i64, request: &Repeatable) -> Result<Earlier, StoreError> {
    Ok(match tx.reply(token, &request.key, tx.now().plus_millis(-KEPT_MS))? {
        None => Earlier::None,
        Some(kept) if kept.digest == request.digest => Earlier::Same(kept.answer),
        Some(_) => Earlier::Other,
    })
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
    use super::{Earlier, KEPT_MS, Repeatable, earlier, keep};
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
        assert_eq!(ask(mine, [1; 32]), Ok(Earlier::None));
        let kept = request.clone();
        stage.change(move |tx| keep(tx, mine, &kept, b"done").unwrap());
        assert_eq!(ask(mine, [1; 32]), Ok(Earlier::Same(b"done".to_vec())));
        assert_eq!(ask(other, [1; 32]), Ok(Earlier::None));
        assert_eq!(ask(mine, [2; 32]), Ok(Earlier::Other));
        stage.clock.advance(KEPT_MS - 1);
        assert_eq!(ask(mine, [1; 32]), Ok(Earlier::Same(b"done".to_vec())));
        stage.clock.advance(1);
        assert_eq!(ask(mine, [1; 32]), Ok(Earlier::None));
        stage.change(move |tx| keep(tx, mine, &request, b"again").unwrap());
    }
}
