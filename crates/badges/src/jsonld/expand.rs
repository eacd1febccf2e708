//! Expansion and deserialisation to RDF in one walk (JSON-LD 1.1 API, sections 5.1, 5.3 and 8), refusing what would be lost.
//!
//! Start at [`to_rdf`].

use std::rc::Rc;

use serde_json::{Map, Number, Value};

use super::context::{Active, Container, ContextError, Origin, TermDef};
use crate::contexts::Contexts;
use crate::rdf::{Dataset, Quad, RDF_FIRST, RDF_NIL, RDF_REST, RDF_TYPE, Term, XSD_STRING};

const XSD_BOOLEAN: &str = "http://www.w3.org/2001/XMLSchema#boolean";
const XSD_INTEGER: &str = "http://www.w3.org/2001/XMLSchema#integer";
const XSD_DOUBLE: &str = "http://www.w3.org/2001/XMLSchema#double";

/// How much a document may cost: one for each node, sixteen for each context that it names.
const MAX_WORK: usize = 4096;

/// Why a document was not turned into RDF.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonLdError {
    /// A context was refused.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// A member or a type that no context defines.
    #[error("no context defines the term `{0}`")]
    UndefinedTerm(String),
    /// A reference that is not absolute: it would be dropped.
    #[error("`{0}` is not an absolute reference")]
    RelativeReference(String),
    /// A keyword or a form that a badge has no use for.
    #[error("`{0}` is not used in badges")]
    Forbidden(String),
    /// More nodes and contexts than any honest badge has.
    #[error("the document has too many objects")]
    TooLarge,
}

/// The RDF dataset of a document whose `@context` names pinned contexts only.
///
/// # Errors
/// [`JsonLdError`] names the first thing that has no meaning under its contexts.
pub fn to_rdf(document: &Map<String, Value>, contexts: &Contexts) -> Result<Dataset, JsonLdError> {
    let mut walk = Walk { contexts, quads: Dataset::new(), blanks: 0, work: 0 };
    walk.node(&Rc::new(Active::default()), document, None)?;
    Ok(walk.quads)
}

struct Walk<'c> {
    contexts: &'c Contexts,
    quads: Dataset,
    blanks: usize,
    work: usize,
}

impl Walk<'_> {
    fn blank(&mut self) -> Term {
        self.blanks += 1;
        // A document's own labels get another first letter, so the two can't meet.
        Term::Blank(format!("n{}", self.blanks))
    }

    fn say(&mut self, subject: &Term, predicate: &str, object: Term, graph: Option<&Term>) {
        self.quads.insert(Quad {
            subject: subject.clone(),
            predicate: predicate.to_owned(),
            object,
            graph: graph.cloned(),
        });
    }

    /// Says all of a node object and returns the node. `active` already holds the property's context, if it has one.
    fn node(
        &mut self,
        active: &Rc<Active>,
        object: &Map<String, Value>,
        graph: Option<&Term>,
    ) -> Result<Term, JsonLdError> {
        let mut active = Rc::clone(active);
        self.work += 1 + crate::json::listed(object.get("@context")).len() * 16;
        if self.work > MAX_WORK {
            return Err(JsonLdError::TooLarge);
        }
        if let Some(local) = object.get("@context") {
            active = active.extended(local, self.contexts, Origin::Document)?;
        }
        let before_types = Rc::clone(&active);
        let mut types = Vec::new();
        for (key, value) in object {
            if before_types.expand(key, true).as_deref() == Some("@type") {
                types.extend(type_names(value)?);
            }
        }
        let mut sorted = types.clone();
        sorted.sort_unstable();
        for name in sorted {
            if let Some(scoped) = before_types.term(name).and_then(|term| term.scoped.as_ref()) {
                active = active.extended(scoped, self.contexts, Origin::Type)?;
            }
        }

        let mut subject = None;
        for (key, value) in object {
            if active.expand(key, true).as_deref() == Some("@id") {
                let id = value.as_str().ok_or_else(|| JsonLdError::RelativeReference(value.to_string()))?;
                if subject.is_some() {
                    return Err(JsonLdError::Forbidden(key.clone()));
                }
                subject = Some(reference(active.expand(id, false), id)?);
            }
        }
        let subject = subject.unwrap_or_else(|| self.blank());
        for name in types {
            let iri = active.expand(name, true).filter(|iri| is_absolute(iri));
            let iri = iri.ok_or_else(|| JsonLdError::UndefinedTerm(name.to_owned()))?;
            self.say(&subject, RDF_TYPE, Term::Iri(iri), graph);
        }
        for (key, value) in object {
            let Some(expanded) = active.expand(key, true) else {
                return Err(JsonLdError::UndefinedTerm(key.clone()));
            };
            match expanded.as_str() {
                "@context" | "@id" | "@type" => {}
                keyword if keyword.starts_with('@') => return Err(JsonLdError::Forbidden(key.clone())),
                iri if is_absolute(iri) => {
                    let term = active.term(key).cloned();
                    self.values(&active, &subject, iri, term.as_deref(), value, graph)?;
                }
                _relative => return Err(JsonLdError::UndefinedTerm(key.clone())),
            }
        }
        Ok(subject)
    }

    /// Says each value of a property.
    fn values(
        &mut self,
        active: &Rc<Active>,
        subject: &Term,
        predicate: &str,
        term: Option<&TermDef>,
        value: &Value,
        graph: Option<&Term>,
    ) -> Result<(), JsonLdError> {
        let scoped = term.and_then(|term| term.scoped.as_ref());
        let container = term.map_or(Container::Set, |term| term.container);
        // INVARIANT (a context of one type holds for one node): go back before the property's own context is applied.
        let within = |from: &Rc<Active>, contexts: &Contexts| match scoped {
            Some(scoped) => from.extended(scoped, contexts, Origin::Property),
            None => Ok(Rc::clone(from)),
        };
        let items: &[Value] = match value {
            Value::Array(items) => items,
            one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                core::slice::from_ref(one)
            }
        };
        let mut listed = Vec::new();
        for item in items {
            let object = match item {
                Value::Null => continue,
                Value::Array(_) => return Err(JsonLdError::Forbidden("an array in an array".to_owned())),
                Value::Object(object) if is_value_object(active, object) => {
                    if container == Container::Graph {
                        return Err(JsonLdError::Forbidden("@value".to_owned()));
                    }
                    value_object(&*within(active, self.contexts)?, object)?
                }
                Value::Object(object) => {
                    let base = match &active.previous {
                        Some(previous) if !is_bare_reference(active, object) => previous,
                        Some(_) | None => active,
                    };
                    let inner = within(base, self.contexts)?;
                    if container == Container::Graph {
                        let name = self.blank();
                        self.node(&inner, object, Some(&name))?;
                        name
                    } else {
                        self.node(&inner, object, graph)?
                    }
                }
                Value::Bool(_) | Value::Number(_) | Value::String(_) if container == Container::Graph => {
                    return Err(JsonLdError::Forbidden("a plain value where a graph is due".to_owned()));
                }
                Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    scalar(&*within(active, self.contexts)?, term.and_then(|term| term.coercion.as_deref()), item)?
                }
            };
            listed.push(object);
        }
        if container == Container::List {
            let mut rest = Term::Iri(RDF_NIL.to_owned());
            for item in listed.into_iter().rev() {
                let cell = self.blank();
                self.say(&cell, RDF_FIRST, item, graph);
                self.say(&cell, RDF_REST, rest, graph);
                rest = cell;
            }
            self.say(subject, predicate, rest, graph);
        } else {
            for object in listed {
                self.say(subject, predicate, object, graph);
            }
        }
        Ok(())
    }
}

fn type_names(value: &Value) -> Result<Vec<&str>, JsonLdError> {
    crate::json::listed(Some(value))
        .into_iter()
        .map(|name| name.as_str().ok_or_else(|| JsonLdError::UndefinedTerm(name.to_string())))
        .collect()
}

fn is_value_object(active: &Active, object: &Map<String, Value>) -> bool {
    object.keys().any(|key| active.expand(key, true).as_deref() == Some("@value"))
}

/// An object that only refers to a node, and so leaves the context as it is.
fn is_bare_reference(active: &Active, object: &Map<String, Value>) -> bool {
    object.len() == 1 && object.keys().all(|key| active.expand(key, true).as_deref() == Some("@id"))
}

fn value_object(active: &Active, object: &Map<String, Value>) -> Result<Term, JsonLdError> {
    let (mut value, mut datatype, mut language) = (None, None, None);
    for (key, member) in object {
        let place = match active.expand(key, true).as_deref() {
            Some("@value") => &mut value,
            Some("@type") => &mut datatype,
            Some("@language") => &mut language,
            Some(_) | None => return Err(JsonLdError::Forbidden(key.clone())),
        };
        *place = Some(member);
    }
    match (value, datatype, language) {
        (Some(Value::String(text)), None, Some(Value::String(language))) if is_language(language) => {
            Ok(Term::Text { value: text.clone(), language: language.clone() })
        }
        (Some(plain @ (Value::String(_) | Value::Bool(_) | Value::Number(_))), None, None) => {
            scalar(active, None, plain)
        }
        (Some(typed @ (Value::String(_) | Value::Bool(_) | Value::Number(_))), Some(Value::String(name)), None) => {
            let iri = active.expand(name, true).filter(|iri| is_absolute(iri));
            let iri = iri.ok_or_else(|| JsonLdError::UndefinedTerm(name.clone()))?;
            scalar(active, Some(&iri), typed)
        }
        _other => Err(JsonLdError::Forbidden("@value".to_owned())),
    }
}

/// A string, number or boolean under a type coercion (section 5.3, then section 8.3).
fn scalar(active: &Active, coercion: Option<&str>, value: &Value) -> Result<Term, JsonLdError> {
    let datatype = match coercion {
        Some("@id") if value.is_string() => {
            let text = value.as_str().unwrap_or_default();
            return reference(active.expand(text, false), text);
        }
        Some("@vocab") if value.is_string() => {
            let text = value.as_str().unwrap_or_default();
            return reference(active.expand(text, true), text);
        }
        Some("@json") => return Err(JsonLdError::Forbidden("@json".to_owned())),
        Some("@id" | "@vocab" | "@none") | None => None,
        Some(iri) => Some(iri.to_owned()),
    };
    let (text, natural) = match value {
        Value::String(text) => (text.clone(), XSD_STRING),
        Value::Bool(value) => (value.to_string(), XSD_BOOLEAN),
        Value::Number(number) => numeral(number, datatype.as_deref()),
        Value::Null | Value::Array(_) | Value::Object(_) => return Err(JsonLdError::Forbidden("@value".to_owned())),
    };
    Ok(Term::Literal { value: text, datatype: datatype.unwrap_or_else(|| natural.to_owned()) })
}

/// The lexical form of a number, and its datatype where nothing else gives one (section 8.3, steps 10 and 11).
fn numeral(number: &Number, datatype: Option<&str>) -> (String, &'static str) {
    let float = number.as_f64().unwrap_or_default();
    let whole = float.fract() == 0.0 && float.abs() < 1e21;
    if whole && datatype != Some(XSD_DOUBLE) {
        // Adding zero turns -0 into 0, as the integer has no sign there.
        return (format!("{:.0}", float + 0.0), XSD_INTEGER);
    }
    let scientific = format!("{float:.15e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let mut mantissa = mantissa.trim_end_matches('0').to_owned();
    if mantissa.ends_with('.') {
        mantissa.push('0');
    }
    (format!("{mantissa}E{exponent}"), XSD_DOUBLE)
}

/// An expanded reference as a term: an absolute IRI, or a blank node that the document labels itself.
fn reference(expanded: Option<String>, written: &str) -> Result<Term, JsonLdError> {
    match expanded {
        Some(iri) if is_absolute(&iri) => Ok(Term::Iri(iri)),
        Some(blank) if is_blank_label(&blank) => Ok(Term::Blank(format!("d{}", blank.trim_start_matches("_:")))),
        Some(_) | None => Err(JsonLdError::RelativeReference(written.to_owned())),
    }
}

fn is_blank_label(text: &str) -> bool {
    text.strip_prefix("_:").is_some_and(|label| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    })
}

/// True for a scheme, a colon, and nothing that an IRI may not hold; a blank node's label is no IRI.
fn is_absolute(iri: &str) -> bool {
    let Some((scheme, _)) = iri.split_once(':') else { return false };
    let scheme_is_sound = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-'));
    scheme_is_sound
        && !iri.chars().any(|c| c <= ' ' || matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`'))
}

fn is_language(tag: &str) -> bool {
    tag.split('-').enumerate().all(|(i, part)| {
        (1..=8).contains(&part.len())
            && part.chars().all(|c| if i == 0 { c.is_ascii_alphabetic() } else { c.is_ascii_alphanumeric() })
    })
}
