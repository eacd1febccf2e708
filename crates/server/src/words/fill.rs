//! Filling the facts into a form, and the typography of what comes out. Start at [`fill`] and [`typeset`].

use tremen_rules::network::Language;

/// A fact that a form may name. The copy spells it in each language: `{lieu}`, `{venue}`, `{deiziad}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// The venue's name.
    Venue,
    /// The title of the reference in question.
    Badge,
    /// A date in words.
    Date,
    /// How long something takes.
    Length,
    /// The name of somebody who helps.
    Mentor,
    /// The version that is asked for.
    NewVersion,
    /// The version that the person has.
    OldVersion,
    /// A number of minutes.
    Minutes,
    /// The issuer's name.
    Issuer,
    /// The level that is asked for.
    Required,
    /// The level that the person has.
    Current,
    /// The title of a reference that must be held besides.
    Prerequisite,
    /// A machine's name.
    Machine,
    /// Why a machine is locked.
    Why,
    /// An hour in words.
    Hour,
    /// A day in words.
    Day,
    /// An age in years.
    Age,
    /// `03/11`, for the display.
    DayMonth,
    /// `14:32`, for the display.
    HourMinute,
    /// An age in years, for the display.
    ShortAge,
}

impl Slot {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "lieu" | "venue" => Self::Venue,
            "badge" => Self::Badge,
            "date" | "deiziad" => Self::Date,
            "durée" | "length" | "pad" => Self::Length,
            "référent" | "mentor" | "den-dave" => Self::Mentor,
            "v2" => Self::NewVersion,
            "v1" => Self::OldVersion,
            "n" => Self::Minutes,
            "émetteur" | "issuer" | "embanner" => Self::Issuer,
            "requis" | "required" | "ret" => Self::Required,
            "actuel" | "current" | "bremañ" => Self::Current,
            "prérequis" | "prerequisite" | "rakdiviz" => Self::Prerequisite,
            "machine" | "mekanik" => Self::Machine,
            "motif" | "reason" | "abeg" => Self::Why,
            "heure" | "time" | "eur" => Self::Hour,
            "jour" | "day" | "deiz" => Self::Day,
            "âge" | "age" | "oad" => Self::Age,
            "jj/mm" | "dd/mm" => Self::DayMonth,
            "hh:mm" => Self::HourMinute,
            "aa" => Self::ShortAge,
            _ => return None,
        })
    }
}

/// The facts that a form names, in order; none when it names one that does not exist.
#[cfg(test)]
pub(super) fn slots(form: &str) -> Option<Vec<Slot>> {
    let mut found = Vec::new();
    let mut rest = form;
    while let Some((_, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        found.push(Slot::named(name)?);
        rest = after;
    }
    Some(found)
}

/// Puts facts in the place of their names; none when a fact is missing. A fact that is given twice is used in the
/// order given: "from {hour} to {hour}".
pub(super) fn fill(form: &str, facts: &[(Slot, String)]) -> Option<String> {
    let mut used = vec![false; facts.len()];
    let mut filled = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let slot = Slot::named(name)?;
        let (fact, used) = facts.iter().zip(&mut used).find(|((of, _), used)| *of == slot && !**used)?;
        *used = true;
        filled.push_str(before);
        filled.push_str(&fact.1);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// The first form, from the fullest to the barest, whose facts are all known.
pub(super) fn first_true(forms: &[&str], facts: &[(Slot, String)]) -> Option<String> {
    forms.iter().find_map(|form| fill(form, facts))
}

/// The no-break space.
pub const NBSP: char = '\u{a0}';

/// Sets no-break spaces as the language wants them: inside guillemets, before high punctuation, between a number and
/// its unit.
#[must_use]
pub fn typeset(text: &str, language: Language) -> String {
    let mut set = String::with_capacity(text.len() + 8);
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let after = characters.peek().copied();
        let binds = character == ' ' && binds(before, after, characters.clone(), language);
        set.push(if binds { NBSP } else { character });
        before = Some(character);
    }
    set
}

fn binds(before: Option<char>, after: Option<char>, rest: impl Iterator<Item = char>, language: Language) -> bool {
    let guillemet = before == Some('«') || after == Some('»');
    let high = language == Language::Fr && matches!(after, Some(':' | ';' | '?' | '!'));
    let unit: String = rest.take_while(|character| character.is_alphabetic()).collect();
    let measured = before.is_some_and(|character| character.is_ascii_digit())
        && matches!(unit.as_str(), "h" | "min" | "mun" | "s" | "secondes" | "ans" | "vloaz" | "eilenn" | "seconds");
    guillemet || high || measured
}

#[cfg(test)]
mod tests {
    use super::{Slot, fill, typeset};
    use tremen_rules::network::Language::{En, Fr};

    #[test]
    fn a_missing_fact_leaves_no_text() {
        assert_eq!(fill("le {date}", &[]), None);
        assert_eq!(fill("le {date}", &[(Slot::Date, "3 mars".into())]).unwrap(), "le 3 mars");
    }

    #[test]
    fn the_same_fact_given_twice_is_used_in_order() {
        let hours = [(Slot::Hour, "9 h".to_owned()), (Slot::Hour, "18 h".to_owned())];
        assert_eq!(fill("de {heure} à {heure}", &hours).unwrap(), "de 9 h à 18 h");
        assert_eq!(fill("{heure} {heure} {heure}", &hours), None);
    }

    #[test]
    fn french_keeps_its_punctuation_on_the_line() {
        assert_eq!(
            typeset("Ici : « Ma carte » dans 20 min ?", Fr),
            "Ici\u{a0}: «\u{a0}Ma carte\u{a0}» dans 20\u{a0}min\u{a0}?"
        );
        assert_eq!(typeset("In 20 min: ok", En), "In 20\u{a0}min: ok");
    }
}
