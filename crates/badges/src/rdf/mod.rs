//! RDF as far as signatures need it: quads, canonical N-Quads, and the canonicalisation of a dataset (RDFC-1.0).
//!
//! Start at [`canonicalise`]. Nothing here knows JSON-LD or badges.

mod canon;

use std::collections::BTreeSet;

pub use canon::{CanonError, canonicalise};

/// The IRI of `rdf:type`.
pub const RDF_TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
/// The IRI of `rdf:first`.
pub const RDF_FIRST: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#first";
/// The IRI of `rdf:rest`.
pub const RDF_REST: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#rest";
/// The IRI of `rdf:nil`.
pub const RDF_NIL: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#nil";
/// The IRI of `xsd:string`, which N-Quads leaves out.
pub const XSD_STRING: &str = "http://www.w3.org/2001/XMLSchema#string";

/// One term of a quad.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// An absolute IRI.
    Iri(String),
    /// A blank node, by its label without `_:`.
    Blank(String),
    /// A literal with a datatype.
    Literal {
        /// Its lexical form.
        value: String,
        /// The IRI of its datatype.
        datatype: String,
    },
    /// A literal in a language.
    Text {
        /// Its text.
        value: String,
        /// Its language tag.
        language: String,
    },
}

impl Term {
    /// The label of a blank node.
    #[must_use]
    pub fn blank(&self) -> Option<&str> {
        match self {
            Self::Blank(label) => Some(label),
            Self::Iri(_) | Self::Literal { .. } | Self::Text { .. } => None,
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Iri(iri) => {
                out.push('<');
                out.push_str(iri);
                out.push('>');
            }
            Self::Blank(label) => {
                out.push_str("_:");
                out.push_str(label);
            }
            Self::Literal { value, datatype } => {
                write_literal(value, out);
                if datatype != XSD_STRING {
                    out.push_str("^^<");
                    out.push_str(datatype);
                    out.push('>');
                }
            }
            Self::Text { value, language } => {
                write_literal(value, out);
                out.push('@');
                out.push_str(language);
            }
        }
    }
}

/// One statement, in a named graph or in the default one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quad {
    /// What is spoken of: an IRI or a blank node.
    pub subject: Term,
    /// The IRI of the property.
    pub predicate: String,
    /// Its value.
    pub object: Term,
    /// The graph, none for the default one.
    pub graph: Option<Term>,
}

impl Quad {
    /// The quad as a line of canonical N-Quads, with its line feed (RDFC-1.0, section 5).
    #[must_use]
    pub fn to_line(&self) -> String {
        let mut out = String::new();
        self.subject.write(&mut out);
        out.push_str(" <");
        out.push_str(&self.predicate);
        out.push_str("> ");
        self.object.write(&mut out);
        if let Some(graph) = &self.graph {
            out.push(' ');
            graph.write(&mut out);
        }
        out.push_str(" .\n");
        out
    }

    /// The quad with each blank node's label replaced.
    fn relabelled(&self, label: &dyn Fn(&str) -> String) -> Self {
        let term = |term: &Term| match term.blank() {
            Some(old) => Term::Blank(label(old)),
            None => term.clone(),
        };
        Self {
            subject: term(&self.subject),
            predicate: self.predicate.clone(),
            object: term(&self.object),
            graph: self.graph.as_ref().map(term),
        }
    }
}

/// A set of quads.
pub type Dataset = BTreeSet<Quad>;

fn write_literal(value: &str, out: &mut String) {
    use core::fmt::Write as _;
    out.push('"');
    for c in value.chars() {
        match c {
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}
