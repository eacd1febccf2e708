//! The outside of these tests: documents in folders and single answers, at the addresses that a verification asks.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tremen_badges::contexts::Contexts;
use tremen_badges::dates;
use tremen_badges::verify::{Answer, Next, Options, Person, Reason, Report, Trust, Verdict, Verification};

/// The folder of the vectors.
pub const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/");
const NOW: &str = "2026-12-01T00:00:00Z";

/// A world of documents: folders of the vectors, and single answers that go before them.
#[derive(Clone, Default)]
pub struct World {
    folders: Vec<(&'static str, &'static str)>,
    answers: BTreeMap<String, Answer>,
    /// The files that were served.
    read: RefCell<BTreeSet<String>>,
}

impl World {
    pub fn ours() -> Self {
        Self { folders: vec![("https://tremen.example/", "tremen/site/")], ..Self::default() }
    }

    pub fn theirs() -> Self {
        let list = "https://raw.githubusercontent.com/1EdTech/digital-credentials-public-validator/refs/heads/main/\
                    inspector-vc/src/test/resources/ob30/bit-string-list/";
        Self {
            folders: vec![
                ("https://1edtech.edu/", "controllers/1edtech.edu/"),
                ("https://example.com/", "controllers/example.com/"),
                ("https://example.edu/", "controllers/example.edu/"),
                ("https://state.gov/", "controllers/state.gov/"),
                ("https://example.org/", "ob20/assets/"),
                (list, "ob30/bit-string-list/"),
            ],
            ..Self::default()
        }
    }

    /// The world of badges that libraries of other makes issued.
    pub fn others() -> Self {
        Self { folders: vec![("https://", "others/")], ..Self::default() }
    }

    /// Which files were served so far.
    pub fn read(&self) -> BTreeSet<String> {
        self.read.borrow().clone()
    }

    /// Counts what this world served as served by another.
    pub fn hand_over(&self, other: &Self) {
        other.read.borrow_mut().extend(self.read());
    }

    pub fn with(mut self, url: &str, answer: Answer) -> Self {
        self.answers.insert(url.to_owned(), answer);
        self
    }

    pub fn serving(self, url: &str, document: &Value) -> Self {
        self.with(url, Answer::Document(document.to_string().into_bytes()))
    }

    fn get(&self, url: &str) -> Answer {
        if let Some(answer) = self.answers.get(url) {
            return answer.clone();
        }
        for (prefix, folder) in &self.folders {
            let Some(path) = url.strip_prefix(prefix) else { continue };
            for end in ["", ".json"] {
                let name = format!("{folder}{path}{end}");
                if let Ok(bytes) = std::fs::read(format!("{VECTORS}{name}")) {
                    self.read.borrow_mut().insert(name);
                    return Answer::Document(bytes);
                }
            }
        }
        Answer::NotFound
    }

    /// Verifies a file, and tells which addresses were asked for it.
    pub fn asked(&self, file: &[u8], person: Option<Person>, trust: Option<Trust>) -> (Report, BTreeSet<String>) {
        let contexts = Contexts::pinned();
        let options = Options { person, trust, now: dates::parse(NOW).unwrap() };
        let mut verification = Verification::of(file, options, &contexts);
        let mut asked = BTreeSet::new();
        for _round in 0..20 {
            match verification.next() {
                Next::Done(report) => return (*report, asked),
                Next::Fetch(addresses) => {
                    for address in addresses {
                        assert!(address.starts_with("https://"), "{address}");
                        verification.answer(&address, self.get(&address));
                        assert!(asked.insert(address), "asked twice");
                    }
                }
            }
        }
        panic!("the verification asks without end");
    }

    pub fn verify_with(&self, file: &[u8], person: Option<Person>, trust: Option<Trust>) -> Report {
        self.asked(file, person, trust).0
    }

    pub fn verify(&self, file: &[u8]) -> Report {
        self.verify_with(file, None, None)
    }
}

/// A vector's bytes.
pub fn file(path: &str) -> Vec<u8> {
    std::fs::read(format!("{VECTORS}{path}")).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A vector that is JSON.
pub fn document(path: &str) -> Value {
    serde_json::from_slice(&file(path)).unwrap()
}

#[track_caller]
pub fn refused(report: &Report, reason: Reason) {
    assert_eq!(report.verdict, Verdict::Refused(reason), "{report:#?}");
}

#[track_caller]
pub fn valid(report: &Report) {
    assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
}

/// For whom our examples are.
pub fn ada() -> Option<Person> {
    Some(Person { emails: vec![" Ada@Example.org".to_owned()], ..Person::default() })
}
