//! Answers that are known already are not sent again (RFC 9110, sections 8.8.3 and 13.1.2). Start at [`of`] and
//! [`is_known`].

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

/// The entity tag of an answer: a digest of its bytes, so that nothing else has to be kept or compared.
pub(super) fn of(text: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    format!("\"{}\"", crate::keys::hex(digest.first_chunk::<16>().map_or(&[][..], |first| first)))
}

/// Whether whoever asks has the answer of this tag, as `If-None-Match` says.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let said = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    said.flat_map(|value| value.split(',')).map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    #[test]
    fn an_answer_is_known_by_any_of_its_tags_in_either_form() {
        let etag = super::of("{}");
        assert_eq!((etag.len(), &etag), (34, &super::of("{}")));
        assert_ne!(etag, super::of("[]"));
        for (said, known) in [
            (etag.clone(), true),
            (format!("W/{etag}"), true),
            (format!("\"other\", {etag}"), true),
            ("*".to_owned(), true),
            ("\"other\"".to_owned(), false),
            (String::new(), false),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::try_from(&said).unwrap())]);
            assert_eq!(super::is_known(&headers, &etag), known, "{said}");
        }
        assert!(!super::is_known(&HeaderMap::new(), &etag));
    }
}
