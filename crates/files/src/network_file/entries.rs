//! The entries of the file's tables: which ids are declared where, who names whom, and where a flaw of the network
//! stands in the text.
//!
//! An entry with a fault of its own is left out of the network that is checked as a whole, so that one slip is said
//! once; who names such an entry is not at fault.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use toml::de::{DeTable, DeValue};
use tremen_rules::flaws::{Entry, Flaw, Table};
use tremen_rules::ids::InvalidId;

use super::fields::{Fields, found};
use super::sink::Sink;

/// The tables of the file.
pub(super) const TABLES: [&str; 7] = ["network", "issuer", "venue", "reference", "machine", "acceptance", "controller"];

/// An id that an entry names.
pub(super) struct Mention {
    pub(super) at: usize,
    pub(super) key: &'static str,
    /// The table that should declare it.
    pub(super) declared_in: Table,
    pub(super) id: String,
    /// The sentence up to the id: "machine `laser` requires reference".
    pub(super) sentence: String,
}

/// Where an entry stands.
struct Stands<'a, 't> {
    at: usize,
    table: &'a DeTable<'t>,
    who: String,
}

/// All entries of a file.
pub(super) struct Entries<'a, 't> {
    root: &'a DeTable<'t>,
    places: BTreeMap<(Table, Entry), Stands<'a, 't>>,
    /// Where each id is declared.
    declared: BTreeMap<Table, BTreeMap<String, usize>>,
    /// Ids of entries that have a fault of their own.
    faulty: BTreeSet<(Table, String)>,
    mentions: Vec<((Table, Entry), Mention)>,
    /// Keys at which an error has been said already, or which name an entry that has one.
    settled: BTreeSet<(Table, Entry, &'static str)>,
}

impl<'a, 't> Entries<'a, 't> {
    pub(super) fn new(root: &'a DeTable<'t>) -> Self {
        Self {
            root,
            places: BTreeMap::new(),
            declared: BTreeMap::new(),
            faulty: BTreeSet::new(),
            mentions: Vec::new(),
            settled: BTreeSet::new(),
        }
    }

    /// The one entry of `[network]`.
    pub(super) fn only(&mut self, sink: &mut Sink<'_>) -> Option<(&'a DeTable<'t>, usize)> {
        let Some(value) = self.root.get("network") else {
            sink.error(0, "the table [network] is missing; it needs `name` and `languages`".to_owned());
            return None;
        };
        let at = value.span().start;
        let Some(table) = value.get_ref().as_table() else {
            sink.error(at, "[network] stands once, in single brackets".to_owned());
            return None;
        };
        let who = "[network]".to_owned();
        self.places.insert((Table::Network, Entry::Only), Stands { at, table, who });
        Some((table, at))
    }

    /// The tables of `[[kind]]`, in the file's order.
    fn tables(&self, kind: Table, sink: &mut Sink<'_>) -> Vec<(&'a DeTable<'t>, usize)> {
        let name = kind.as_str();
        let Some(value) = self.root.get(name) else { return Vec::new() };
        let DeValue::Array(array) = value.get_ref() else {
            sink.error(value.span().start, format!("each {name} stands under [[{name}]], in double brackets"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for value in array {
            match value.get_ref().as_table() {
                Some(table) => tables.push((table, value.span().start)),
                None => {
                    let problem = format!("{} stands where a table [[{name}]] belongs", found(value));
                    sink.error(value.span().start, problem);
                }
            }
        }
        tables
    }

    /// Reads all entries of a table that have ids.
    pub(super) fn with_ids<Id: Ord + Clone + Display, T>(
        &mut self,
        kind: Table,
        keys: &[&'static str],
        sink: &mut Sink<'_>,
        parse: fn(&str) -> Result<Id, InvalidId>,
        mut read: impl FnMut(&mut Fields<'_, 'a, 't, '_>, Id) -> Option<T>,
    ) -> BTreeMap<Id, T> {
        let mut all = BTreeMap::new();
        let bracketed = format!("[[{}]]", kind.as_str());
        for (table, at) in self.tables(kind, sink) {
            let faults = sink.errors_so_far();
            let mut mentions = Vec::new();
            let mut fields = Fields::open(sink, &mut mentions, table, at, bracketed.clone(), &bracketed, keys);
            let id = fields
                .needed("id", "its id, by which others name it", |fields, key, value| fields.id(key, value, parse));
            let Some(id) = id else {
                read_without_id(table, &mut fields, parse, &mut read);
                continue;
            };
            let text = id.to_string();
            fields.who = format!("{} `{text}`", kind.as_str());
            let who = fields.who.clone();
            let value = read(&mut fields, id.clone());
            let declared = self.declared.entry(kind).or_default();
            if let Some(first) = declared.get(&text) {
                let line = sink.line(*first);
                sink.error(at_id(table, at), format!("{who} is declared twice; the first is on line {line}"));
                continue;
            }
            declared.insert(text.clone(), at_id(table, at));
            let place = (kind, Entry::Id(text.clone()));
            self.mentions.extend(mentions.into_iter().map(|mention| (place.clone(), mention)));
            self.places.insert(place, Stands { at, table, who });
            match value {
                Some(value) if sink.errors_so_far() == faults => {
                    all.insert(id, value);
                }
                Some(_) | None => {
                    self.faulty.insert((kind, text));
                }
            }
        }
        all
    }

    /// Reads all entries of a table that have no ids.
    pub(super) fn without_ids<T>(
        &mut self,
        kind: Table,
        keys: &[&'static str],
        sink: &mut Sink<'_>,
        mut read: impl FnMut(&mut Fields<'_, 'a, 't, '_>) -> Option<T>,
    ) -> Vec<T> {
        let mut all = Vec::new();
        let bracketed = format!("[[{}]]", kind.as_str());
        for (table, at) in self.tables(kind, sink) {
            let faults = sink.errors_so_far();
            let mut mentions = Vec::new();
            let mut fields = Fields::open(sink, &mut mentions, table, at, bracketed.clone(), &bracketed, keys);
            let value = read(&mut fields);
            let who = fields.who;
            let value = value.filter(|_| sink.errors_so_far() == faults);
            // INVARIANT (a flaw finds its line): the entry has the index that it has in the checked network
            let entry = if value.is_some() { Entry::Index(all.len()) } else { Entry::Only };
            self.mentions.extend(mentions.into_iter().map(|mention| ((kind, entry.clone()), mention)));
            if let Some(value) = value {
                self.places.insert((kind, entry), Stands { at, table, who });
                all.push(value);
            }
        }
        all
    }

    /// Says which ids are named but declared nowhere.
    pub(super) fn check_mentions(&mut self, sink: &mut Sink<'_>) {
        let none = BTreeMap::new();
        for ((table, entry), mention) in std::mem::take(&mut self.mentions) {
            let Mention { at, key, declared_in, id, sentence } = mention;
            let declared = self.declared.get(&declared_in).unwrap_or(&none);
            if !declared.contains_key(&id) {
                let hint = sink.did_you_mean(&id, declared.keys().map(String::as_str));
                let kind = declared_in.as_str();
                sink.error(at, format!("{sentence} `{id}`, which no [[{kind}]] declares{hint}"));
            } else if !self.faulty.contains(&(declared_in, id)) {
                continue;
            }
            self.settled.insert((table, entry, key));
        }
    }

    /// Says a flaw of the network as a whole, at its place in the text.
    pub(super) fn flaw(&self, flaw: &Flaw, sink: &mut Sink<'_>) {
        let place = &flaw.place;
        let settled = |key| self.settled.contains(&(place.table, place.entry.clone(), key));
        if !place.key.is_some_and(settled) {
            let (at, text) = self.in_the_text(flaw);
            sink.error(at, text);
        }
    }

    /// Says a risk of the network, at its place in the text.
    pub(super) fn warning(&self, flaw: &Flaw, sink: &mut Sink<'_>) {
        let (at, text) = self.in_the_text(flaw);
        sink.warning(at, text);
    }

    fn in_the_text(&self, flaw: &Flaw) -> (usize, String) {
        let Flaw { place, problem } = flaw;
        let Some(stands) = self.places.get(&(place.table, place.entry.clone())) else {
            return (0, flaw.to_string());
        };
        match place.key {
            Some(key) => (at_key(stands.table, key, stands.at), format!("{}, `{key}`: {problem}", stands.who)),
            None => (stands.at, format!("{}: {problem}", stands.who)),
        }
    }
}

/// Looks for the other faults of an entry whose id is missing or wrong.
fn read_without_id<'a, 't, Id, T>(
    table: &'a DeTable<'t>,
    fields: &mut Fields<'_, 'a, 't, '_>,
    parse: fn(&str) -> Result<Id, InvalidId>,
    read: &mut impl FnMut(&mut Fields<'_, 'a, 't, '_>, Id) -> Option<T>,
) {
    let Ok(stand_in) = parse("0") else { return };
    if let Some(text) = table.get("id").and_then(|value| value.get_ref().as_str()) {
        fields.who = format!("{} (`{}`)", fields.who, crate::shorten::shortened(text));
    }
    let _ = read(fields, stand_in);
}

fn at_id(table: &DeTable<'_>, otherwise: usize) -> usize {
    at_key(table, "id", otherwise)
}

fn at_key(table: &DeTable<'_>, key: &str, otherwise: usize) -> usize {
    table.get_key_value(key).map_or(otherwise, |(key, _)| key.span().start)
}
