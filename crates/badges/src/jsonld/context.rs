//! Context processing (JSON-LD 1.1 API, sections 4.1 to 4.3) over pinned contexts.
//!
//! Start at [`Active::extended`]. What no pinned context uses is not implemented and refused.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::contexts::Contexts;

/// Why a context was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// An address that is not pinned.
    #[error("the context `{0}` is not one that Tremen knows")]
    Unknown(String),
    /// A context written inside the document, where only addresses are allowed.
    #[error("a context stands inside the document: only addresses of known contexts are allowed")]
    Inline,
    /// A protected term defined anew with another meaning.
    #[error("the contexts give the protected term `{0}` two meanings")]
    Redefined(String),
    /// A context that uses what this crate does not implement.
    #[error("the context defines `{0}` in a way that is not supported")]
    Unsupported(String),
}

/// How the values of a term are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// As they come, without order.
    Set,
    /// In their order.
    List,
    /// Each in a graph of its own.
    Graph,
}

/// What a term means.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TermDef {
    /// An IRI or a keyword.
    pub iri: String,
    /// `@id`, `@vocab`, `@json`, or the IRI of a datatype.
    pub coercion: Option<String>,
    pub container: Container,
    /// The context that holds within it.
    pub scoped: Option<Value>,
    prefix: bool,
    protected: bool,
}

/// The context that holds at one place of a document.
#[derive(Debug, Clone, Default)]
pub(super) struct Active {
    terms: BTreeMap<String, Rc<TermDef>>,
    vocab: Option<String>,
    /// What to go back to in the next node, after a context that holds for one node alone.
    pub previous: Option<Rc<Active>>,
}

/// Where a context came from decides what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// From the document: addresses only.
    Document,
    /// From a term's definition in a pinned context; a property's context may override protected terms.
    Property,
    /// From a type's definition in a pinned context; it holds for one node alone.
    Type,
}

impl Active {
    /// This context extended by a local one.
    pub(super) fn extended(
        self: &Rc<Self>,
        local: &Value,
        contexts: &Contexts,
        origin: Origin,
    ) -> Result<Rc<Self>, ContextError> {
        let mut result = Self::clone(self);
        if origin == Origin::Type && result.previous.is_none() {
            result.previous = Some(Rc::clone(self));
        }
        let parts: &[Value] = match local {
            Value::Array(parts) => parts,
            one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                core::slice::from_ref(one)
            }
        };
        for part in parts {
            match part {
                Value::String(url) => match contexts.get(url) {
                    Some(Value::Object(pinned)) => result.define_all(pinned, origin)?,
                    Some(_) | None => return Err(ContextError::Unknown(url.clone())),
                },
                Value::Object(inner) if origin != Origin::Document => result.define_all(inner, origin)?,
                Value::Null if origin == Origin::Property => result = Self::default(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    return Err(ContextError::Inline);
                }
            }
        }
        Ok(Rc::new(result))
    }

    /// The definition of a term.
    pub(super) fn term(&self, name: &str) -> Option<&Rc<TermDef>> {
        self.terms.get(name)
    }

    /// Expands a term, a compact IRI or an IRI (section 5.2); none when nothing gives it a meaning.
    pub(super) fn expand(&self, value: &str, vocab: bool) -> Option<String> {
        if value.starts_with('@') {
            return Some(value.to_owned());
        }
        if let Some(term) = self.terms.get(value)
            && (vocab || term.iri.starts_with('@'))
        {
            return Some(term.iri.clone());
        }
        if let Some((prefix, suffix)) = value.split_once(':') {
            if prefix != "_"
                && !suffix.starts_with("//")
                && let Some(term) = self.terms.get(prefix).filter(|term| term.prefix)
            {
                return Some(format!("{}{suffix}", term.iri));
            }
            return Some(value.to_owned());
        }
        self.vocab.as_ref().filter(|_| vocab).map(|base| format!("{base}{value}"))
    }

    fn define_all(&mut self, local: &Map<String, Value>, origin: Origin) -> Result<(), ContextError> {
        if let Some(vocab) = local.get("@vocab") {
            self.vocab = Some(vocab.as_str().ok_or_else(|| ContextError::Unsupported("@vocab".to_owned()))?.to_owned());
        }
        let protected = local.get("@protected") == Some(&Value::Bool(true));
        let mut defined = BTreeSet::new();
        for name in local.keys() {
            match name.as_str() {
                "@vocab" | "@protected" => {}
                "@version" if local.get(name).and_then(Value::as_f64) == Some(1.1) => {}
                keyword if keyword.starts_with('@') => return Err(ContextError::Unsupported(name.clone())),
                _term => self.define(name, local, &mut defined, protected, origin)?,
            }
        }
        Ok(())
    }

    /// Section 4.2, for the members that pinned contexts use.
    fn define(
        &mut self,
        name: &str,
        local: &Map<String, Value>,
        defined: &mut BTreeSet<String>,
        protected: bool,
        origin: Origin,
    ) -> Result<(), ContextError> {
        let Some(value) = local.get(name).filter(|_| !name.starts_with('@')) else { return Ok(()) };
        if !defined.insert(name.to_owned()) {
            return Ok(());
        }
        let unsupported = || ContextError::Unsupported(name.to_owned());
        let before = self.terms.remove(name);
        let simple;
        let (definition, is_simple) = match value {
            Value::String(iri) => {
                simple = Map::from_iter([("@id".to_owned(), Value::String(iri.clone()))]);
                (&simple, true)
            }
            Value::Object(definition) => (definition, false),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return Err(unsupported()),
        };
        let mut resolve = |this: &mut Self, text: &str| -> Result<Option<String>, ContextError> {
            let depends_on = text.split_once(':').map_or(text, |(prefix, _)| prefix);
            if depends_on != name {
                this.define(depends_on, local, defined, protected, origin)?;
            }
            Ok(this.expand(text, true))
        };
        let mut term = TermDef {
            iri: String::new(),
            coercion: None,
            container: Container::Set,
            scoped: definition.get("@context").cloned(),
            prefix: false,
            protected: definition.get("@protected").map_or(protected, |own| own == &Value::Bool(true)),
        };
        for (key, member) in definition {
            match (key.as_str(), member) {
                ("@type", Value::String(kind)) => {
                    term.coercion = Some(resolve(self, kind)?.ok_or_else(unsupported)?);
                }
                ("@container", Value::String(container)) => {
                    term.container = match container.as_str() {
                        "@set" => Container::Set,
                        "@list" => Container::List,
                        "@graph" => Container::Graph,
                        _other => return Err(unsupported()),
                    };
                }
                ("@id", Value::String(_)) | ("@context" | "@protected", _) => {}
                _other => return Err(unsupported()),
            }
        }
        term.iri = match definition.get("@id").and_then(Value::as_str) {
            Some(id) => resolve(self, id)?.ok_or_else(unsupported)?,
            None if name.contains(':') => resolve(self, name)?.ok_or_else(unsupported)?,
            None => self.vocab.as_ref().map(|base| format!("{base}{name}")).ok_or_else(unsupported)?,
        };
        term.prefix = is_simple && term.iri.ends_with([':', '/', '?', '#', '[', ']', '@']);
        if let Some(before) = before.filter(|before| before.protected && origin != Origin::Property) {
            term.protected = true;
            if term != *before {
                return Err(ContextError::Redefined(name.to_owned()));
            }
        }
        self.terms.insert(name.to_owned(), Rc::new(term));
        Ok(())
    }
}
