//! The product's own copy: for each reason and language a title, a sentence, a next step and two display lines, and
//! shorter forms of them that promise less. Start at [`forms`]; `microcopy.json` is the design's, `shorter.json` ours.
//!
//! A form may name facts in braces. Nothing here knows them: a form whose facts are not all known is never shown.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use tremen_rules::network::Language;

/// The full copy of one reason in one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    title: String,
    sentence: String,
    next: String,
    lcd: [String; 2],
}

/// Forms that ask for fewer facts, each list from the fullest to the barest.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Shorter {
    title: Vec<String>,
    sentence: Vec<String>,
    next: Vec<String>,
    lcd: Vec<[String; 2]>,
}

type ByCode<T> = BTreeMap<String, BTreeMap<Language, T>>;

static FULL: LazyLock<ByCode<Full>> =
    LazyLock::new(|| serde_json::from_str(include_str!("microcopy.json")).unwrap_or_default());
static SHORTER: LazyLock<ByCode<Shorter>> =
    LazyLock::new(|| serde_json::from_str(include_str!("shorter.json")).unwrap_or_default());

/// All forms of one reason in one language, each list from the fullest to the barest.
#[derive(Debug)]
pub(super) struct Forms {
    /// Titles.
    pub title: Vec<&'static str>,
    /// Sentences.
    pub sentence: Vec<&'static str>,
    /// Next steps.
    pub next: Vec<&'static str>,
    /// Display lines.
    pub lcd: Vec<[&'static str; 2]>,
}

/// The forms of a reason's code; none for a code that the copy does not know.
pub(super) fn forms(code: &str, language: Language) -> Option<Forms> {
    let full = FULL.get(code)?.get(&language)?;
    let mut forms = Forms {
        title: vec![&full.title],
        sentence: vec![&full.sentence],
        next: vec![&full.next],
        lcd: vec![full.lcd.each_ref().map(String::as_str)],
    };
    // Nobody is notified of a machine that becomes free: this next step would not be true.
    if code == "machine_busy" {
        forms.next.clear();
    }
    if let Some(shorter) = SHORTER.get(code).and_then(|by_language| by_language.get(&language)) {
        forms.title.extend(shorter.title.iter().map(String::as_str));
        forms.sentence.extend(shorter.sentence.iter().map(String::as_str));
        forms.next.extend(shorter.next.iter().map(String::as_str));
        forms.lcd.extend(shorter.lcd.iter().map(|lines| lines.each_ref().map(String::as_str)));
    }
    Some(forms)
}

#[cfg(test)]
mod tests {
    use tremen_rules::DenialReason;
    use tremen_rules::network::Language::{Br, En, Fr};

    use super::super::fill::{Slot, fill, slots};
    use super::{ByCode, FULL, Full, SHORTER, Shorter, forms};

    fn codes() -> Vec<&'static str> {
        DenialReason::ALL.into_iter().map(DenialReason::code).chain(["registry_unreachable"]).collect()
    }

    #[test]
    fn both_files_are_read_and_name_only_known_codes() {
        serde_json::from_str::<ByCode<Full>>(include_str!("microcopy.json")).unwrap();
        serde_json::from_str::<ByCode<Shorter>>(include_str!("shorter.json")).unwrap();
        let mut known = codes();
        known.sort_unstable();
        assert_eq!(FULL.keys().map(String::as_str).collect::<Vec<_>>(), known);
        for code in SHORTER.keys() {
            assert!(known.contains(&code.as_str()), "{code}");
        }
    }

    #[test]
    fn every_reason_has_a_form_without_any_fact_in_each_language() {
        for code in codes() {
            for language in [Fr, En, Br] {
                let forms = forms(code, language).unwrap();
                for (part, texts) in [("title", &forms.title), ("sentence", &forms.sentence), ("next", &forms.next)] {
                    let barest = texts.last().unwrap();
                    assert!(!barest.trim().is_empty(), "{code} {language:?} {part}");
                    assert!(slots(barest).unwrap().is_empty(), "{code} {language:?} {part}: {barest}");
                }
                let barest = forms.lcd.last().unwrap();
                assert!(barest.iter().all(|line| slots(line).unwrap().is_empty()), "{code} {language:?}: {barest:?}");
            }
        }
    }

    #[test]
    fn every_placeholder_is_a_known_one() {
        for code in codes() {
            for language in [Fr, En, Br] {
                let forms = forms(code, language).unwrap();
                let lines = forms.lcd.iter().flatten();
                for text in forms.title.iter().chain(&forms.sentence).chain(&forms.next).chain(lines) {
                    assert!(slots(text).is_some(), "{code} {language:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn every_display_line_fits_twenty_ascii_characters_with_its_facts() {
        let facts = [
            (Slot::DayMonth, "03/11".to_owned()),
            (Slot::HourMinute, "14:32".to_owned()),
            (Slot::ShortAge, "16".to_owned()),
        ];
        for code in codes() {
            for language in [Fr, En, Br] {
                for line in forms(code, language).unwrap().lcd.into_iter().flatten() {
                    let line = fill(line, &facts).unwrap();
                    assert!(line.len() <= 20 && !line.is_empty(), "{code} {language:?}: {line}");
                    assert!(line.bytes().all(|b| (0x20..0x7f).contains(&b)), "{code} {language:?}: {line}");
                }
            }
        }
    }
}
