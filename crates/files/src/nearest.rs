//! The name that somebody probably meant: `hazrd` is not far from `hazard`.
//!
//! Start at [`nearest`]. It only suggests; nothing is ever read as if it had been spelt right.

/// Longer names are not compared: nobody mistypes that much, and the work per comparison stays bounded.
const LONGEST: usize = 64;

/// The known name that is nearest to the given one, if one is near enough to be meant.
///
/// Near enough is one slip (a letter too much, too few, wrong, or two swapped) for every three letters, or one name
/// that begins or ends with the other. Case, `-`, `_`, `.` and spaces are the same. Of names as near as each other the
/// first counts.
#[must_use]
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = folded(given)?;
    let allowed = (given.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for name in known {
        let Some(candidate) = folded(name) else { continue };
        // Each slip changes the length by one at most: no need to look closer at names of quite another length.
        let slips = if given.len().abs_diff(candidate.len()) <= allowed {
            Some(distance(&given, &candidate)).filter(|slips| *slips <= allowed)
        } else {
            None
        };
        let partly = || one_holds_the_other(&given, &candidate).then_some(allowed + 1);
        if let Some(slips) = slips.or_else(partly)
            && best.is_none_or(|(fewest, _)| slips < fewest)
        {
            best = Some((slips, name));
        }
    }
    best.map(|(_, name)| name)
}

/// The end of a sentence that says what was probably meant: "; did you mean `hazard`?", or nothing.
#[must_use]
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, known).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn folded(name: &str) -> Option<Vec<char>> {
    let mut letters = Vec::new();
    for letter in name.trim().chars() {
        if letters.len() == LONGEST {
            return None;
        }
        letters.push(match letter {
            '-' | '.' | ' ' => '_',
            other => other.to_lowercase().next().unwrap_or(other),
        });
    }
    if letters.is_empty() { None } else { Some(letters) }
}

fn one_holds_the_other(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    short.len() >= 3 && (long.starts_with(short) || long.ends_with(short))
}

/// The fewest slips that turn one text into the other (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_letter = None;
    for (row, &letter) in a.iter().enumerate() {
        let mut current = Vec::with_capacity(last.len());
        current.push(row + 1);
        let mut left = row + 1;
        let mut previous_other = None;
        for (column, &other) in b.iter().enumerate() {
            let at = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX - 1);
            let mut fewest = at(&last, column) + usize::from(letter != other);
            fewest = fewest.min(at(&last, column + 1) + 1).min(left + 1);
            if previous_letter == Some(other) && previous_other == Some(letter) && column >= 1 {
                fewest = fewest.min(at(&before_last, column - 1) + 1);
            }
            current.push(fewest);
            left = fewest;
            previous_other = Some(other);
        }
        before_last = std::mem::replace(&mut last, current);
        previous_letter = Some(letter);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, distance, nearest};

    const KEYS: [&str; 6] = ["id", "hazard", "members_only", "valid_until", "min_age", "min_assurance"];

    #[test]
    fn a_slip_of_the_finger_finds_its_name() {
        for (given, meant) in [
            ("hazrd", "hazard"),
            ("hazzard", "hazard"),
            ("hazadr", "hazard"),
            ("Hazard", "hazard"),
            ("members-only", "members_only"),
            ("member_only", "members_only"),
            ("members", "members_only"),
            ("until", "valid_until"),
            ("ids", "id"),
        ] {
            assert_eq!(nearest(given, KEYS), Some(meant), "{given}");
        }
    }

    #[test]
    fn a_name_that_is_far_from_all_others_suggests_nothing() {
        for given in ["", "   ", "colour", "x", &"h".repeat(65), "🙂🙂🙂"] {
            assert_eq!(nearest(given, KEYS), None, "{given}");
        }
        assert_eq!(did_you_mean("colour", KEYS), "");
        assert_eq!(did_you_mean("hazrd", KEYS), "; did you mean `hazard`?");
    }

    #[test]
    fn of_names_as_near_as_each_other_the_first_counts() {
        assert_eq!(nearest("laser-3", ["laser-1", "laser-2"]), Some("laser-1"));
    }

    #[test]
    fn slips_are_counted_once_each() {
        let count = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(count("", ""), 0);
        assert_eq!(count("abc", ""), 3);
        assert_eq!(count("", "abc"), 3);
        assert_eq!(count("abc", "abc"), 0);
        assert_eq!(count("ab", "ba"), 1);
        assert_eq!(count("abcd", "acbd"), 1);
        assert_eq!(count("kitten", "sitting"), 3);
    }
}
