//! A folder in place of the Internet: each document lies at its address.
//!
//! `https://HOST/PATH` is read from `DIR/HOST/PATH`, `DIR/HOST/PATH.json` or `DIR/HOST/PATH/index.json`, the first that is a
//! file. A query is part of the last name.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use tremen_badges::json::MAX_FETCHED;
use tremen_badges::verify::Answer;

/// What the folder answers for an address. A document that is not there may be elsewhere: nobody can say.
pub(super) fn answer(folder: &Path, address: &str) -> Answer {
    let absent = || Answer::Unreachable(format!("not in {}", folder.display()));
    let Some(base) = place(folder, address) else { return absent() };
    let with_ending = base.file_name().map(|name| {
        let mut name = name.to_owned();
        name.push(".json");
        base.with_file_name(name)
    });
    let places = [Some(base.clone()), with_ending, Some(base.join("index.json"))];
    let Some(path) = places.into_iter().flatten().find(|path| path.is_file()) else { return absent() };
    let mut bytes = Vec::new();
    // One byte more than is ever read, so that too long stays too long.
    let limit = u64::try_from(MAX_FETCHED + 1).unwrap_or(u64::MAX);
    match std::fs::File::open(&path).and_then(|file| file.take(limit).read_to_end(&mut bytes)) {
        Ok(_) => Answer::Document(bytes),
        Err(error) => Answer::Unreachable(format!("{}: {error}", path.display())),
    }
}

/// Where an address lies in the folder; none for one that would lead out of it.
fn place(folder: &Path, address: &str) -> Option<PathBuf> {
    let parts = address.strip_prefix("https://")?.split('/').filter(|part| !part.is_empty());
    let mut path = folder.to_owned();
    for part in parts {
        if matches!(part, "." | "..") || part.contains(['\\', ':', '\0']) {
            return None;
        }
        path.push(part);
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_the_folder_and_never_outside_it() {
        let at = |address: &str| place(Path::new("d"), address);
        assert_eq!(at("https://tremen.example/a/b?c=1").unwrap(), Path::new("d/tremen.example/a/b?c=1"));
        assert_eq!(at("https://tremen.example/").unwrap(), Path::new("d/tremen.example"));
        for outside in ["https://tremen.example/../../etc/passwd", "https://../x", "https://a/c:d", "file:///etc"] {
            assert_eq!(at(outside), None, "{outside}");
        }
    }
}
