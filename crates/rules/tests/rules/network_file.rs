//! What is refused in a network file, and what is warned of.

use super::story::{id, network};
use std::collections::BTreeMap;
use tremen_rules::Assurance;
use tremen_rules::Level;
use tremen_rules::network::*;

type Change = fn(&mut Network);

/// A change to a network without flaws, and the flaws that it makes.
#[track_caller]
fn refused(change: Change, flaws: &[&str]) {
    let mut network = with_controller();
    change(&mut network);
    assert_eq!(network.check().iter().map(ToString::to_string).collect::<Vec<_>>(), flaws);
}

fn with_controller() -> Network {
    let mut network = network();
    let controller = controller("box", &["trotec"]);
    network.controllers = BTreeMap::from([(controller.id.clone(), controller)]);
    network
}

fn controller(name: &str, machines: &[&str]) -> Controller {
    let machines = machines.iter().map(|name| id(name)).collect();
    Controller { id: id(name), venue: id("ubo"), machines, profile: Profile::Sealed }
}

fn trotec(network: &mut Network) -> &mut Machine {
    network.machines.get_mut("trotec").unwrap()
}

fn laser(network: &mut Network) -> &mut Reference {
    network.references.get_mut("laser").unwrap()
}

fn rule(issuer: &str, references: AcceptedReferences) -> Acceptance {
    Acceptance {
        venue: id("ubo"),
        issuer: id(issuer),
        references,
        min_version: None,
        max_age_months: None,
        handover: false,
    }
}

fn these(references: &[&str]) -> AcceptedReferences {
    AcceptedReferences::These(references.iter().map(|name| id(name)).collect())
}

#[test]
fn the_network_of_the_stories_has_no_flaw() {
    refused(|_| (), &[]);
    assert_eq!(with_controller().warnings(), []);
}

#[test]
fn unknown_ids_are_refused_wherever_they_stand() {
    refused(
        |network| network.issuers.clear(),
        &[
            "venue `ponant`: issuer: no issuer has the id `fdp`",
            "venue `ubo`: issuer: no issuer has the id `ubo-of`",
            "reference `laser`: issuer: no issuer has the id `ubo-of`",
            "reference `safety`: issuer: no issuer has the id `ubo-of`",
            "reference `wood`: issuer: no issuer has the id `ubo-of`",
        ],
    );
    refused(
        |network| network.venues.get_mut("ubo").unwrap().reciprocal = vec![id("mars"), id("ubo")],
        &[
            "venue `ubo`: reciprocal: no venue has the id `mars`",
            "venue `ubo`: reciprocal: a venue's own members count anyway: name other venues only",
        ],
    );
    refused(
        |network| laser(network).prerequisites = vec![Prerequisite { reference: id("art"), level: Level::Trainer }],
        &["reference `laser`: prerequisites: no reference has the id `art`"],
    );
    refused(
        |network| trotec(network).requires[0].references.push(id("art")),
        &["machine `trotec`: requires: no reference has the id `art`"],
    );
    refused(
        |network| trotec(network).venue = id("mars"),
        &[
            "machine `trotec`: venue: no venue has the id `mars`",
            "controller `box`: machines: `trotec` stands in `mars`: only machines of `ubo` are allowed",
        ],
    );
    refused(
        |network| network.acceptances.push(Acceptance { venue: id("mars"), ..rule("mars", these(&["art"])) }),
        &[
            "acceptance 1: venue: no venue has the id `mars`",
            "acceptance 1: issuer: no issuer has the id `mars`",
            "acceptance 1: references: no reference has the id `art`",
        ],
    );
    refused(
        |network| network.controllers.get_mut("box").unwrap().machines.push(id("saw")),
        &["controller `box`: machines: no machine has the id `saw`"],
    );
}

#[test]
fn a_cycle_of_prerequisites_is_refused_at_each_reference_on_it() {
    refused(
        |network| {
            let needs = |name: &str| vec![Prerequisite { reference: id(name), level: Level::Discovery }];
            laser(network).prerequisites = needs("safety");
            network.references.get_mut("safety").unwrap().prerequisites = needs("wood");
            network.references.get_mut("wood").unwrap().prerequisites = needs("safety");
        },
        &[
            "reference `safety`: prerequisites: nobody could ever meet them, since `safety` needs `wood` needs `safety`: a \
             reference may not need itself",
            "reference `wood`: prerequisites: nobody could ever meet them, since `wood` needs `safety` needs `wood`: a \
             reference may not need itself",
        ],
    );
}

#[test]
fn numbers_have_their_bounds() {
    let too_small = "0 is too small: a whole number of at least 1";
    refused(
        |network| {
            let laser = laser(network);
            (laser.version, laser.oldest_valid_version, laser.valid_months) = (0, 0, Some(0));
        },
        &[
            &format!("reference `laser`: version: {too_small}"),
            &format!("reference `laser`: oldest_valid_version: {too_small}"),
            &format!("reference `laser`: valid_months: {too_small}"),
        ],
    );
    refused(
        |network| laser(network).oldest_valid_version = 4,
        &["reference `laser`: oldest_valid_version: 4 does not exist yet: at most the version, 3"],
    );
    refused(
        |network| {
            let machine = trotec(network);
            machine.requires[0].min_version = Some(0);
            (machine.min_age, machine.max_session_minutes, machine.idle_minutes) = (Some(0), Some(0), Some(0));
            (machine.stop_policy, machine.lease_seconds) = (StopPolicy::Graceful(0), 9);
        },
        &[
            "machine `trotec`: requires: min_version 0 is too small: a whole number of at least 1",
            &format!("machine `trotec`: min_age: {too_small}"),
            &format!("machine `trotec`: max_session_minutes: {too_small}"),
            &format!("machine `trotec`: idle_minutes: {too_small}"),
            &format!("machine `trotec`: stop_policy: {too_small}"),
            "machine `trotec`: lease_seconds: 9 is not allowed: 10 to 3600 seconds",
        ],
    );
    refused(
        |network| (trotec(network).lease_seconds, trotec(network).stop_policy) = (10, StopPolicy::FinishJob(1)),
        &[],
    );
    refused(|network| trotec(network).lease_seconds = 3600, &[]);
    refused(
        |network| trotec(network).lease_seconds = 3601,
        &["machine `trotec`: lease_seconds: 3601 is not allowed: 10 to 3600 seconds"],
    );
    refused(
        |network| {
            let rule =
                Acceptance { min_version: Some(0), max_age_months: Some(0), ..rule("fdp", AcceptedReferences::All) };
            network.acceptances.push(rule);
        },
        &[&format!("acceptance 1: min_version: {too_small}"), &format!("acceptance 1: max_age_months: {too_small}")],
    );
}

#[test]
fn a_position_is_on_earth() {
    refused(|network| network.venues.get_mut("ubo").unwrap().position = Some([90.0, -180.0]), &[]);
    for nowhere in [[90.1, 0.0], [0.0, 180.1], [f64::NAN, 0.0]] {
        let mut network = network();
        network.venues.get_mut("ubo").unwrap().position = Some(nowhere);
        assert_eq!(network.check().len(), 1, "{nowhere:?}");
    }
}

#[test]
fn a_requirement_names_a_reference_and_autonomy_needs_a_requirement() {
    refused(
        |network| trotec(network).requires[0].references.clear(),
        &["machine `trotec`: requires: `reference` is empty: name one or more, any one of which suffices"],
    );
    refused(
        |network| {
            let machine = trotec(network);
            machine.requires.clear();
            machine.autonomous_from = Level::Autonomous;
        },
        &[
            "machine `trotec`: autonomous_from: without `requires` nobody has a level: leave it out or 1, or name what the \
           machine requires",
        ],
    );
}

#[test]
fn an_offline_list_is_for_a_day_at_most_and_never_for_danger() {
    refused(|network| trotec(network).offline = Offline::AllowlistHours(24), &[]);
    refused(
        |network| trotec(network).offline = Offline::AllowlistHours(25),
        &["machine `trotec`: offline: allowlist_hours = 25 is not allowed: 1 to 24 hours"],
    );
    refused(
        |network| {
            let machine = trotec(network);
            (machine.offline, machine.hazard, machine.min_assurance) =
                (Offline::AllowlistHours(0), Hazard::Red, Assurance::A1p);
        },
        &[
            "machine `trotec`: offline: allowlist_hours = 0 is not allowed: 1 to 24 hours",
            "machine `trotec`: offline: a red machine never starts without the registry: only \"deny\" is allowed",
            "machine `trotec`: offline: only the registry can check a card above A0: only \"deny\" is allowed",
        ],
    );
}

#[test]
fn two_rules_of_a_venue_for_an_issuer_differ_in_how_specific_they_are() {
    refused(
        |network| network.acceptances = vec![rule("fdp", AcceptedReferences::All), rule("fdp", these(&["laser"]))],
        &[],
    );
    refused(|network| network.acceptances = vec![rule("fdp", these(&["wood"])), rule("fdp", these(&["laser"]))], &[]);
    refused(
        |network| network.acceptances = vec![rule("ty", AcceptedReferences::All), rule("fdp", AcceptedReferences::All)],
        &[],
    );
    refused(
        |network| {
            network.acceptances = vec![rule("fdp", AcceptedReferences::All), rule("fdp", AcceptedReferences::All)]
        },
        &[
            "acceptance 2: references: rule 1 of `ubo` for `fdp` speaks of all references as well: one rule for each, or one \
           that names references beside one for all",
        ],
    );
    refused(
        |network| network.acceptances = vec![rule("fdp", these(&["wood", "laser"])), rule("fdp", these(&["laser"]))],
        &[
            "acceptance 2: references: rule 1 of `ubo` for `fdp` speaks of `laser` as well: one rule for each, or one that \
           names references beside one for all",
        ],
    );
}

#[test]
fn a_rule_names_another_issuer_and_some_reference() {
    refused(
        |network| network.acceptances.push(rule("ubo-of", AcceptedReferences::All)),
        &["acceptance 1: issuer: `ubo-of` is the own issuer of `ubo`, recognised without a rule: name others"],
    );
    refused(
        |network| network.acceptances.push(rule("fdp", these(&[]))),
        &["acceptance 1: references: the list is empty: \"all\", or one or more ids"],
    );
}

#[test]
fn a_machine_has_one_controller_of_its_own_venue() {
    refused(
        |network| {
            let second = Controller { venue: id("ponant"), ..controller("second", &["trotec", "trotec"]) };
            network.controllers.insert(second.id.clone(), second);
        },
        &[
            "controller `second`: machines: `trotec` stands in `ubo`: only machines of `ponant` are allowed",
            "controller `second`: machines: `trotec` is served by `box` already: one controller for each machine",
            "controller `second`: machines: `trotec` is named twice: once suffices",
            "controller `second`: machines: `trotec` stands in `ubo`: only machines of `ponant` are allowed",
            "controller `second`: machines: `trotec` is served by `box` already: one controller for each machine",
        ],
    );
}

#[test]
fn a_controllers_id_is_a_name_on_the_wire() {
    for (name, flaws) in
        [("a", 0), ("a-b-9", 0), (&"x".repeat(32), 0), (&"x".repeat(33), 1), ("a-", 1), ("a.b", 1), ("a_b", 1)]
    {
        let mut network = network();
        network.controllers = BTreeMap::from([(id(name), controller(name, &[]))]);
        assert_eq!(network.check().len(), flaws, "{name}");
    }
}

#[test]
fn an_entry_is_filed_under_its_own_id() {
    refused(
        |network| trotec(network).id = id("other"),
        &["machine `trotec`: id: filed under `trotec` but named `other`; both must be the same"],
    );
}

#[test]
fn a_red_machine_with_copyable_cards_or_plain_messages_is_warned_of() {
    let mut network = with_controller();
    trotec(&mut network).hazard = Hazard::Red;
    network.controllers.get_mut("box").unwrap().profile = Profile::Plain;
    let warnings: Vec<_> = network.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "machine `trotec`: min_assurance: a red machine that takes A0 can be started with a copied card: \"A1\" asks for one \
         that cannot be copied",
            "controller `box`: profile: `trotec` is red, and in the plain profile whoever reaches the broker can forge its \
         grants: \"sealed\" is safe",
        ]
    );
    assert_eq!(network.check(), []);
}

#[test]
fn an_issuer_of_two_venues_and_a_supervisor_who_needs_one_are_warned_of() {
    let mut network = with_controller();
    network.venues.get_mut("ponant").unwrap().issuer = Some(id("ubo-of"));
    (trotec(&mut network).autonomous_from, trotec(&mut network).supervisor_level) = (Level::Trainer, Level::Autonomous);
    let warnings: Vec<_> = network.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "venue `ubo`: issuer: `ubo-of` is also the own issuer of `ponant`: the managers of both award and revoke for it",
            "machine `trotec`: supervisor_level: below `autonomous_from`: such a supervisor would need one and cannot stand by",
        ]
    );
}
