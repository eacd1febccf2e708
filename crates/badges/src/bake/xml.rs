//! As much XML as a badge's SVG needs: tags with resolved names, and text. No entities of its own, no document type.
//!
//! Start at [`read`]. It reads, it never fetches: an address in an SVG is text.

use std::ops::Range;

use super::BakeError;

/// How deep elements may nest.
const MAX_DEPTH: usize = 64;

/// How many elements a picture may have.
const MAX_ELEMENTS: usize = 65_536;

/// How many attributes one tag may have.
const MAX_ATTRIBUTES: usize = 128;

/// The namespace of SVG.
pub(super) const SVG: &str = "http://www.w3.org/2000/svg";

/// One element.
#[derive(Debug, Clone)]
pub(super) struct Element {
    /// Its namespace.
    pub namespace: String,
    /// Its name without a prefix.
    pub name: String,
    /// Its attributes as written, values decoded.
    pub attributes: Attributes,
    /// Where its start tag lies, in bytes.
    pub tag: Range<usize>,
    /// Where it ends, its end tag included.
    pub end: usize,
    /// True for `<a/>`.
    pub is_empty: bool,
    /// The text directly within it.
    pub text: String,
}

impl Element {
    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Every element of a document, in the order of their start tags; the first one is the root.
pub(super) fn read(source: &str) -> Result<Vec<Element>, BakeError> {
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<(usize, String, usize)> = Vec::new();
    let mut bindings: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(text) = rest.split('<').next().filter(|text| !text.is_empty()) {
            match open.last() {
                Some((inside, _, _)) => {
                    if let Some(element) = elements.get_mut(*inside) {
                        element.text.push_str(&decoded(text)?);
                    }
                }
                None if text.trim().is_empty() => {}
                None => return Err(broken("text outside the picture")),
            }
            at += text.len();
        } else if let Some(inner) = rest.strip_prefix("<!--") {
            at += 4 + length_until(inner, "-->")?;
        } else if let Some(inner) = rest.strip_prefix("<![CDATA[") {
            let length = length_until(inner, "]]>")?;
            let (inside, _, _) = open.last().ok_or_else(|| broken("text outside the picture"))?;
            if let (Some(element), Some(text)) = (elements.get_mut(*inside), inner.get(..length - 3)) {
                element.text.push_str(text);
            }
            at += 9 + length;
        } else if rest.starts_with("<!") {
            // A document type can define entities: bombs, and files of the reader.
            return Err(broken("a document type"));
        } else if let Some(inner) = rest.strip_prefix("<?") {
            if at > 0 && !rest.starts_with("<?xml ") {
                return Err(broken("a processing instruction"));
            }
            at += 2 + length_until(inner, "?>")?;
        } else if let Some(inner) = rest.strip_prefix("</") {
            let length = length_until(inner, ">")?;
            let name = inner.get(..length - 1).unwrap_or_default().trim_end();
            let (index, opened, bound) = open.pop().ok_or_else(|| broken("an end without a beginning"))?;
            if opened != name {
                return Err(broken("tags that cross"));
            }
            at += 2 + length;
            bindings.truncate(bound);
            if let Some(element) = elements.get_mut(index) {
                element.end = at;
            }
        } else {
            if open.is_empty() && !elements.is_empty() {
                return Err(broken("more than one root"));
            }
            if open.len() >= MAX_DEPTH || elements.len() >= MAX_ELEMENTS {
                return Err(broken("too many elements"));
            }
            let (name, attributes, length) = tag(rest)?;
            let bound = bindings.len();
            for (key, value) in &attributes {
                if let Some(prefix) = if key == "xmlns" { Some("") } else { key.strip_prefix("xmlns:") } {
                    bindings.push((prefix.to_owned(), value.clone()));
                }
            }
            let (prefix, local) = name.split_once(':').unwrap_or(("", &name));
            let namespace = bindings.iter().rev().find(|(bound, _)| bound == prefix).map(|(_, uri)| uri.clone());
            let is_empty = rest.get(..length).is_some_and(|tag| tag.ends_with("/>"));
            elements.push(Element {
                namespace: namespace.unwrap_or_default(),
                name: local.to_owned(),
                attributes,
                tag: at..at + length,
                end: at + length,
                is_empty,
                text: String::new(),
            });
            if is_empty {
                bindings.truncate(bound);
            } else {
                open.push((elements.len() - 1, name, bound));
            }
            at += length;
        }
    }
    if !open.is_empty() || elements.is_empty() {
        return Err(broken("it ends too early"));
    }
    Ok(elements)
}

/// Attributes in their order: names as written, values decoded.
type Attributes = Vec<(String, String)>;

/// A start tag: its name, its attributes, its length in bytes.
fn tag(source: &str) -> Result<(String, Attributes, usize), BakeError> {
    let cut = || broken("a tag without an end");
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.');
    let body = source.get(1..).ok_or_else(cut)?;
    let name: String = body.chars().take_while(|c| is_name(*c)).collect();
    if name.is_empty() {
        return Err(broken("a tag without a name"));
    }
    let mut rest = body.get(name.len()..).ok_or_else(cut)?;
    let mut attributes = Attributes::new();
    loop {
        let trimmed = rest.trim_start();
        if let Some(after) = trimmed.strip_prefix('>').or_else(|| trimmed.strip_prefix("/>")) {
            return Ok((name, attributes, source.len() - after.len()));
        }
        if trimmed.len() == rest.len() {
            return Err(broken("a tag that is not well formed"));
        }
        let key: String = trimmed.chars().take_while(|c| is_name(*c)).collect();
        let after = trimmed.get(key.len()..).ok_or_else(cut)?.trim_start();
        let after = after.strip_prefix('=').ok_or_else(cut)?.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or_else(cut)?;
        let (value, after) = after.get(1..).and_then(|after| after.split_once(quote)).ok_or_else(cut)?;
        if attributes.len() >= MAX_ATTRIBUTES {
            return Err(broken("too many attributes"));
        }
        if key.is_empty() || value.contains('<') || attributes.iter().any(|(known, _)| *known == key) {
            return Err(broken("a tag that is not well formed"));
        }
        attributes.push((key, decoded(value)?));
        rest = after;
    }
}

/// Text with the five references of XML and numeric ones resolved.
fn decoded(text: &str) -> Result<String, BakeError> {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(';').ok_or_else(|| broken("a reference without an end"))?;
        let c = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            numeric => {
                let code = match (numeric.strip_prefix("#x"), numeric.strip_prefix('#')) {
                    (Some(hex), _) => u32::from_str_radix(hex, 16).ok(),
                    (None, Some(decimal)) => decimal.parse().ok(),
                    (None, None) => None,
                };
                code.and_then(char::from_u32).ok_or_else(|| broken("a reference that is not defined"))?
            }
        };
        out.push(c);
        out.push_str(rest);
    }
    Ok(out)
}

/// How many bytes lead to the end of the first `end`.
fn length_until(text: &str, end: &str) -> Result<usize, BakeError> {
    text.find(end).map(|at| at + end.len()).ok_or_else(|| broken("it ends too early"))
}

pub(super) fn broken(why: &str) -> BakeError {
    BakeError::Unreadable(why.to_owned())
}
