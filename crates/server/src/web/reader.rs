//! Who reads: in which language, and how links keep it. Start at [`Reader::of`].

use axum::http::{HeaderMap, Uri, header};
use tremen_rules::Network;
use tremen_rules::network::Language;

use super::texts::{Texts, put};
use crate::words::typeset;

/// The reader of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// In which language.
    pub language: Language,
    /// Chosen in the address, so that links carry it on.
    chosen: bool,
    /// The path that was asked for.
    path: String,
}

impl Reader {
    /// The language that the address asks for (`?lang=br`), else the one that the browser likes best, else the
    /// network's first; only languages that the network speaks.
    #[must_use]
    pub fn of(uri: &Uri, headers: &HeaderMap, network: Option<&Network>) -> Self {
        const ALL: &[Language] = &[Language::Fr, Language::En, Language::Br];
        let declared = network.map(|network| network.settings.languages.as_slice()).filter(|all| !all.is_empty());
        let spoken = declared.unwrap_or(ALL);
        let parameters = uri.query().into_iter().flat_map(|query| query.split('&'));
        let asked = parameters.filter_map(|pair| pair.strip_prefix("lang=")).find_map(by_tag);
        let asked = asked.filter(|language| spoken.contains(language));
        let liked = || {
            let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
            best_liked(header.unwrap_or_default(), spoken)
        };
        let first = spoken.first().copied().unwrap_or(Language::Fr);
        Self { language: asked.or_else(liked).unwrap_or(first), chosen: asked.is_some(), path: uri.path().to_owned() }
    }

    /// The pages' words.
    #[must_use]
    pub const fn texts(&self) -> &'static Texts {
        Texts::of(self.language)
    }

    /// A text with values in the places of `{}`, set as the language wants it.
    #[must_use]
    pub fn say(&self, text: &str, values: &[&str]) -> String {
        typeset(&put(text, values), self.language)
    }

    /// An address of ours, with the language where the reader chose one.
    #[must_use]
    pub fn href(&self, path: &str) -> String {
        let (path, anchor) = path.split_once('#').map_or((path, None), |(path, anchor)| (path, Some(anchor)));
        let mut address = path.to_owned();
        if self.chosen {
            address.push(if path.contains('?') { '&' } else { '?' });
            address.push_str("lang=");
            address.push_str(tag(self.language));
        }
        if let Some(anchor) = anchor {
            address.push('#');
            address.push_str(anchor);
        }
        address
    }

    /// Whether this is the page that was asked for.
    #[must_use]
    pub fn is_at(&self, path: &str) -> bool {
        self.path == path
    }

    /// The same page in another language.
    #[must_use]
    pub fn same_page_in(&self, language: Language) -> String {
        format!("{}?lang={}", self.path, tag(language))
    }

    /// The address of a stream that speaks the reader's language.
    #[must_use]
    pub fn stream(&self, path: &str) -> String {
        format!("{path}{}lang={}", if path.contains('?') { '&' } else { '?' }, tag(self.language))
    }
}

/// The language's tag (BCP 47).
#[must_use]
pub const fn tag(language: Language) -> &'static str {
    match language {
        Language::Fr => "fr",
        Language::En => "en",
        Language::Br => "br",
    }
}

fn by_tag(tag: &str) -> Option<Language> {
    let primary = tag.split('-').next().unwrap_or_default().trim();
    match primary.to_ascii_lowercase().as_str() {
        "fr" => Some(Language::Fr),
        "en" => Some(Language::En),
        "br" => Some(Language::Br),
        _ => None,
    }
}

/// The spoken language with the highest weight in `Accept-Language` (RFC 9110 §12.5.4); of equals the first.
fn best_liked(header: &str, spoken: &[Language]) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for entry in header.split(',').take(16) {
        let mut parts = entry.split(';');
        let Some(language) = parts.next().and_then(by_tag).filter(|language| spoken.contains(language)) else {
            continue;
        };
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        if weight > 0.0 && best.is_none_or(|(known, _)| weight > known) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::{Reader, best_liked};
    use axum::http::{HeaderMap, Uri};
    use tremen_rules::network::Language::{Br, En, Fr};

    #[test]
    fn the_heaviest_spoken_language_wins() {
        assert_eq!(best_liked("de, en;q=0.7, br;q=0.9", &[Fr, En, Br]), Some(Br));
        assert_eq!(best_liked("br, en;q=0.5", &[Fr, En]), Some(En));
        assert_eq!(best_liked("en;q=0, de", &[Fr, En]), None);
        assert_eq!(best_liked("fr-CA,en;q=1", &[Fr, En]), Some(Fr));
        assert_eq!(best_liked("en;q=x", &[Fr, En]), None);
    }

    #[test]
    fn the_address_wins_over_the_browser_and_links_carry_it() {
        let mut headers = HeaderMap::new();
        headers.insert("accept-language", "en".parse().unwrap());
        let reader = |address: &str| Reader::of(&address.parse::<Uri>().unwrap(), &headers, None);
        assert_eq!(reader("/m/x?lang=br").language, Br);
        assert_eq!(reader("/m/x?lang=br").href("/#ubo"), "/?lang=br#ubo");
        assert_eq!(reader("/m/x").language, En);
        assert_eq!(reader("/m/x").href("/"), "/");
        assert_eq!(reader("/m/x?lang=de").language, En);
        assert_eq!(reader("/m/x").same_page_in(Fr), "/m/x?lang=fr");
    }
}
