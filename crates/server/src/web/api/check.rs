//! Holds a request's body against the schema that describes it, and names every fault with its place. Start at [`check`].
//!
//! What the description says is thereby what is enforced: there is no second list of fields.

use serde_json::Value as Json;
use tremen_files::nearest::did_you_mean;
use tremen_files::when::{parse_date, parse_end};
use tremen_rules::{AwardId, Scope};

use super::problem::{Fault, Place};

/// All faults of a body.
pub(super) fn check(schema: &Json, body: &Json) -> Vec<Fault> {
    let mut faults = Vec::new();
    check_at(schema, body, "", &mut faults);
    faults
}

/// Adds all faults of a part of a body, which stands at this pointer.
pub(super) fn check_at(schema: &Json, body: &Json, pointer: &str, faults: &mut Vec<Fault>) {
    value(schema, body, pointer, faults);
}

fn fault(pointer: &str, detail: String, faults: &mut Vec<Fault>) {
    faults.push(Fault { place: Place::Body(pointer.to_owned()), detail });
}

fn value(schema: &Json, body: &Json, pointer: &str, faults: &mut Vec<Fault>) {
    let types: Vec<&str> = match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|wanted| is_of(body, wanted)) {
        let place = if pointer.is_empty() { "the body" } else { pointer };
        return fault(pointer, format!("{place} is {}, not {}", name_of(body), types.join(" or ")), faults);
    }
    match body {
        Json::Object(fields) => object(schema, fields, pointer, faults),
        Json::Array(items) => array(schema, items, pointer, faults),
        Json::String(string) => text(schema, string, pointer, faults),
        Json::Number(number) => {
            let bound = |name: &str| schema.get(name).and_then(Json::as_f64);
            let number = number.as_f64().unwrap_or_default();
            if bound("minimum").is_some_and(|least| number < least)
                || bound("maximum").is_some_and(|most| number > most)
            {
                let (least, most) = (bound("minimum").unwrap_or(0.0), bound("maximum"));
                let most = most.map(|most| format!(" to {most}")).unwrap_or_else(|| " or more".to_owned());
                fault(pointer, format!("{number} is not within {least}{most}"), faults);
            }
        }
        Json::Null | Json::Bool(_) => {}
    }
}

fn object(schema: &Json, fields: &serde_json::Map<String, Json>, pointer: &str, faults: &mut Vec<Fault>) {
    let Some(known) = schema.get("properties").and_then(Json::as_object) else { return };
    for name in schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
        if !fields.contains_key(name) {
            fault(&format!("{pointer}/{name}"), format!("`{name}` is needed"), faults);
        }
    }
    for (name, field) in fields {
        // RFC 6901, section 3
        let place = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        match known.get(name) {
            Some(schema) => value(schema, field, &place, faults),
            None => {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                let meant = did_you_mean(name, names.iter().copied());
                fault(&place, format!("`{name}` is not known here: {}{meant}", names.join(", ")), faults);
            }
        }
    }
}

fn array(schema: &Json, items: &[Json], pointer: &str, faults: &mut Vec<Fault>) {
    let bound = |name: &str| schema.get(name).and_then(Json::as_u64).and_then(|it| usize::try_from(it).ok());
    if bound("maxItems").is_some_and(|most| items.len() > most) {
        let most = bound("maxItems").unwrap_or_default();
        return fault(pointer, format!("{} are too many: {most} at most", items.len()), faults);
    }
    let Some(schema) = schema.get("items") else { return };
    for (at, item) in items.iter().enumerate() {
        value(schema, item, &format!("{pointer}/{at}"), faults);
    }
}

fn text(schema: &Json, string: &str, pointer: &str, faults: &mut Vec<Fault>) {
    let bound = |name: &str| schema.get(name).and_then(Json::as_u64).and_then(|it| usize::try_from(it).ok());
    let length = string.trim().chars().count();
    if length < bound("minLength").unwrap_or(0) {
        return fault(pointer, "it may not be empty".to_owned(), faults);
    }
    if let Some(most) = bound("maxLength").filter(|most| length > *most) {
        return fault(pointer, format!("{length} characters are too many: {most} at most"), faults);
    }
    if let Some(allowed) = schema.get("enum").and_then(Json::as_array) {
        let allowed: Vec<&str> = allowed.iter().filter_map(Json::as_str).collect();
        if !allowed.contains(&string) {
            let meant = did_you_mean(string, allowed.iter().copied());
            fault(pointer, format!("`{string}` is not one of {}{meant}", allowed.join(", ")), faults);
        }
    }
    let form = match schema.get("format").and_then(Json::as_str) {
        Some("id") => AwardId::parse(string).map(drop).map_err(|error| error.to_string()),
        Some("scope") => Scope::parse(string).map(drop).map_err(|error| error.to_string()),
        Some("date") => parse_date(string).map(drop).map_err(|error| error.to_string()),
        // Whichever zone: it only moves what is well-formed.
        Some("instant") => parse_end(string, chrono_tz::UTC).map(drop).map_err(|error| error.to_string()),
        Some(_) | None => Ok(()),
    };
    if let Err(why) = form {
        fault(pointer, why, faults);
    }
}

fn is_of(body: &Json, wanted: &str) -> bool {
    match body {
        Json::Null => wanted == "null",
        Json::Bool(_) => wanted == "boolean",
        Json::Number(number) => wanted == "number" || (wanted == "integer" && !number.is_f64()),
        Json::String(_) => wanted == "string",
        Json::Array(_) => wanted == "array",
        Json::Object(_) => wanted == "object",
    }
}

const fn name_of(body: &Json) -> &'static str {
    match body {
        Json::Null => "null",
        Json::Bool(_) => "a truth value",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Place, check};

    fn faults(body: &serde_json::Value) -> Vec<String> {
        let schema = json!({
            "type": "object", "required": ["reason"],
            "properties": {
                "reason": { "type": "string", "minLength": 1, "maxLength": 10 },
                "until": { "type": ["string", "null"], "format": "instant" },
                "level": { "type": "integer", "minimum": 1, "maximum": 3 },
                "kind": { "type": "string", "enum": ["uid", "ntag424"] },
                "scope": { "type": "string", "format": "scope" },
                "machines": { "type": "array", "maxItems": 2, "items": { "type": "string", "format": "id" } },
            },
        });
        check(&schema, body)
            .into_iter()
            .map(|fault| match fault.place {
                Place::Body(pointer) => format!("{pointer}: {}", fault.detail),
                other @ (Place::Query(_) | Place::Header(_)) => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn what_the_schema_allows_is_good() {
        for good in [
            json!({ "reason": "why" }),
            json!({ "reason": "why", "until": null, "level": 3, "kind": "uid", "scope": "venue:ubo", "machines": ["a"] }),
            json!({ "reason": "why", "until": "2027-03-10" }),
        ] {
            assert_eq!(faults(&good), Vec::<String>::new());
        }
    }

    #[test]
    fn every_fault_is_named_with_its_place_and_what_is_allowed() {
        let all = faults(&json!({
            "untill": "2027-03-10", "until": "soon", "level": 4, "kind": "ntag", "scope": "ubo", "machines": ["a", "Ä"],
        }));
        let starts = [
            "/reason: `reason` is needed",
            "/kind: `ntag` is not one of uid, ntag424; did you mean `ntag424`?",
            "/level: 4 is not within 1 to 3",
            "/machines/1: `Ä` is not an id",
            "/scope: `ubo`",
            "/until: `soon` is not a time",
            "/untill: `untill` is not known here: kind, level, machines, reason, scope, until; did you mean `until`?",
        ];
        assert_eq!(all.len(), starts.len(), "{all:?}");
        for (fault, start) in all.iter().zip(starts) {
            assert!(fault.starts_with(start), "{fault}");
        }
        assert_eq!(faults(&json!([])), [": the body is a list, not object"]);
        assert_eq!(faults(&json!({ "reason": " " })), ["/reason: it may not be empty"]);
        assert_eq!(faults(&json!({ "reason": "12345678901" })), ["/reason: 11 characters are too many: 10 at most"]);
        assert_eq!(faults(&json!({ "reason": 1 })), ["/reason: /reason is a number, not string"]);
        assert_eq!(faults(&json!({ "reason": "a", "a/b~": 1 }))[0].split(':').next(), Some("/a~1b~0"));
        let three = faults(&json!({ "reason": "a", "machines": ["a", "b", "c"] }));
        assert_eq!(three, ["/machines: 3 are too many: 2 at most"]);
    }
}
