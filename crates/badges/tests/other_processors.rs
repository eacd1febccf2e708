//! What other implementations of JSON-LD and RDFC-1.0 answer is what this one answers.

use std::collections::BTreeMap;

use serde_json::Value;
use tremen_badges::contexts::Contexts;
use tremen_badges::hash::{hex, sha256};
use tremen_badges::json::parse;
use tremen_badges::proof::canonical_form;
use tremen_badges::rdf::{Dataset, Quad, Term, XSD_STRING, canonicalise};

/// The folder of the vectors, read when the test runs.
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/");

#[test]
fn every_document_has_the_canonical_form_that_another_processor_reaches() {
    let contexts = Contexts::pinned();
    let cases: Value = serde_json::from_str(include_str!("vectors/differential/documents.json")).unwrap();
    for case in cases.as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let mut document = case["document"].clone();
        if document.is_null() {
            document = parse(&std::fs::read(format!("{VECTORS}{name}")).unwrap(), 1 << 20).unwrap();
        }
        let form = canonical_form(&document, &contexts);
        match case["canonicalSha256"].as_str() {
            Some(hash) => {
                assert_eq!(hex(&sha256(form.as_deref().unwrap_or_default().as_bytes())), hash, "{name}: {form:?}")
            }
            None => assert!(form.is_err(), "{name} has a form here: {form:?}"),
        }
    }
}

#[test]
fn every_small_graph_has_the_canonical_form_that_another_processor_reaches() {
    let cases: Value = serde_json::from_str(include_str!("vectors/differential/graphs.json")).unwrap();
    for case in cases.as_array().unwrap() {
        let dataset: Dataset = case["input"].as_str().unwrap().lines().map(quad).collect();
        assert_eq!(canonicalise(&dataset).unwrap(), case["canonical"].as_str().unwrap(), "{}", case["input"]);
    }
}

/// Reads the simple N-Quads of the vectors: no blank in a literal.
fn quad(line: &str) -> Quad {
    let term = |word: &str| match (word.strip_prefix("_:"), word.strip_prefix('<'), word.strip_prefix('"')) {
        (Some(label), _, _) => Term::Blank(label.to_owned()),
        (_, Some(iri), _) => Term::Iri(iri.trim_end_matches('>').to_owned()),
        (_, _, literal) => Term::Literal {
            value: literal.unwrap_or_default().trim_end_matches('"').to_owned(),
            datatype: XSD_STRING.to_owned(),
        },
    };
    let words: BTreeMap<usize, &str> = line.trim_end_matches(" .").split(' ').enumerate().collect();
    let word = |i: usize| words.get(&i).copied().unwrap_or_default();
    Quad {
        subject: term(word(0)),
        predicate: word(1).trim_matches(['<', '>']).to_owned(),
        object: term(word(2)),
        graph: words.get(&3).map(|graph| term(graph)),
    }
}
