//! Reads JSON strictly: no key twice, no bottomless nesting, no number that two readers could take for two values.
//!
//! Start at [`parse`]. Everything that enters this crate as JSON text passes here; nothing here knows what a badge is.

use core::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The longest JSON text that is read, in bytes.
pub const MAX_TEXT: usize = 256 * 1024;

/// The longest JSON text of a fetched document, in bytes: status lists are longer than badges.
pub const MAX_FETCHED: usize = 1024 * 1024;

/// How deep objects and arrays may nest.
pub const MAX_DEPTH: usize = 32;

/// The greatest whole number that every JSON reader keeps exactly: 2^53 - 1.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The same for numbers with a point or an exponent.
const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

/// Why a JSON text was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Longer than the limit.
    #[error("the text has {length} bytes, at most {limit} are read")]
    TooLong {
        /// Its length, in bytes.
        length: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// Not JSON, or JSON with a key twice, too deep, or with a number that readers disagree on.
    #[error("not readable as JSON: {0}")]
    Malformed(String),
}

/// Reads a JSON text of at most `limit` bytes.
///
/// # Errors
/// [`JsonError::TooLong`]; [`JsonError::Malformed`] also for a duplicate key, nesting beyond [`MAX_DEPTH`], and numbers
/// beyond 2^53 - 1.
pub fn parse(bytes: &[u8], limit: usize) -> Result<Value, JsonError> {
    if bytes.len() > limit {
        return Err(JsonError::TooLong { length: bytes.len(), limit });
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut reader).map_err(|e| JsonError::Malformed(e.to_string()))?;
    reader.end().map_err(|e| JsonError::Malformed(e.to_string()))?;
    Ok(value)
}

/// The values behind a member that may be absent, one value, or an array.
#[must_use]
pub fn listed(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
    }
}

/// The strings behind a member that may be absent, one value, or an array; what is no string is left out.
#[must_use]
pub fn strings(value: Option<&Value>) -> Vec<&str> {
    listed(value).into_iter().filter_map(Value::as_str).collect()
}

/// The id of a value that is either a string or an object with an `id`.
#[must_use]
pub fn id_of(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("id").and_then(Value::as_str))
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        if value.unsigned_abs() > MAX_SAFE_INTEGER {
            return Err(E::custom(format!("the number {value} is not exact in every reader")));
        }
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value > MAX_SAFE_INTEGER {
            return Err(E::custom(format!("the number {value} is not exact in every reader")));
        }
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        // Whole numbers too long for 64 bits come here as well.
        if value.abs() > MAX_EXACT {
            return Err(E::custom(format!("the number {value:e} is not exact in every reader")));
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut out = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            out.push(item);
        }
        Ok(Value::Array(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut out = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(deeper)?;
            if out.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` stands twice in one object")));
            }
            out.insert(key, value);
        }
        Ok(Value::Object(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth() {
        let error = parse(br#"{"a":[{"b":1,"b":2}]}"#, MAX_TEXT).unwrap_err();
        assert!(error.to_string().contains("the key `b` stands twice"), "{error}");
    }

    #[test]
    fn a_bottomless_text_is_refused_without_a_stack_overflow() {
        let text = "[".repeat(100_000);
        assert!(parse(text.as_bytes(), MAX_TEXT).is_err());
        let deep = format!("{}1{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert!(parse(deep.as_bytes(), MAX_TEXT).is_ok());
        let deeper = format!("[{deep}]");
        assert!(parse(deeper.as_bytes(), MAX_TEXT).is_err());
    }

    #[test]
    fn a_number_that_two_readers_would_round_differently_is_refused() {
        assert!(parse(b"9007199254740991", MAX_TEXT).is_ok());
        for beyond in
            ["9007199254740993", "-9007199254740993", "9007199254740993.0", "1e300", "7777770000067927690888191172152"]
        {
            assert!(parse(beyond.as_bytes(), MAX_TEXT).is_err(), "{beyond}");
        }
        // Found by fuzzing: such a number was read as another one than it is written as.
        assert!(parse(b"777777000000000000000000000000000000000000000006792769088191172152 ", MAX_TEXT).is_err());
    }

    #[test]
    fn a_number_with_a_point_is_read_as_the_nearest_one_there_is() {
        // The halves of neighbours are what careless readers get wrong.
        let mut digits = 0x5eed_u64;
        for _number in 0..20_000 {
            digits = digits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let text = format!("{}.{digits:020}{digits:020}e-{}", digits % 999, digits % 40);
            let read = parse(text.as_bytes(), MAX_TEXT).unwrap();
            assert_eq!(read.as_f64().unwrap(), text.parse::<f64>().unwrap(), "{text}");
        }
    }

    #[test]
    fn text_after_the_value_is_refused() {
        assert!(parse(b"{} {}", MAX_TEXT).is_err());
    }
}
