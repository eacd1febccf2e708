//! Makes venues, issuers, references, machines, acceptance rules and controllers match a network file. Start at [`run`].
//!
//! Three states meet here, item by item: the file, what is in force, and what the file said when it was last applied. What
//! the pages changed since then is never overwritten in silence.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Value as Json, json};
use tremen_rules::Network;
use tremen_rules::authority::Act;
use tremen_rules::network::{Acceptance, AcceptedReferences, Place};

use tremen_wire::Action;

use super::{Effects, FlowError, Warrant, checks, lock_machine, network, sessions};
use crate::store::{Declared, Tx};

/// Who is right where the pages changed what the file says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The pages: what they changed stays.
    Theirs,
    /// The file: what the pages changed is overwritten.
    Mine,
}

/// What to apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The file, checked.
    pub network: Network,
    /// Whether what the file does not name ends.
    pub prune: bool,
    /// Who is right where the pages changed the same; none: nobody, and the file is refused.
    pub side: Option<Side>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The table of the network file.
    pub kind: &'static str,
    /// The id within it; of an acceptance rule, whose and for what it is.
    pub id: String,
    /// What becomes of it.
    #[serde(flatten)]
    pub what: What,
}

/// What becomes of something that is declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub enum What {
    /// It is new.
    Added,
    /// It is not what it was.
    Changed {
        /// What it was.
        before: Json,
        /// What it is.
        after: Json,
    },
    /// It is declared no more.
    Ended,
}

/// What applying a file did.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The differences, in the file's order of tables.
    pub changes: Vec<Change>,
    /// What is in force and not in the file, and stays.
    pub left: Vec<String>,
    /// The revision that it made; none when nothing changed.
    pub revision: Option<u64>,
    /// What it did beside; without an entry when nothing changed.
    pub effects: Effects,
}

impl fmt::Display for Change {
    /// `+ machine prusa-2`, `- machine prusa-1`, or `~ machine prusa-1: name "a" -> "b"; min_age none -> 16`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, id, what } = self;
        let id = if *kind == "network" { String::new() } else { format!(" {id}") };
        match what {
            What::Added => write!(f, "+ {kind}{id}"),
            What::Ended => write!(f, "- {kind}{id}"),
            What::Changed { before, after } => {
                write!(f, "~ {kind}{id}:")?;
                let mut separator = " ";
                for (key, was, is) in keys_that_differ(before, after) {
                    write!(f, "{separator}{key} {} -> {}", shown(was), shown(is))?;
                    separator = "; ";
                }
                Ok(())
            }
        }
    }
}

fn keys_that_differ<'j>(before: &'j Json, after: &'j Json) -> Vec<(&'j str, Option<&'j Json>, Option<&'j Json>)> {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return Vec::new() };
    let mut keys: Vec<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
    keys.sort_unstable();
    keys.dedup();
    let both = keys.into_iter().map(|key| (key, before.get(key), after.get(key)));
    both.filter(|(_, was, is)| was != is).collect()
}

fn shown(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => "none".to_owned(),
        Some(value) => value.to_string(),
    }
}

/// What is declared, by table and id.
type Items = BTreeMap<(&'static str, String), Declared>;

/// What a revision declared; nothing before the first.
fn items_of(tx: &Tx<'_>, revision: u64) -> Result<Items, FlowError> {
    Ok(if revision == 0 { Items::new() } else { items(&tx.network_of(revision)?) })
}

fn items(network: &Network) -> Items {
    Declared::all_of(network).into_iter().map(|declared| ((declared.kind(), declared.id()), declared)).collect()
}

/// Applies a checked network file.
///
/// # Errors
/// When the author may not, the pages changed the same and no side was chosen, the merged network is flawed, or the store
/// fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Applied, FlowError> {
    let in_force = network(tx)?;
    checks::allowed(tx, warrant, &Act::Apply, &in_force)?;
    let revision_in_force = tx.network()?.revision;
    let current = items_of(tx, revision_in_force)?;
    let base = items_of(tx, tx.last_file_revision()?)?;
    let file = items(&request.network);
    let merged = merge(&current, &base, &file, request.prune, request.side)?;
    let unnamed = merged.keys().filter(|key| !file.contains_key(*key));
    let left = unnamed.map(|(kind, id)| if *kind == "network" { id.clone() } else { format!("{kind} {id}") }).collect();
    if merged == current {
        return Ok(Applied { changes: Vec::new(), left, revision: None, effects: Effects::default() });
    }
    let merged_network = assemble(&merged);
    checked(&merged_network)?;
    let changes = differences(&current, &merged);
    let story = json!({
        "prune": request.prune,
        "changes": changes.iter().map(|change| json!({ "kind": change.kind, "id": change.id, "what": change.word() }))
            .collect::<Vec<_>>(),
    });
    let entry = tx.record("network_applied", &warrant.story(story))?;
    let by_file = merge(&current, &base, &file, request.prune, Some(Side::Mine))?;
    let mut revision = tx.declare(&assemble(&by_file), entry, "file")?;
    if by_file != merged {
        // What the pages keep is a change of theirs after the file's word, so that the next apply sees it again.
        revision = tx.declare(&merged_network, entry, "page")?;
    }
    for controller in in_force.controllers.values() {
        let same_profile = |kept: &tremen_rules::network::Controller| kept.profile == controller.profile;
        if !merged_network.controllers.get(&controller.id).is_some_and(same_profile) {
            // gone, or to speak otherwise than its secrets were made for
            if tx.end_credentials(&controller.id)? {
                tx.end_links(&controller.id)?;
            }
        }
    }
    for machine in merged_network.machines.keys() {
        // A controller keeps its locks for ever: one that gets a machine has to hear how it stands.
        if checks::controllers_of(&merged_network, machine) != checks::controllers_of(&in_force, machine) {
            let locked = tx.lock_reason(machine.as_str(), tx.now())?.is_some();
            if locked || in_force.machines.contains_key(machine) {
                let action = if locked { Action::Lock } else { Action::Unlock };
                lock_machine::order(tx, &merged_network, machine, action, entry)?;
            }
        }
    }
    let stopped = sessions::review_all(tx, entry)?;
    Ok(Applied { changes, left, revision: Some(revision), effects: Effects { entry, stopped } })
}

impl Change {
    const fn word(&self) -> &'static str {
        match self.what {
            What::Added => "added",
            What::Changed { .. } => "changed",
            What::Ended => "ended",
        }
    }
}

/// Refuses a network with flaws, all of them named.
pub(super) fn checked(network: &Network) -> Result<(), FlowError> {
    let flaws = network.check();
    if flaws.is_empty() {
        return Ok(());
    }
    let line = |place: &Place, problem: &str| format!("{place}: {problem}");
    let lines: Vec<String> = flaws.iter().map(|flaw| line(&flaw.place, &flaw.problem)).collect();
    Err(FlowError::Refused(format!(
        "together with what is in force the network would be flawed:\n{}",
        lines.join("\n")
    )))
}

/// What is to be in force: the file's word where it has one, item by item.
fn merge(current: &Items, base: &Items, file: &Items, prune: bool, side: Option<Side>) -> Result<Items, FlowError> {
    let mut merged = current.clone();
    let mut conflicts = Vec::new();
    let replaced = edited_rules(current, file);
    for (key, wanted) in file {
        let (kind, id) = key;
        // a rule's id says what it is for, so an edited rule is found under another one
        let old_key = replaced.get(key).unwrap_or(key);
        let present = current.get(old_key);
        let pages_changed = present != base.get(old_key);
        if present == Some(wanted) {
            continue;
        }
        match (pages_changed && !base.is_empty(), side) {
            (true, None) => {
                let did = if present.is_some() { "changed" } else { "ended" };
                conflicts.push(format!("{kind} `{id}`: the pages {did} it since the file was last applied"));
            }
            (true, Some(Side::Theirs)) => {}
            (true, Some(Side::Mine)) | (false, _) => {
                merged.remove(old_key);
                merged.insert(key.clone(), wanted.clone());
            }
        }
    }
    let unnamed = current.keys().filter(|key| !file.contains_key(*key) && !replaced.values().any(|old| old == *key));
    for key in unnamed.filter(|_| prune) {
        let (kind, id) = key;
        match (current.get(key) != base.get(key) && !base.is_empty(), side) {
            (true, None) => {
                let did = if base.contains_key(key) { "changed" } else { "added" };
                conflicts.push(format!(
                    "{kind} `{id}`: the pages {did} it since the file was last applied, and the file would end it"
                ));
            }
            (true, Some(Side::Theirs)) => {}
            (true, Some(Side::Mine)) | (false, _) => drop(merged.remove(key)),
        }
    }
    if conflicts.is_empty() {
        return Ok(merged);
    }
    Err(FlowError::Refused(format!(
        "the pages changed what the file says otherwise; look with `tremen export network`, then choose: `--mine`, the \
         file is right, or `--theirs`, the pages are right\n{}",
        conflicts.join("\n")
    )))
}

/// Of each acceptance rule of the file that is not in force as it is: the rule of the same venue and issuer that it
/// edits, one that is not in the file and speaks of some of the same references.
fn edited_rules(current: &Items, file: &Items) -> BTreeMap<(&'static str, String), (&'static str, String)> {
    let mut edited: BTreeMap<(&'static str, String), (&'static str, String)> = BTreeMap::new();
    for (key, wanted) in file.iter().filter(|(key, _)| !current.contains_key(*key)) {
        let Declared::Acceptance(wanted) = wanted else { continue };
        let old = current.iter().find(|(old_key, old)| {
            let Declared::Acceptance(old) = old else { return false };
            let free = !file.contains_key(*old_key) && !edited.values().any(|taken| taken == *old_key);
            free && old.venue == wanted.venue && old.issuer == wanted.issuer && overlap(old, wanted)
        });
        if let Some((old_key, _)) = old {
            edited.insert(key.clone(), old_key.clone());
        }
    }
    edited
}

fn overlap(a: &Acceptance, b: &Acceptance) -> bool {
    match (&a.references, &b.references) {
        (AcceptedReferences::All, AcceptedReferences::All) => true,
        (AcceptedReferences::These(a), AcceptedReferences::These(b)) => a.iter().any(|id| b.contains(id)),
        (AcceptedReferences::All, AcceptedReferences::These(_))
        | (AcceptedReferences::These(_), AcceptedReferences::All) => false,
    }
}

fn assemble(items: &Items) -> Network {
    let mut network = Network::empty();
    for declared in items.values().cloned() {
        match declared {
            Declared::Network(it) => network.settings = it,
            Declared::Issuer(it) => drop(network.issuers.insert(it.id.clone(), it)),
            Declared::Venue(it) => drop(network.venues.insert(it.id.clone(), it)),
            Declared::Reference(it) => drop(network.references.insert(it.id.clone(), it)),
            Declared::Machine(it) => drop(network.machines.insert(it.id.clone(), it)),
            Declared::Acceptance(it) => network.acceptances.push(it),
            Declared::Controller(it) => drop(network.controllers.insert(it.id.clone(), it)),
        }
    }
    network
}

/// In the file's order of tables: what is added and changed, then what is ended.
fn differences(before: &Items, after: &Items) -> Vec<Change> {
    const TABLES: [&str; 7] = ["network", "issuer", "venue", "reference", "machine", "acceptance", "controller"];
    let spec = |declared: &Declared| {
        serde_json::to_value(declared).ok().and_then(|tagged| tagged.get("spec").cloned()).unwrap_or(Json::Null)
    };
    let renamed = edited_rules(before, after);
    let mut changes = Vec::new();
    for table in TABLES {
        for (key, declared) in after.iter().filter(|((kind, _), _)| *kind == table) {
            let old = before.get(renamed.get(key).unwrap_or(key));
            let what = match old {
                None => What::Added,
                Some(old) if old == declared => continue,
                Some(old) => What::Changed { before: spec(old), after: spec(declared) },
            };
            changes.push(Change { kind: key.0, id: key.1.clone(), what });
        }
        let ended = before.keys().filter(|key| key.0 == table && !after.contains_key(*key));
        for key in ended.filter(|key| !renamed.values().any(|old| old == *key)) {
            changes.push(Change { kind: key.0, id: key.1.clone(), what: What::Ended });
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use tremen_rules::Network;
    use tremen_rules::network::{Acceptance, AcceptedReferences};

    use super::{Applied, Request, Side, run};
    use crate::flows::FlowError;
    use crate::flows::rehearsal::{Stage, id, operator, sample_network};

    fn apply(stage: &Stage, network: &Network, prune: bool, side: Option<Side>) -> Result<Applied, FlowError> {
        let request = Request { network: network.clone(), prune, side };
        stage.write(move |tx| run(tx, &operator(), &request))
    }

    fn said(applied: &Applied) -> Vec<String> {
        applied.changes.iter().map(ToString::to_string).collect()
    }

    /// The pages make the minimum age of the laser cutter another one.
    fn pages_say(stage: &Stage, age: u32) {
        stage.change(move |tx| {
            let mut network = tx.network().unwrap().network.clone();
            network.machines.get_mut("trotec-speedy").unwrap().min_age = Some(age);
            tx.declare(&network, 1, "page").unwrap();
        });
    }

    fn min_age(stage: &Stage) -> Option<u32> {
        stage.read(|tx| tx.network()).network.machines["trotec-speedy"].min_age
    }

    #[test]
    fn the_same_file_twice_changes_nothing() {
        let stage = Stage::empty();
        let first = apply(&stage, &sample_network(), false, None).unwrap();
        assert_eq!((first.revision, first.changes.len()), (Some(1), 24));
        assert_eq!(said(&first)[0], "+ network");
        let entries = stage.entries();
        let second = apply(&stage, &sample_network(), false, None).unwrap();
        assert_eq!((second.revision, second.changes.len(), stage.entries()), (None, 0, entries));
    }

    #[test]
    fn a_change_is_told_key_by_key_and_stops_whom_it_hits() {
        let stage = Stage::sample();
        stage.session("trotec-speedy", "p-anna", None);
        let mut network = sample_network();
        network.machines.get_mut("trotec-speedy").unwrap().min_age = Some(40);
        let applied = apply(&stage, &network, false, None).unwrap();
        assert_eq!(said(&applied), ["~ machine trotec-speedy: min_age 16 -> 40"]);
        assert_eq!(applied.effects.stopped[0].reason, "age_restricted");
        assert_eq!(stage.last_entry().kind, "network_applied");
    }

    #[test]
    fn without_prune_nothing_ends_and_with_it_the_controllers_secrets_end_too() {
        let stage = Stage::sample();
        let mut network = sample_network();
        network.controllers.remove("ubo-laser");
        let applied = apply(&stage, &network, false, None).unwrap();
        assert_eq!((applied.changes.len(), applied.left.clone()), (0, vec!["controller ubo-laser".to_owned()]));
        let applied = apply(&stage, &network, true, None).unwrap();
        assert_eq!(said(&applied), ["- controller ubo-laser"]);
        assert_eq!(stage.read(|tx| tx.credential_version(&id("ubo-laser"))), None);
    }

    #[test]
    fn what_the_pages_changed_is_not_overwritten_in_silence() {
        let stage = Stage::sample();
        pages_say(&stage, 18);
        let refused = apply(&stage, &sample_network(), false, None).unwrap_err().to_string();
        assert!(refused.contains("machine `trotec-speedy`: the pages changed it"), "{refused}");
        assert!(apply(&stage, &sample_network(), false, Some(Side::Theirs)).unwrap().changes.is_empty());
        assert_eq!(min_age(&stage), Some(18));
        apply(&stage, &sample_network(), false, Some(Side::Mine)).unwrap();
        assert_eq!(min_age(&stage), Some(16));
        assert!(apply(&stage, &sample_network(), false, None).unwrap().changes.is_empty());
    }

    #[test]
    fn what_the_pages_were_left_is_seen_again_at_the_next_apply() {
        let stage = Stage::sample();
        pages_say(&stage, 18);
        let mut network = sample_network();
        network.machines.get_mut("prusa-1").unwrap().name = "Prusa".to_owned();
        let applied = apply(&stage, &network, false, Some(Side::Theirs)).unwrap();
        assert_eq!(applied.changes.len(), 1);
        assert_eq!(min_age(&stage), Some(18));
        assert!(apply(&stage, &network, false, None).unwrap_err().to_string().contains("trotec-speedy"));
    }

    #[test]
    fn an_edited_rule_takes_the_place_of_the_one_that_it_edits() {
        let stage = Stage::sample();
        let mut network = sample_network();
        let rule = network.acceptances.iter_mut().find(|rule| rule.venue.as_str() == "ponant").unwrap();
        rule.references = AcceptedReferences::These(vec![id("decoupe-laser"), id("impression-3d")]);
        let applied = apply(&stage, &network, false, None).unwrap();
        assert_eq!(applied.changes.len(), 1);
        assert!(
            said(&applied)[0]
                .starts_with("~ acceptance ponant/ubo-open-factory/decoupe-laser+impression-3d: references")
        );
        assert_eq!(stage.read(|tx| tx.network()).network.acceptances.len(), 3);
        assert!(apply(&stage, &network, false, None).unwrap().changes.is_empty());
    }

    #[test]
    fn a_file_that_would_break_what_is_left_in_force_is_refused_whole() {
        let stage = Stage::sample();
        let rule = |references: &[&str]| Acceptance {
            venue: id("ubo"),
            issuer: id("ty-makers"),
            references: AcceptedReferences::These(references.iter().map(|it| id(it)).collect()),
            min_version: None,
            max_age_months: None,
            handover: false,
        };
        let mut two_rules = sample_network();
        two_rules.acceptances.extend([rule(&["decoupe-laser"]), rule(&["impression-3d"])]);
        apply(&stage, &two_rules, false, None).unwrap();
        let mut one_rule = sample_network();
        one_rule.acceptances.push(rule(&["decoupe-laser", "impression-3d"]));
        let refused = apply(&stage, &one_rule, false, None).unwrap_err().to_string();
        assert!(refused.contains("together with what is in force") && refused.contains("ty-makers"), "{refused}");
        assert_eq!(stage.read(|tx| tx.network()).network.acceptances.len(), 5);
        assert_eq!(apply(&stage, &one_rule, true, None).unwrap().changes.len(), 2);
    }

    #[test]
    fn only_the_networks_administrator_applies() {
        let stage = Stage::sample();
        let by = stage.by("p-maiwenn");
        let request = Request { network: sample_network(), prune: false, side: None };
        let refused = stage.write(move |tx| run(tx, &by, &request)).unwrap_err();
        assert!(refused.to_string().contains("network-admin of network"));
    }
}
