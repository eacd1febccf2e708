//! `tremen export incident`: the dossier of an incident for an insurer or a court, as a folder of files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use tremen_rules::network::Language;

use super::act::count;
use super::desk::{CliError, Desk, wrong};
use crate::flows::incident_files::{DossierFile, files_of, sums};
use crate::flows::{Actor, Warrant, export_incident, incident_dossier};
use crate::private;
use crate::sealer::Sealer;
use crate::web::dossier::{FileLine, render};
use crate::words::language_of;

/// What is asked for.
pub(super) struct Wanted<'a> {
    pub incident: Option<&'a str>,
    pub out: Option<&'a Path>,
    pub language: Option<&'a str>,
    pub by: Option<&'a str>,
}

/// Gathers the dossier, enters its export in the journal, and writes its files into a new folder.
///
/// # Errors
/// [`CliError`], which says why not.
pub(super) async fn run(wanted: Wanted<'_>, desk: &Desk) -> Result<ExitCode, CliError> {
    let incident: i64 = wanted
        .incident
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| wrong("which incident? `tremen export incident NUMBER`; `tremen incident list` shows them"))?;
    let language = match wanted.language {
        None => None,
        Some("fr") => Some(Language::Fr),
        Some("en") => Some(Language::En),
        Some(other) => return Err(wrong(format!("`{other}` is not a language of the dossier: fr or en"))),
    };
    let by = match wanted.by {
        None => Actor::Operator,
        Some(key) => Actor::Person(desk.person(key)?.person),
    };
    let folder = wanted.out.map_or_else(|| PathBuf::from(format!("incident-{incident}")), Path::to_path_buf);
    if folder.exists() {
        let folder = folder.display();
        return Err(wrong(format!("`{folder}` exists already: a dossier goes into a new folder, `--out DIR`")));
    }
    // So that each entry has its proof; a running registry does the same every few seconds.
    if let Err(error) = Sealer::default().catch_up(&desk.store).await {
        tracing::warn!(%error, "the newest entries are not sealed: the dossier holds no proof of them");
    }
    let warrant = Warrant { by, why: "export of the incident's dossier".to_owned() };
    let reading = warrant.clone();
    let dossier = desk.store.read(move |tx| incident_dossier::run(tx, &reading, incident)).await?;
    let language = language.unwrap_or_else(|| language_of(&dossier.network));
    let mut files = files_of(&dossier, language);
    let lines: Vec<FileLine> =
        files.iter().map(|file| FileLine { name: file.name.to_owned(), what: file.what.clone() }).collect();
    let page = render(&dossier, &lines, language);
    files.insert(0, DossierFile { name: "dossier.html", what: String::new(), bytes: page.into_bytes() });
    let sums = sums(&files);
    let digest = export_incident::digest_of(&sums);
    let request = export_incident::Request { incident, files: files.len(), sums: digest.clone() };
    let entry = desk.store.write(move |tx| export_incident::run(tx, &warrant, &request)).await?;
    write(&folder, &files, &sums)?;
    let (shown, number) = (folder.display(), count(files.len(), "file"));
    let text = format!(
        "dossier of incident {incident}: {number} in {shown} (journal entry {entry})\n  \
         open dossier.html to read or print it; `sha256sum -c SHA256SUMS` checks the files\n  \
         `tremen journal check {shown}/journal.json --key KEY` checks the journal's entries, with the key that \
         `tremen journal checkpoint --key` prints\n  SHA256SUMS itself: {digest}"
    );
    let names: Vec<&str> = files.iter().map(|file| file.name).collect();
    let json = json!({ "incident": incident, "folder": folder, "files": names, "sha256sums": digest, "entry": entry });
    desk.tell(&text, &json);
    Ok(ExitCode::SUCCESS)
}

fn write(folder: &Path, files: &[DossierFile], sums: &str) -> Result<(), CliError> {
    let failed = |path: &Path, error: std::io::Error| CliError::Failed(format!("{}: {error}", path.display()));
    private::folder(folder).map_err(|error| failed(folder, error))?;
    let all = files.iter().map(|file| (file.name, file.bytes.as_slice())).chain([("SHA256SUMS", sums.as_bytes())]);
    for (name, bytes) in all {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}
