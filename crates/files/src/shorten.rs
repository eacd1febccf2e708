//! What a message quotes of a text that may be of any length and hold anything.

/// The text, or its beginning and `…` where it is longer than anybody would read; never a control character, which
/// would break the line of the message or speak to the terminal.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 64;
    let mut letters = text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter });
    let mut short: String = letters.by_ref().take(MOST).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_long_text_is_cut_and_controls_are_replaced() {
        assert_eq!(shortened("é\n\u{1b}[31m"), "é\u{fffd}\u{fffd}[31m");
        assert_eq!(shortened(&"é".repeat(64)), "é".repeat(64));
        assert_eq!(shortened(&"é".repeat(65)), format!("{}…", "é".repeat(64)));
    }
}
