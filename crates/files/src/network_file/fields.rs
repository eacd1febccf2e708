//! One table of the file, read key by key: typed values out, and every fault said.
//!
//! Start at [`Fields::needed`] and [`Fields::optional`]. A reader takes the key (for its message) and the value, and
//! gives nothing when it has said a fault.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};
use tremen_rules::Level;
use tremen_rules::flaws::Table;
use tremen_rules::ids::InvalidId;

use super::entries::Mention;
use super::sink::Sink;
use crate::shorten::shortened;
use crate::words::{Words, one_of};

/// A value with its place in the text.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// What a number of at least 1 may be.
pub(super) const AT_LEAST_ONE: (RangeInclusive<u32>, &str) = (1..=u32::MAX, "a whole number of at least 1");

/// The keys of one table.
pub(super) struct Fields<'s, 'a, 't, 'x> {
    sink: &'s mut Sink<'x>,
    mentions: &'s mut Vec<Mention>,
    table: &'a DeTable<'t>,
    at: usize,
    /// How messages name the entry: "machine `laser`".
    pub(super) who: String,
    /// Keys that are missing because they are misspelt, which has been said.
    misspelt: Vec<&'static str>,
}

impl<'s, 'a, 't, 'x> Fields<'s, 'a, 't, 'x> {
    /// Begins to read a table at its byte in the text, and says which of its keys are unknown.
    pub(super) fn open(
        sink: &'s mut Sink<'x>,
        mentions: &'s mut Vec<Mention>,
        table: &'a DeTable<'t>,
        at: usize,
        who: String,
        keys_of: &str,
        keys: &[&'static str],
    ) -> Self {
        let misspelt = sink.unknown_keys(table, keys_of, keys);
        Self { sink, mentions, table, at, who, misspelt }
    }

    /// Whether the table has a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Says what is wrong with the value of a key, at a byte of the text.
    pub(super) fn refuse(&mut self, key: &str, at: usize, problem: impl Display) {
        self.sink.error(at, format!("{}, `{key}`: {problem}", self.who));
    }

    /// Says what is wrong with the table as a whole.
    pub(super) fn refuse_all(&mut self, problem: impl Display) {
        self.sink.error(self.at, format!("{} {problem}", self.who));
    }

    /// Says that a value is of the wrong type.
    pub(super) fn wrong_type(&mut self, key: &str, value: &Value<'_>, wanted: &str) {
        self.refuse(key, value.span().start, format!("{} stands where {wanted} belongs", found(value)));
    }

    /// The value of a key that may be missing. None: missing, or refused.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Self, &'static str, &'a Value<'t>) -> Option<T>,
    ) -> Option<T> {
        let value = self.table.get(key)?;
        read(self, key, value)
    }

    /// The value of a key that must be there; `what` says what it is. None: refused.
    pub(super) fn needed<T>(
        &mut self,
        key: &'static str,
        what: &str,
        read: impl FnOnce(&mut Self, &'static str, &'a Value<'t>) -> Option<T>,
    ) -> Option<T> {
        if !self.has(key) && !self.misspelt.contains(&key) {
            self.refuse_all(format!("needs `{key}`: {what}"));
        }
        self.optional(key, read)
    }

    /// A table inside this one.
    pub(super) fn nested<'n>(
        &'n mut self,
        key: &str,
        value: &'a Value<'t>,
        keys: &[&'static str],
        wanted: &str,
    ) -> Option<Fields<'n, 'a, 't, 'x>> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, wanted);
            return None;
        };
        let who = format!("{}, `{key}`", self.who);
        let keys_of = format!("`{key}` of {}", self.who);
        Some(Fields::open(self.sink, self.mentions, table, value.span().start, who, &keys_of, keys))
    }

    /// The elements of a list, each read by `read`.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        value: &'a Value<'t>,
        wanted: &str,
        mut read: impl FnMut(&mut Self, &'static str, &'a Value<'t>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let array = self.array(key, value, wanted)?;
        Some(array.iter().filter_map(|value| read(self, key, value)).collect())
    }

    /// The elements of a list in which nothing may stand twice.
    pub(super) fn distinct<T: Ord + Clone>(
        &mut self,
        key: &'static str,
        value: &'a Value<'t>,
        wanted: &str,
        mut read: impl FnMut(&mut Self, &'static str, &'a Value<'t>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let array = self.array(key, value, wanted)?;
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for value in array {
            let Some(element) = read(self, key, value) else { continue };
            if seen.insert(element.clone()) {
                all.push(element);
            } else {
                let text = shortened(value.get_ref().as_str().unwrap_or_default());
                self.refuse(key, value.span().start, format!("`{text}` stands twice; once is enough"));
            }
        }
        Some(all)
    }

    fn array(&mut self, key: &str, value: &'a Value<'t>, wanted: &str) -> Option<&'a DeArray<'t>> {
        if let DeValue::Array(array) = value.get_ref() {
            return Some(array);
        }
        self.wrong_type(key, value, wanted);
        None
    }

    /// A text in quotes that is read by `read`.
    pub(super) fn parsed<T, E: Display>(
        &mut self,
        key: &str,
        value: &'a Value<'t>,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(key, value, "a text in quotes");
            return None;
        };
        read(text).map_err(|problem| self.refuse(key, value.span().start, problem)).ok()
    }

    /// A text for people.
    pub(super) fn text(&mut self, key: &'static str, value: &'a Value<'t>) -> Option<String> {
        self.parsed(key, value, text)
    }

    /// A web address.
    pub(super) fn web_address(&mut self, key: &'static str, value: &'a Value<'t>) -> Option<String> {
        self.parsed(key, value, |address| {
            let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
            if rest.is_none_or(str::is_empty) || address.contains(|c: char| c.is_whitespace() || c.is_control()) {
                return Err(format!("`{}` is not a web address: `https://...`", shortened(address)));
            }
            Ok(address.to_owned())
        })
    }

    /// An id.
    pub(super) fn id<Id>(
        &mut self,
        key: &str,
        value: &'a Value<'t>,
        parse: fn(&str) -> Result<Id, InvalidId>,
    ) -> Option<Id> {
        self.parsed(key, value, |text| parse(text).map_err(|_| InvalidId(shortened(text))))
    }

    /// The id of an entry of another table; `verb` joins who names it and the id: "stands in venue".
    pub(super) fn mention<Id: Display>(
        &mut self,
        (key, value): (&'static str, &'a Value<'t>),
        declared_in: Table,
        verb: &str,
        parse: fn(&str) -> Result<Id, InvalidId>,
    ) -> Option<Id> {
        let id = self.id(key, value, parse)?;
        let who = self.who.split_once(", `").map_or(self.who.as_str(), |(entry, _)| entry);
        self.mentions.push(Mention {
            at: value.span().start,
            key,
            declared_in,
            id: id.to_string(),
            sentence: format!("{who} {verb}"),
        });
        Some(id)
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, key: &str, value: &'a Value<'t>, what: &str, words: &Words<T>) -> Option<T> {
        self.parsed(key, value, |text| one_of(text, what, words))
    }

    /// True or false.
    pub(super) fn boolean(&mut self, key: &'static str, value: &'a Value<'t>) -> Option<bool> {
        let boolean = value.get_ref().as_bool();
        if boolean.is_none() {
            self.wrong_type(key, value, "`true` or `false`");
        }
        boolean
    }

    /// A whole number in a range; `allowed` says which.
    pub(super) fn number(
        &mut self,
        key: &str,
        value: &'a Value<'t>,
        (range, allowed): (RangeInclusive<u32>, &str),
    ) -> Option<u32> {
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_type(key, value, "a whole number");
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|number| u32::try_from(number).ok()).filter(|number| range.contains(number));
        if number.is_none() {
            let problem = format!("{} is not allowed: {allowed}", shortened(&integer.to_string()));
            self.refuse(key, value.span().start, problem);
        }
        number
    }

    /// A whole number of at least 1.
    pub(super) fn count(&mut self, key: &'static str, value: &'a Value<'t>) -> Option<u32> {
        self.number(key, value, AT_LEAST_ONE)
    }

    /// A level.
    pub(super) fn level(&mut self, key: &'static str, value: &'a Value<'t>) -> Option<Level> {
        let number = self.number(key, value, (1..=3, "a level is 1 (discovery), 2 (autonomous) or 3 (trainer)"))?;
        Level::try_from(number).ok()
    }
}

/// A text that says something.
pub(super) fn text(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("the text is empty; write something, or leave an optional key out".to_owned());
    }
    match text.chars().find(|letter| letter.is_control() && !matches!(letter, '\n' | '\t')) {
        Some(control) => Err(format!("there is a control character in this text (U+{:04X})", u32::from(control))),
        None => Ok(text.to_owned()),
    }
}

/// What a value is, in words.
pub(super) fn found(value: &Value<'_>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
