//! JSON objects of the plain profile. Start at [`read`] and [`write`]. A key that is there twice is refused wherever it
//! is: a reader that silently keeps one of the two would not see what another reader saw.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::fields::{Fields, Label, MAX_DEPTH, Value};
use crate::{MalformedKind, Profile, hex};

/// Writes a map of keys, in the order in which they were put.
pub(crate) fn write(fields: &Fields) -> Vec<u8> {
    let mut to = String::new();
    write_map(fields, &mut to);
    to.into_bytes()
}

fn write_map(fields: &Fields, to: &mut String) {
    let mut before = '{';
    for (label, value) in fields.entries() {
        to.push(before);
        match label {
            Label::Name(name) => write_text(name, to),
            Label::Number(number) => write_text(&alloc::format!("{number}"), to), // sealed only
        }
        to.push(':');
        write_value(value, to);
        before = ',';
    }
    if before == '{' {
        to.push('{');
    }
    to.push('}');
}

fn write_value(value: &Value, to: &mut String) {
    match value {
        Value::Uint(number) => to.push_str(&alloc::format!("{number}")),
        Value::Bool(truth) => to.push_str(if *truth { "true" } else { "false" }),
        Value::Bytes(bytes) => write_text(&hex::write(bytes), to),
        Value::Text(text) => write_text(text, to),
        Value::Array(items) => {
            to.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    to.push(',');
                }
                write_value(item, to);
            }
            to.push(']');
        }
        Value::Map(fields) => write_map(fields, to),
        Value::Other => to.push_str("null"), // no message of ours writes it
    }
}

/// Escapes what RFC 8259, section 7, says must be, and nothing else.
fn write_text(text: &str, to: &mut String) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\0'..='\x1f' => to.push_str(&alloc::format!("\\u{:04x}", u32::from(character))),
            _ => to.push(character),
        }
    }
    to.push('"');
}

/// Reads one object and nothing around it; with a fault, also the keys that came before it.
pub(crate) fn read(bytes: &[u8]) -> (Fields, Result<(), MalformedKind>) {
    let mut fields = Fields::new(Profile::Plain);
    let outcome = read_into(bytes, &mut fields);
    (fields, outcome)
}

fn read_into(bytes: &[u8], fields: &mut Fields) -> Result<(), MalformedKind> {
    if bytes.first() != Some(&b'{') {
        return Err(MalformedKind::NotJson); // the first byte tells the profiles apart
    }
    let mut fault = MalformedKind::NotJson;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let object = Object { into: fields, depth: MAX_DEPTH, fault: &mut fault };
    if json.deserialize_map(object).is_err() {
        return Err(fault);
    }
    // The parser passes over white space, but a message ends with its brace.
    if json.end().is_err() || bytes.last() != Some(&b'}') { Err(MalformedKind::Trailing) } else { Ok(()) }
}

/// Reads one object into a map that the caller keeps whatever happens.
struct Object<'a> {
    into: &'a mut Fields,
    /// How many levels there may be below.
    depth: usize,
    /// What to call the error that stopped the reading.
    fault: &'a mut MalformedKind,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut known = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !known.insert(name.clone()) {
                self.into.forget(&Label::Name(name));
                *self.fault = MalformedKind::Duplicate;
                return Err(A::Error::custom("a key is there twice"));
            }
            let value = map.next_value_seed(Item { depth: self.depth, fault: &mut *self.fault })?;
            self.into.push(Label::Name(name), value);
        }
        Ok(())
    }
}

/// Reads one value.
struct Item<'a> {
    depth: usize,
    fault: &'a mut MalformedKind,
}

impl Item<'_> {
    fn below<E: Error>(&self) -> Result<usize, E> {
        self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = Value;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a value")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Uint(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other) // only negative numbers come here
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let depth = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(Item { depth, fault: &mut *self.fault })? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        let depth = self.below()?;
        let mut fields = Fields::new(Profile::Plain);
        Object { into: &mut fields, depth, fault: self.fault }.visit_map(map)?;
        Ok(Value::Map(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    fn outcome(text: &str) -> Result<(), MalformedKind> {
        read(text.as_bytes()).1
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused_at_every_level() {
        for text in
            [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":1}"#, r#"{"a":{"b":1,"b":2}}"#, r#"{"a":[{"b":1,"c":2,"b":2}]}"#]
        {
            assert_eq!(outcome(text), Err(MalformedKind::Duplicate), "{text}");
        }
        let (fields, _) = read(br#"{"a":1,"b":2,"b":3}"#);
        assert_eq!(fields.entries(), [(Label::Name("a".into()), Value::Uint(1))], "neither of the two is believed");
    }

    #[test]
    fn nothing_stands_around_the_object() {
        assert_eq!(outcome("{}"), Ok(()));
        for text in ["{} ", "{}\n", "{}x", "{}{}", "{} }", "{}\0"] {
            assert_eq!(outcome(text), Err(MalformedKind::Trailing), "{text}");
        }
        for text in ["", " {}", "[]", "1", "null", "{", "{]", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1,}"#, "{'a':1}"] {
            assert_eq!(outcome(text), Err(MalformedKind::NotJson), "{text}");
        }
        assert_eq!(read(b"{\"a\":\"\xff\"}").1, Err(MalformedKind::NotJson));
    }

    #[test]
    fn only_whole_numbers_that_are_not_negative_are_numbers() {
        let value = |text: &str| read(format!(r#"{{"a":{text}}}"#).as_bytes()).0.entries()[0].1.clone();
        assert_eq!(value("0"), Value::Uint(0));
        assert_eq!(value("18446744073709551615"), Value::Uint(u64::MAX));
        for text in ["-1", "-0", "1.0", "1e3", "18446744073709551616", "null"] {
            assert_eq!(value(text), Value::Other, "{text}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert_eq!(outcome(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(outcome(&nested(MAX_DEPTH + 1)), Err(MalformedKind::NotJson));
        assert_eq!(outcome(&nested(100_000)), Err(MalformedKind::NotJson));
        let maps = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        assert_eq!(outcome(&maps(MAX_DEPTH + 1)), Ok(()));
        assert_eq!(outcome(&maps(MAX_DEPTH + 2)), Err(MalformedKind::NotJson));
    }

    proptest! {
        #[test]
        fn any_text_survives_a_round_trip(text: String) {
            let mut fields = Fields::new(Profile::Plain);
            fields.push(Label::Name(text.clone()), Value::Text(text));
            let (read, outcome) = read(&write(&fields));
            prop_assert_eq!(outcome, Ok(()));
            prop_assert_eq!(read, fields);
        }
    }
}
