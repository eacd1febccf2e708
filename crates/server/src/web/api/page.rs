//! Lists in pages: each begins after the key at which the last one ended, so none is skipped and none comes twice while
//! others are added. Start at [`Paging::read`].

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::call::Call;
use super::problem::Problem;
use super::query::{Form, Parameter};

/// So many where the request does not say.
const USUAL: u32 = 50;
/// So many at most.
const MOST: i64 = 200;
/// The parameters of every list.
pub(super) const PAGING: [Parameter; 2] = [
    Parameter::text("after", "where the last page ended; its `next` says it"),
    Parameter::of("limit", "how many at most; 50 where it is not said", Form::Whole { least: 1, most: MOST }),
];
/// Stands between the parts of a key; no id holds it, and an address needs not escape it.
const JOINT: char = '~';

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    /// What was found, in the order of the list's key.
    pub items: Vec<T>,
    /// The address of the next page; null at the end. A page may hold fewer than its limit and yet have a next one.
    pub next: Option<String>,
}

/// Each list's pages have a name of their own; the derived one would be the same for all.
impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        format!("PageOf{}", T::name()).into()
    }

    fn schemas(parts: &mut Vec<(String, RefOr<Schema>)>) {
        parts.push((T::name().into_owned(), T::schema()));
        T::schemas(parts);
    }
}

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new()
            .items(Ref::from_schema_name(T::name()))
            .description(Some("What was found, in the order of the list's key."));
        let next = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("The address of the next page; null at the end. A page may hold fewer than its limit and yet have a next one."));
        let page = ObjectBuilder::new().property("items", items).property("next", next);
        page.required("items").required("next").description(Some("A page of a list.")).into()
    }
}

/// Which page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging<'c> {
    call: &'c Call,
    after: Option<&'c str>,
    /// How many rows at most.
    pub limit: u32,
}

impl<'c> Paging<'c> {
    /// Reads what the query asks for.
    pub(super) fn read(call: &'c Call) -> Self {
        let after = call.asked("after").filter(|after| !after.is_empty());
        Self { call, after, limit: call.number("limit").unwrap_or(USUAL) }
    }

    /// The text after which the page begins; empty for the first.
    pub(super) fn after(&self) -> &'c str {
        self.after.unwrap_or("")
    }

    /// The number after which the page begins.
    pub(super) fn after_number(&self) -> Result<i64, Problem> {
        self.after.map_or(Ok(0), |text| text.parse().map_err(|_| self.wrong(text)))
    }

    /// The parts of the key after which the page begins; none for the first.
    pub(super) fn after_parts<const N: usize>(&self) -> Result<Option<[&'c str; N]>, Problem> {
        let Some(text) = self.after else { return Ok(None) };
        let parts: Vec<&str> = text.split(JOINT).collect();
        parts.try_into().map(Some).map_err(|_| self.wrong(text))
    }

    /// A key that `after` cannot be.
    pub(super) fn wrong(&self, text: &str) -> Problem {
        Problem::in_query("after", format!("`{text}` is no end of a page of this list: use the address in `next`"))
    }

    /// A page of rows read with this limit: more may follow where it is full. `key` tells where a row stands.
    pub(super) fn page<R, T: Serialize>(&self, rows: &[R], key: impl Fn(&R) -> String, view: impl Fn(&R) -> T) -> Json {
        let is_full = rows.len() >= usize::try_from(self.limit).unwrap_or(usize::MAX);
        let last = rows.last().filter(|_| is_full).map(key);
        self.page_until(rows.iter().map(view).collect(), last.as_deref())
    }

    /// A page that says itself whether one follows.
    pub(super) fn page_until<T: Serialize>(&self, items: Vec<T>, last: Option<&str>) -> Json {
        let next = last.map(|last| {
            let mut address = format!("{}?after={}&limit={}", self.call.address, escaped(last), self.limit);
            for (name, value) in self.call.query.iter().filter(|(name, _)| !matches!(name.as_str(), "after" | "limit"))
            {
                address.push_str(&format!("&{name}={}", escaped(value)));
            }
            address
        });
        told(&Page { items, next })
    }
}

/// What there is, where all of it fits a page.
pub(super) fn whole<T: Serialize>(items: Vec<T>) -> Json {
    told(&Page { items, next: None })
}

/// What is told, as JSON.
pub(super) fn told<T: Serialize>(what: &T) -> Json {
    // Our own types: nothing in them is without a form in JSON.
    serde_json::to_value(what).unwrap_or_default()
}

/// A key of several parts.
pub(super) fn joined(parts: &[&str]) -> String {
    parts.join(&JOINT.to_string())
}

/// A text as a query holds it (RFC 3986, section 2.1).
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::super::call::Call;
    use super::Paging;

    fn call(query: &[(&str, &str)]) -> Call {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Call { query, address: "/api/v1/people".to_owned(), ..Call::default() }
    }

    #[test]
    fn a_full_page_names_the_next_with_all_that_was_asked() {
        let call = call(&[("limit", "2"), ("venue", "a b")]);
        let paging = Paging::read(&call);
        let page = paging.page(&["é", "f"], |row| (*row).to_owned(), |row| *row);
        assert_eq!(page["next"], "/api/v1/people?after=f&limit=2&venue=a%20b");
        assert!(paging.page(&["é"], |row| (*row).to_owned(), |row| *row)["next"].is_null());
    }

    #[test]
    fn ends_of_pages_are_checked() {
        let call = call(&[("after", "a~b")]);
        let paging = Paging::read(&call);
        assert_eq!(paging.after_parts::<2>().ok().flatten(), Some(["a", "b"]));
        assert!(paging.after_parts::<3>().is_err() && paging.after_number().is_err());
    }
}
