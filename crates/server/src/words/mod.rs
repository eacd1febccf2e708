//! The words for every refusal and every display, in the network's languages: reason, then next step. Start at
//! [`denial_text`] and [`denial_lcd`].
//!
//! A sentence is shown only where all that it says is known; otherwise a shorter one is. What a public screen shows comes
//! from [`code_text`], which is given no fact at all. Nothing here decides, reads a clock or makes markup.

mod clock;
mod copy;
pub mod dates;
mod display;
mod facts;
mod fill;

use tremen_rules::network::Language;
use tremen_rules::{Level, Network, Objection, PersonFacts, ReferenceId, Time};

pub use clock::doubted_clock;
pub use display::{done_lcd, grant_lcd, stop_lcd};
pub use fill::{NBSP, typeset};

use facts::Known;
use fill::first_true;

/// What was asked, for the words of its answer.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The rules in force.
    pub network: &'a Network,
    /// The machine as it was asked for, whether it exists or not.
    pub machine: &'a str,
    /// When.
    pub now: Time,
}

/// What a tap did, where it did not ask to start the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// A session was ended.
    SessionEnded,
    /// There was no session to end.
    NothingToEnd,
    /// A supervisor stands by.
    SupervisorReady,
    /// A trainer stands by to induct.
    TrainerReady,
    /// A trainee was inducted.
    Inducted,
}

/// A refusal in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What it is.
    pub title: String,
    /// Why.
    pub sentence: String,
    /// What to do next.
    pub next: Option<String>,
}

/// The network's first language, that of its displays.
#[must_use]
pub fn language_of(network: &Network) -> Language {
    network.settings.languages.first().copied().unwrap_or(Language::Fr)
}

/// The display lines of a refusal, dates and hours in the venue's zone: two lines of at most 20 ASCII characters.
#[must_use]
pub fn denial_lcd(objection: &Objection, ask: &Asked<'_>, language: Language) -> [String; 2] {
    let known = Known::about(objection, ask, None, language).lcd;
    let filled = copy::forms(objection.reason.code(), language).and_then(|forms| {
        let filled = forms.lcd.iter().map(|lines| lines.map(|line| fill::fill(line, &known)));
        filled
            .filter_map(|[first, second]| Some([first?, second?]))
            .find(|lines| lines.iter().all(|line| line.len() <= 20))
    });
    filled.unwrap_or_else(|| unreachable_lcd(language))
}

/// The display lines when the registry cannot decide.
#[must_use]
pub fn unreachable_lcd(language: Language) -> [String; 2] {
    let forms = copy::forms("registry_unreachable", language);
    let lines = forms.and_then(|forms| forms.lcd.last().copied());
    lines.unwrap_or(["Registre injoignable", "Reessayez dans 1 min"]).map(str::to_owned)
}

/// A refusal in full, for the person themself: with names of badge, venue and issuer, levels, versions and dates, as far
/// as they are known.
#[must_use]
pub fn denial_text(objection: &Objection, ask: &Asked<'_>, facts: Option<&PersonFacts>, language: Language) -> Text {
    text(objection.reason.code(), &Known::about(objection, ask, facts, language), language)
}

/// A refusal without any fact, for screens that everybody reads. `code` is a denial's code or `registry_unreachable`;
/// any other has general words.
#[must_use]
pub fn code_text(code: &str, language: Language) -> Text {
    text(code, &Known::default(), language)
}

fn text(code: &str, known: &Known, language: Language) -> Text {
    let text = copy::forms(code, language).and_then(|forms| {
        Some(Text {
            title: first_true(&forms.title, &known.title)?,
            sentence: first_true(&forms.sentence, &known.sentence)?,
            next: first_true(&forms.next, &known.next),
        })
    });
    let Text { title, sentence, next } = text.unwrap_or_else(|| general(language));
    let set = |text: String| typeset(&text, language);
    Text { title: set(title), sentence: set(sentence), next: next.map(set) }
}

/// Words for a code that the copy does not know.
fn general(language: Language) -> Text {
    let [title, sentence, next] = match language {
        Language::Fr => ["Passage impossible", "La machine n’a pas pu démarrer.", "Demandez à l’accueil."],
        Language::En => ["Cannot start", "The machine could not start.", "Ask the front desk."],
        Language::Br => ["N’haller ket tremen", "N’eo ket bet gallet loc’hañ ar mekanik.", "Goulennit en degemer."],
    };
    Text { title: title.to_owned(), sentence: sentence.to_owned(), next: Some(next.to_owned()) }
}

/// The title of a reference in a language: in the network's first one where it has none, its id as a last resort.
#[must_use]
pub fn title_of(network: &Network, reference: &ReferenceId, language: Language) -> String {
    let title = network.references.get(reference).and_then(|known| in_language(&known.title, network, language));
    title.map_or_else(|| reference.to_string(), str::to_owned)
}

/// The text in a language, in the network's first one, or in any.
#[must_use]
pub fn in_language<'t>(
    texts: &'t std::collections::BTreeMap<Language, String>,
    network: &Network,
    language: Language,
) -> Option<&'t str> {
    let text = texts.get(&language).or_else(|| texts.get(&language_of(network))).or_else(|| texts.values().next());
    text.map(String::as_str)
}

/// A level with its name: `2 (autonome)`.
#[must_use]
pub fn level_name(level: Level, language: Language) -> String {
    let name = match (level, language) {
        (Level::Discovery, Language::Fr) => "découverte",
        (Level::Discovery, Language::En) => "discovery",
        (Level::Discovery, Language::Br) => "dizoleiñ",
        (Level::Autonomous, Language::Fr) => "autonome",
        (Level::Autonomous, Language::En) => "autonomous",
        (Level::Autonomous, Language::Br) => "emren",
        (Level::Trainer, Language::Fr) => "formateur",
        (Level::Trainer, Language::En) => "trainer",
        (Level::Trainer, Language::Br) => "stummer",
    };
    format!("{}{NBSP}({name})", level.number())
}

#[cfg(test)]
mod tests;
