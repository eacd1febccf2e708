//! Imports a large file of awards without making a tap wait: looked at by a reader, staged in slices of short transactions, and
//! brought to count at one instant. Start at [`run`].
//!
//! What is staged is written with its journal entries, names its import, and counts for nobody before that import's
//! activation. All rows or none: whoever ends in the middle leaves an import that never counts, which `clear_imports.rs`
//! clears away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tremen_files::table::{AwardRow as FileRow, Row};

use super::import::{ImportError, Imported, conclude};
use super::import_awards::{Deed, Grounds, Plan, carry_out, plan};
use super::{FlowError, Warrant, clear_imports, import_awards};
use crate::store::{Store, StoreError, Tx};

/// So many rows are written in one transaction at most; a file with no more is imported in one.
pub const SLICE: usize = 400;
/// A slice is so many times as large where no registry serves.
const UNSERVED: usize = 25;
/// How often a slice is tried for which the store had no time.
const TRIES: u32 = 20;

/// A file on its way.
struct Staging {
    warrant: Warrant,
    alone: Vec<Deed>,
    rest: Vec<Deed>,
    done: Imported,
    grounds: Grounds,
}

/// Imports awards.
///
/// # Errors
/// Every bad row with its line; when another import is at work; when the network or the author's roles change meanwhile, or
/// an award that the file ends or renews; when the store fails. Nothing of the file counts then.
pub async fn run(store: &Store, warrant: Warrant, rows: Vec<Row<FileRow>>) -> Result<Imported, ImportError> {
    if rows.len() <= SLICE {
        return store.write(move |tx| import_awards::run(tx, &warrant, &rows)).await;
    }
    clear_imports::run(store).await?;
    let (warrant, Plan { deeds, done, grounds }) = store
        .read(move |tx| {
            let plan = plan(tx, &warrant, &rows)?;
            Ok::<_, ImportError>((warrant, plan))
        })
        .await?;
    let (alone, rest) = deeds.into_iter().partition(Deed::stands_alone);
    let staging = Arc::new(Staging { warrant, alone, rest, done, grounds });
    let import = {
        let staging = staging.clone();
        store.write(move |tx| begin(tx, &staging)).await?
    };
    let activated = match stage(store, &staging, import).await {
        Ok(()) => {
            let staging = staging.clone();
            store.write(move |tx| activate(tx, &staging, import)).await
        }
        Err(error) => Err(error),
    };
    if activated.is_err() {
        // Where this fails too, what is staged is cleared away later: it never counts.
        let given_up = store.write(move |tx| clear_imports::abandon(tx, import)).await;
        if given_up.is_ok() {
            clear_imports::run(store).await?;
        }
    }
    activated
}

fn begin(tx: &mut Tx<'_>, staging: &Staging) -> Result<i64, FlowError> {
    if !tx.open_imports()?.is_empty() {
        return Err(FlowError::Refused(
            "another large import is at work; wait until it has ended (one that was killed is cleared away after a minute)"
                .to_owned(),
        ));
    }
    let story = json!({ "kind": "awards", "rows": staging.alone.len() + staging.rest.len() });
    let entry = tx.record("import_begun", &staging.warrant.story(story))?;
    Ok(tx.begin_import("awards", entry)?)
}

/// Writes what stands alone, slice by slice. Beside a registry the slices are small, and the database is left to it for as
/// long as each took; where nobody serves, nobody waits.
async fn stage(store: &Store, staging: &Arc<Staging>, import: i64) -> Result<(), ImportError> {
    let mut from = 0;
    let mut tries = 0;
    while from < staging.alone.len() {
        let served = store.is_served();
        let rows = if served { SLICE } else { SLICE * UNSERVED };
        let (begun, slice) = (Instant::now(), staging.clone());
        match store.write(move |tx| stage_slice(tx, &slice, from, rows, import)).await {
            Ok(()) => (from, tries) = (from + rows, 0),
            Err(FlowError::Store(StoreError::Busy | StoreError::Late | StoreError::Saturated)) if tries < TRIES => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => return Err(error.into()),
        }
        if served {
            tokio::time::sleep(begun.elapsed()).await;
        }
    }
    Ok(())
}

fn stage_slice(tx: &mut Tx<'_>, staging: &Staging, from: usize, rows: usize, import: i64) -> Result<(), FlowError> {
    still_open(tx.beat_import(import)?)?;
    for deed in staging.alone.iter().skip(from).take(rows) {
        carry_out(tx, &staging.warrant, deed, Some(import))?;
    }
    Ok(())
}

/// From here on all of it counts, and what ends or renews known awards is done too.
fn activate(tx: &mut Tx<'_>, staging: &Staging, import: i64) -> Result<Imported, ImportError> {
    still_open(tx.activate_import(import)?)?;
    let Staging { warrant, rest, done, grounds, .. } = staging;
    if Grounds::of(tx, warrant)? != *grounds {
        return Err(changed("the network or the author's roles"));
    }
    for deed in rest {
        let stands = match deed {
            Deed::Make(new) => match &new.supersedes {
                Some(old) => tx.award(old)?.is_some_and(|old| old.award.superseded_at.is_none()),
                None => true,
            },
            Deed::End { known, .. } => tx.award(&known.award.id)?.as_ref() == Some(known),
        };
        if !stands {
            return Err(changed("an award that the file renews or ends"));
        }
        carry_out(tx, warrant, deed, None)?;
    }
    conclude(tx, warrant, "awards", done.clone(), Some(import))
}

fn still_open(open: bool) -> Result<(), FlowError> {
    if open {
        Ok(())
    } else {
        Err(FlowError::Refused("this import was silent too long and has been given up".to_owned()))
    }
}

fn changed(what: &str) -> ImportError {
    FlowError::Refused(format!("{what} changed while the file was looked at; nothing of it counts: import it again"))
        .into()
}
