//! RDFC-1.0 (W3C RDF Dataset Canonicalization) with SHA-256, bounded against poisoned graphs.
//!
//! Start at [`canonicalise`]; the names are those of the norm, its sections are cited. Never used with another hash.

use std::collections::BTreeMap;

use super::{Dataset, Quad, Term};
use crate::hash::{hex, sha256};

/// How many comparisons, roughly, a dataset may cost. A badge needs a few hundred; a poisoned graph needs factorials.
const MAX_WORK: usize = 100_000;

/// How long a chain of nodes that look alike may be followed: an honest badge is not nested deeper than this.
const MAX_CHAIN: usize = 64;

/// How many quads a dataset may have.
const MAX_QUADS: usize = 8192;

/// Why a dataset was not canonicalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CanonError {
    /// Too many quads.
    #[error("the document says too much: more than {MAX_QUADS} statements")]
    TooManyQuads,
    /// Blank nodes that only look alike after very much work: a poisoned graph.
    #[error("the document has too many nodes without an id that look alike")]
    TooComplex,
}

/// The canonical N-Quads of a dataset (RDFC-1.0, section 4.4).
///
/// # Errors
/// [`CanonError`] when the dataset is larger or more symmetric than any honest badge.
pub fn canonicalise(dataset: &Dataset) -> Result<String, CanonError> {
    if dataset.len() > MAX_QUADS {
        return Err(CanonError::TooManyQuads);
    }
    let mut state = State::new(dataset);
    let mut by_hash: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (node, hash) in &state.first_degree {
        by_hash.entry(hash.clone()).or_default().push(node);
    }
    let shared: Vec<Vec<&str>> = by_hash
        .into_values()
        .filter_map(|nodes| match nodes.as_slice() {
            [only] => {
                state.canonical.issue(only);
                None
            }
            _several => Some(nodes),
        })
        .collect();
    for nodes in shared {
        let mut results = Vec::new();
        for node in nodes {
            if state.canonical.get(node).is_none() {
                let mut issuer = Issuer::new("b");
                issuer.issue(node);
                results.push(state.hash_n_degree(node, &issuer, 0)?);
            }
        }
        results.sort_by(|a, b| a.0.cmp(&b.0));
        for (_, issuer) in results {
            for node in issuer.order {
                state.canonical.issue(&node);
            }
        }
    }
    let label = |old: &str| state.canonical.get(old).unwrap_or(old).to_owned();
    let mut lines: Vec<String> = dataset.iter().map(|quad| quad.relabelled(&label).to_line()).collect();
    lines.sort_unstable();
    Ok(lines.concat())
}

/// Issues labels in the order of asking (section 4.5).
#[derive(Clone)]
struct Issuer {
    prefix: &'static str,
    issued: BTreeMap<String, String>,
    order: Vec<String>,
}

impl Issuer {
    fn new(prefix: &'static str) -> Self {
        Self { prefix, issued: BTreeMap::new(), order: Vec::new() }
    }

    fn get(&self, node: &str) -> Option<&str> {
        self.issued.get(node).map(String::as_str)
    }

    fn issue(&mut self, node: &str) -> String {
        if let Some(label) = self.get(node) {
            return label.to_owned();
        }
        let label = format!("{}{}", self.prefix, self.order.len());
        self.issued.insert(node.to_owned(), label.clone());
        self.order.push(node.to_owned());
        label
    }
}

struct State<'d> {
    quads_of: BTreeMap<&'d str, Vec<&'d Quad>>,
    first_degree: BTreeMap<&'d str, String>,
    canonical: Issuer,
    work: usize,
}

impl<'d> State<'d> {
    fn new(dataset: &'d Dataset) -> Self {
        let mut quads_of: BTreeMap<&str, Vec<&Quad>> = BTreeMap::new();
        for quad in dataset {
            let mut nodes: Vec<&str> = blanks(quad).map(|(_, node)| node).collect();
            nodes.sort_unstable();
            nodes.dedup();
            for node in nodes {
                quads_of.entry(node).or_default().push(quad);
            }
        }
        let first_degree = quads_of.iter().map(|(node, quads)| (*node, hash_first_degree(node, quads))).collect();
        Self { quads_of, first_degree, canonical: Issuer::new("c14n"), work: 0 }
    }

    fn spend(&mut self, cost: usize) -> Result<(), CanonError> {
        self.work = self.work.saturating_add(cost.saturating_add(1));
        if self.work > MAX_WORK { Err(CanonError::TooComplex) } else { Ok(()) }
    }

    /// Section 4.7.
    fn hash_related(&self, related: &str, quad: &Quad, issuer: &Issuer, position: char) -> String {
        let mut input = String::from(position);
        if position != 'g' {
            input.push('<');
            input.push_str(&quad.predicate);
            input.push('>');
        }
        match self.canonical.get(related).or_else(|| issuer.get(related)) {
            Some(label) => {
                input.push_str("_:");
                input.push_str(label);
            }
            None => input.push_str(self.first_degree.get(related).map_or("", String::as_str)),
        }
        hex(&sha256(input.as_bytes()))
    }

    /// Section 4.8.
    fn hash_n_degree(&mut self, node: &str, issuer: &Issuer, depth: usize) -> Result<(String, Issuer), CanonError> {
        if depth > MAX_CHAIN {
            return Err(CanonError::TooComplex);
        }
        let quads = self.quads_of.get(node).cloned().unwrap_or_default();
        self.spend(quads.len() + issuer.order.len())?;
        let mut related_by_hash: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for quad in quads {
            for (position, related) in blanks(quad).filter(|(_, related)| *related != node) {
                let hash = self.hash_related(related, quad, issuer, position);
                related_by_hash.entry(hash).or_default().push(related.to_owned());
            }
        }
        let mut data = String::new();
        let mut issuer = issuer.clone();
        for (hash, related) in related_by_hash {
            data.push_str(&hash);
            let mut chosen: Option<(String, Issuer)> = None;
            let mut order: Vec<usize> = (0..related.len()).collect();
            loop {
                self.spend(order.len() + issuer.order.len())?;
                let permutation: Vec<&str> = order.iter().filter_map(|i| related.get(*i)).map(String::as_str).collect();
                let best = chosen.as_ref().map(|(path, _)| path.as_str());
                if let Some(better) = self.walk(&permutation, &issuer, best, depth)? {
                    chosen = Some(better);
                }
                if !next_permutation(&mut order) {
                    break;
                }
            }
            if let Some((path, walked)) = chosen {
                data.push_str(&path);
                issuer = walked;
            }
        }
        Ok((hex(&sha256(data.as_bytes())), issuer))
    }

    /// Steps 5.4.1 to 5.4.6 of section 4.8: the path of one permutation, none when it can't be the least.
    fn walk(
        &mut self,
        permutation: &[&str],
        issuer: &Issuer,
        best: Option<&str>,
        depth: usize,
    ) -> Result<Option<(String, Issuer)>, CanonError> {
        let hopeless = |path: &str| best.is_some_and(|best| path.len() >= best.len() && path > best);
        let mut issuer = issuer.clone();
        let mut path = String::new();
        let mut recursion = Vec::new();
        for related in permutation {
            path.push_str("_:");
            if let Some(label) = self.canonical.get(related) {
                path.push_str(label);
            } else {
                if issuer.get(related).is_none() {
                    recursion.push(*related);
                }
                path.push_str(&issuer.issue(related));
            }
            if hopeless(&path) {
                return Ok(None);
            }
        }
        for related in recursion {
            let (hash, walked) = self.hash_n_degree(related, &issuer, depth + 1)?;
            path.push_str("_:");
            path.push_str(&issuer.issue(related));
            path.push('<');
            path.push_str(&hash);
            path.push('>');
            issuer = walked;
            if hopeless(&path) {
                return Ok(None);
            }
        }
        Ok(best.is_none_or(|best| path.as_str() < best).then_some((path, issuer)))
    }
}

/// The blank nodes of a quad with their positions.
fn blanks(quad: &Quad) -> impl Iterator<Item = (char, &str)> {
    [('s', Some(&quad.subject)), ('o', Some(&quad.object)), ('g', quad.graph.as_ref())]
        .into_iter()
        .filter_map(|(position, term)| Some((position, term.and_then(Term::blank)?)))
}

/// Section 4.6.
fn hash_first_degree(node: &str, quads: &[&Quad]) -> String {
    let label = |other: &str| if other == node { "a".to_owned() } else { "z".to_owned() };
    let mut lines: Vec<String> = quads.iter().map(|quad| quad.relabelled(&label).to_line()).collect();
    lines.sort_unstable();
    hex(&sha256(lines.concat().as_bytes()))
}

/// The next permutation in lexicographic order; false after the last one.
fn next_permutation(order: &mut [usize]) -> bool {
    let Some(pivot) = order.windows(2).rposition(|pair| matches!(pair, [a, b] if a < b)) else {
        return false;
    };
    let Some(value) = order.get(pivot).copied() else {
        return false;
    };
    if let Some(successor) = order.iter().rposition(|other| *other > value) {
        order.swap(pivot, successor);
    }
    if let Some(tail) = order.get_mut(pivot + 1..) {
        tail.reverse();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &str) -> Quad {
        Quad {
            subject: Term::Blank(from.to_owned()),
            predicate: "https://example.org/knows".to_owned(),
            object: Term::Blank(to.to_owned()),
            graph: None,
        }
    }

    #[test]
    fn the_labels_that_a_document_gave_its_blank_nodes_do_not_matter() {
        let one: Dataset = [edge("x", "y"), edge("y", "z"), edge("z", "x"), edge("x", "w")].into();
        let other: Dataset = [edge("d", "a"), edge("a", "b"), edge("b", "d"), edge("d", "c")].into();
        assert_eq!(canonicalise(&one), canonicalise(&other));
        let different: Dataset = [edge("d", "a"), edge("a", "b"), edge("b", "a"), edge("d", "c")].into();
        assert_ne!(canonicalise(&one), canonicalise(&different));
    }

    #[test]
    fn a_poisoned_graph_is_given_up_early() {
        let names: Vec<String> = (0..12).map(|i| format!("n{i}")).collect();
        let complete: Dataset =
            names.iter().flat_map(|a| names.iter().filter(move |b| *b != a).map(move |b| edge(a, b))).collect();
        assert_eq!(canonicalise(&complete), Err(CanonError::TooComplex));
    }

    #[test]
    fn a_very_long_chain_of_nodes_that_look_alike_is_given_up_without_a_stack_overflow() {
        let ring: Dataset = (0..4000).map(|i| edge(&format!("n{i}"), &format!("n{}", (i + 1) % 4000))).collect();
        assert_eq!(canonicalise(&ring), Err(CanonError::TooComplex));
    }

    #[test]
    fn every_permutation_comes_once() {
        let mut order = vec![0, 1, 2, 3];
        let mut seen = vec![order.clone()];
        while next_permutation(&mut order) {
            seen.push(order.clone());
        }
        assert_eq!(seen.len(), 24);
        seen.dedup();
        assert_eq!(seen.len(), 24);
    }
}
