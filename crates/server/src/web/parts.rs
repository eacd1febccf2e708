//! The parts that pages have in common: the frame around them, icons, the hazard class, how fresh the page is.

use maud::{DOCTYPE, Markup, html};
use tremen_rules::network::{Hazard, Language};
use tremen_rules::{Network, Time};

use super::assets::ASSETS;
use super::own_texts::OwnTexts;
use super::reader::{Reader, tag};
use crate::words::{dates, typeset};

/// What stands around a page's own content.
pub(super) struct Frame<'a> {
    pub reader: &'a Reader,
    pub network: Option<&'a Network>,
    pub title: &'a str,
    /// Where its news come from.
    pub stream: Option<String>,
    /// A page of one column.
    pub narrow: bool,
}

impl Frame<'_> {
    /// The whole page.
    pub(super) fn page(&self, body: &Markup) -> Markup {
        let reader = self.reader;
        let texts = reader.texts();
        document(
            reader,
            self.title,
            None,
            &html! {
                body data-flux=[self.stream.as_deref()] {
                    a.skip href="#contenu" { (texts.skip) }
                    @if is_example(self.network) {
                        aside.example aria-label=(texts.warning) {
                            p { strong { (texts.example) } " · " (texts.example_is) }
                        }
                    }
                    header.mast { div {
                        a.brand href=(reader.href("/")) { (sprite("logo", "")) "Tremen" }
                        (self.navigation())
                        (self.languages())
                    } }
                    main #contenu .page .narrow[self.narrow] tabindex="-1" { (body) }
                    footer.foot { div { p { (reader.say(texts.footer, &[])) } } }
                    p #annonce .vh role="status" {}
                }
            },
        )
    }

    fn navigation(&self) -> Markup {
        let reader = self.reader;
        let places = [("/", "tool", reader.texts().machines), ("/moi", "card", OwnTexts::of(reader.language).mine)];
        html! {
            nav aria-label=(reader.texts().main_nav) { ul { @for (path, sign, name) in places {
                li { a href=(reader.href(path)) aria-current=[reader.is_at(path).then_some("page")] { (icon(sign)) (name) } }
            } } }
        }
    }

    fn languages(&self) -> Markup {
        const ALL: [(Language, &str, &str); 3] =
            [(Language::Fr, "FR", "Français"), (Language::En, "EN", "English"), (Language::Br, "BR", "Brezhoneg")];
        let spoken = |language| {
            let declared = self.network.map_or(&[][..], |network| network.settings.languages.as_slice());
            declared.is_empty() || declared.contains(&language)
        };
        html! {
            div.lang role="group" aria-label=(self.reader.texts().language) {
                @for (language, short, long) in ALL.into_iter().filter(|(language, ..)| spoken(*language)) {
                    @if language == self.reader.language {
                        b aria-current="true" lang=(tag(language)) { (short) }
                    } @else {
                        a href=(self.reader.same_page_in(language)) lang=(tag(language)) hreflang=(tag(language)) {
                            (short) span.vh { " " (long) }
                        }
                    }
                }
            }
        }
    }
}

/// A document with a body of its own; without script it is loaded again every so many seconds, where that is given.
pub(super) fn document(reader: &Reader, title: &str, again_s: Option<u32>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(tag(reader.language)) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " — Tremen" }
                link rel="stylesheet" href=(ASSETS.style.address());
                link rel="icon" href=(ASSETS.logo.address()) type="image/svg+xml";
                @if let Some(seconds) = again_s {
                    noscript { meta http-equiv="refresh" content=(seconds); }
                }
                script src=(ASSETS.live.address()) defer {}
            }
            (body)
        }
    }
}

/// Whether the network is one of those that only show how things look.
pub(super) fn is_example(network: Option<&Network>) -> bool {
    network.is_some_and(|network| network.settings.name.to_lowercase().contains("exemple"))
}

/// An icon beside a word that says the same.
pub(super) fn icon(name: &str) -> Markup {
    sprite(name, "i")
}

fn sprite(name: &str, class: &str) -> Markup {
    let address = format!("{}#i-{name}", ASSETS.icons.address());
    let class = Some(class).filter(|class| !class.is_empty());
    html! { svg class=[class] viewBox="0 0 24 24" aria-hidden="true" { use href=(address) {} } }
}

/// The logo.
pub(super) fn logo() -> Markup {
    sprite("logo", "")
}

/// The hazard class: shape, bars and word.
pub(super) fn hazard(hazard: Hazard, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let (name, word) = match hazard {
        Hazard::Red => ("risk-rouge", texts.red),
        Hazard::Amber => ("risk-orange", texts.amber),
        Hazard::Green => ("risk-vert", texts.green),
    };
    html! { span.risk { (icon(name)) " " (word) } }
}

/// How fresh the page is. It is not live before a script has heard the registry, so it says when it was made.
pub(super) fn freshness(now: Time, zone: chrono_tz::Tz, reader: &Reader) -> Markup {
    let texts = reader.texts();
    let language = reader.language;
    html! {
        span.row {
            span #live .live.late data-live=(typeset(texts.live, language)) data-late=(typeset(texts.seen, language)) {
                (reader.say(texts.seen, &[&dates::hour(now, zone, language)]))
            }
            span #actualiser { a.btn.quiet href="" { (texts.refresh) } }
        }
    }
}
