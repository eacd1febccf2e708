//! Who may do what, as a table that is kept beside this file: a change of power is a changed line in `authority.txt`.
//! `TREMEN_BLESS=1` writes it anew.

use super::story::{Story, id, time};
use core::fmt::Write;
use tremen_rules::authority::{Act, Forbidden, may, needs_second_person};
use tremen_rules::dossier::Role;
use tremen_rules::network::FourEyes;
use tremen_rules::{Level, PersonId, Scope};

const NOW: &str = "2031-03-03 12:00";

/// Name, roles and awards; `ubo` is here, `ponant` elsewhere. The visitor, who may do nothing, has a column too.
const ACTORS: [(&str, &str); 13] = [
    ("visitor", ""),
    ("trainer", "trainer of venue:ubo\nlaser level 3"),
    ("trainer2", "trainer of venue:ubo\nlaser level 2"), // is no level 3
    ("trainer3", "trainer of venue:ubo\nlaser level 3 by ty"), // a level 3 that does not count here
    ("trainer+", "trainer of venue:ponant\nlaser level 3"),
    ("referent", "referent of machine:trotec"),
    ("manager", "manager of venue:ubo"),
    ("manager+", "manager of venue:ponant"),
    ("former", "manager of venue:ubo, until 2031-03-03 12:00"),
    ("agent", "issuer-agent of issuer:ty"),
    ("admin", "network-admin of network"),
    ("auditor", "auditor of network"),
    ("auditor1", "auditor of venue:ubo"),
];

fn acts(person: &PersonId) -> Vec<Act> {
    let person = || person.clone();
    let (machine, venue) = (|| id("trotec"), || id("ubo"));
    let scopes =
        || ["network", "venue:ubo", "machine:trotec", "reference:laser"].map(|text| Scope::parse(text).unwrap());
    let issuers = ["ubo-of", "ty"];
    let mut acts = Vec::new();
    for issuer in issuers {
        for level in [Level::Discovery, Level::Autonomous, Level::Trainer] {
            acts.push(Act::Award { reference: id("laser"), level, issuer: id(issuer), person: person() });
        }
        acts.push(Act::Award { reference: id("wood"), level: Level::Discovery, issuer: id(issuer), person: person() });
        acts.push(Act::Renew {
            reference: id("laser"),
            level: Level::Autonomous,
            issuer: id(issuer),
            person: person(),
        });
        acts.push(Act::Renew { reference: id("laser"), level: Level::Trainer, issuer: id(issuer), person: person() });
        acts.push(Act::Suspend { issuer: id(issuer), person: person() });
        acts.push(Act::Resume { issuer: id(issuer), person: person() });
        acts.push(Act::Revoke { issuer: id(issuer), person: person() });
    }
    acts.push(Act::AskForReview { person: person() });
    acts.extend(scopes().map(|scope| Act::Restrict { scope, person: person() }));
    acts.extend(scopes().map(|scope| Act::EndRestriction { scope, person: person() }));
    acts.extend([
        Act::BlockCard { of: person() },
        Act::UnblockCard { of: person() },
        Act::AttachCard { of: person() },
        Act::LockMachine { machine: machine() },
        Act::UnlockMachine { machine: machine() },
        Act::Handover { machine: machine(), person: person() },
        Act::RecordIncident { machine: machine() },
    ]);
    for (role, scope) in [
        (Role::Trainer, "venue:ubo"),
        (Role::Referent, "machine:trotec"),
        (Role::Manager, "venue:ubo"),
        (Role::IssuerAgent, "issuer:ty"),
        (Role::IssuerAgent, "issuer:ubo-of"),
        (Role::NetworkAdmin, "network"),
        (Role::Auditor, "venue:ubo"),
        (Role::Auditor, "network"),
        (Role::Manager, "network"),
    ] {
        acts.push(Act::GrantRole { role, scope: Scope::parse(scope).unwrap(), person: person() });
        acts.push(Act::EndRole { role, scope: Scope::parse(scope).unwrap(), person: person() });
    }
    acts.extend([
        Act::Membership { venue: venue() },
        Act::KeepPerson { person: person() },
        Act::ErasePerson { person: person() },
        Act::Apply,
        Act::ChangeNetwork,
        Act::ChangeVenue { venue: venue() },
        Act::PlanTraining { venue: venue() },
        Act::ProvisionController { venue: venue() },
        Act::EndSession { venue: venue(), of: person() },
        Act::ReadPerson { person: person() },
        Act::ReadContact { person: person() },
        Act::ReadMachine { machine: machine() },
        Act::ReadJournal { venue: Some(venue()) },
        Act::ReadJournal { venue: None },
        Act::ReadControllers { venue: venue() },
        Act::MakeToken { of: person() },
        Act::EndToken { of: person() },
        Act::MakeLoginLink { of: person() },
        Act::EndLogin { of: person() },
        Act::Operate,
    ]);
    acts
}

/// An act as a line begins; an act that has no line here does not compile.
fn name(act: &Act) -> String {
    match act {
        Act::Award { reference, level, issuer, .. } => format!("award {reference} {} by {issuer}", level.number()),
        Act::Renew { reference, level, issuer, .. } => format!("renew {reference} {} by {issuer}", level.number()),
        Act::Suspend { issuer, .. } => format!("suspend an award by {issuer}"),
        Act::Resume { issuer, .. } => format!("resume an award by {issuer}"),
        Act::Revoke { issuer, .. } => format!("revoke an award by {issuer}"),
        Act::AskForReview { .. } => "ask for a review".to_owned(),
        Act::Restrict { scope, .. } => format!("restrict {scope}"),
        Act::EndRestriction { scope, .. } => format!("end a restriction {scope}"),
        Act::BlockCard { .. } => "block a card".to_owned(),
        Act::UnblockCard { .. } => "unblock a card".to_owned(),
        Act::AttachCard { .. } => "attach a card".to_owned(),
        Act::LockMachine { .. } => "lock".to_owned(),
        Act::UnlockMachine { .. } => "unlock".to_owned(),
        Act::Handover { .. } => "hand a machine over".to_owned(),
        Act::RecordIncident { .. } => "record an incident".to_owned(),
        Act::GrantRole { role, scope, .. } => format!("make {} of {scope}", role.as_str()),
        Act::EndRole { role, scope, .. } => format!("end {} of {scope}", role.as_str()),
        Act::Membership { .. } => "record a membership".to_owned(),
        Act::KeepPerson { .. } => "keep a person's facts".to_owned(),
        Act::ErasePerson { .. } => "erase a person".to_owned(),
        Act::Apply => "apply a network file".to_owned(),
        Act::ChangeNetwork => "change the network".to_owned(),
        Act::ChangeVenue { .. } => "change the venue".to_owned(),
        Act::PlanTraining { .. } => "plan a training".to_owned(),
        Act::ProvisionController { .. } => "provision a controller".to_owned(),
        Act::EndSession { .. } => "end a session".to_owned(),
        Act::ReadPerson { .. } => "read about a person".to_owned(),
        Act::ReadContact { .. } => "read contact details".to_owned(),
        Act::ReadMachine { .. } => "read a machine's history".to_owned(),
        Act::ReadJournal { venue: Some(_) } => "read the venue's journal".to_owned(),
        Act::ReadJournal { venue: None } => "read the whole journal".to_owned(),
        Act::ReadControllers { .. } => "read about controllers".to_owned(),
        Act::MakeToken { .. } => "make a token".to_owned(),
        Act::EndToken { .. } => "end a token".to_owned(),
        Act::MakeLoginLink { .. } => "make a sign-in link".to_owned(),
        Act::EndLogin { .. } => "end a login".to_owned(),
        Act::Operate => "operate the program".to_owned(),
    }
}

fn actor(facts: &str) -> Story {
    let lines: Vec<_> = facts.lines().map(|fact| format!("marie: {fact}")).collect();
    Story::read(&lines.join("\n"), "")
}

fn table() -> String {
    let mut table = String::new();
    for whom in ["eve", "marie"] {
        let title = if whom == "marie" { "for oneself" } else { "for another" };
        write!(table, "{title:<36}").unwrap();
        ACTORS.iter().for_each(|(name, _)| write!(table, "{name:<9}").unwrap());
        table = table.trim_end().to_owned() + "\n";
        for act in acts(&id(whom)) {
            write!(table, "{:<36}", name(&act)).unwrap();
            for (_, facts) in ACTORS {
                let story = actor(facts);
                let answer = may(&story.people["marie"], &act, &story.network, time(NOW));
                write!(table, "{:<9}", if answer.is_ok() { "yes" } else { "-" }).unwrap();
            }
            table = table.trim_end().to_owned() + "\n";
        }
        table.push('\n');
    }
    table
}

#[test]
fn the_table_of_who_may_do_what_is_as_it_was() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rules/authority.txt");
    if std::env::var_os("TREMEN_BLESS").is_some() {
        std::fs::write(path, table()).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    for (now, kept) in table().lines().zip(kept.lines()) {
        assert_eq!(now, kept);
    }
    assert_eq!(table(), kept);
}

#[test]
fn a_refusal_says_which_role_would_be_needed() {
    let story = actor("");
    let refused = |act: &Act| may(&story.people["marie"], act, &story.network, time(NOW)).unwrap_err().to_string();
    let award = |person: &str, issuer: &str| Act::Award {
        reference: id("laser"),
        level: Level::Discovery,
        issuer: id(issuer),
        person: id(person),
    };
    assert_eq!(
        refused(&award("eve", "ubo-of")),
        "only for manager of venue:ubo, or trainer of venue:ubo with a level 3 of `laser` that counts there"
    );
    assert_eq!(refused(&award("eve", "ty")), "only for issuer-agent of issuer:ty");
    assert_eq!(refused(&award("marie", "ubo-of")), "nobody awards for themself: another person has to");
    assert_eq!(refused(&award("eve", "mars")), "no issuer has the id `mars`");
    let lock = Act::LockMachine { machine: id("saw") };
    assert_eq!(refused(&lock), "no machine has the id `saw`");
    let role = Act::GrantRole { role: Role::Manager, scope: Scope::Network, person: id("eve") };
    assert_eq!(refused(&role), "the role `manager` is held over a venue only");
    let agent = Act::GrantRole { role: Role::IssuerAgent, scope: Scope::Issuer(id("fdp")), person: id("eve") };
    assert!(matches!(may(&story.people["marie"], &agent, &story.network, time(NOW)), Err(Forbidden::Nobody(_))));
}

#[test]
fn a_role_counts_between_its_edges() {
    let story = actor("manager of venue:ubo, from 2031-03-03, until 2031-03-04");
    let act = Act::LockMachine { machine: id("trotec") };
    let may = |when: &str| may(&story.people["marie"], &act, &story.network, time(when)).is_ok();
    let edges = ["before 2031-03-03", "2031-03-03", "before 2031-03-04", "2031-03-04"].map(may);
    assert_eq!(edges, [false, true, true, false]);
}

#[test]
fn a_trainers_level_3_must_count_at_that_instant() {
    let story = actor("trainer of venue:ubo\nlaser level 3, until 2031-03-03");
    let act = Act::Award { reference: id("laser"), level: Level::Autonomous, issuer: id("ubo-of"), person: id("eve") };
    let may = |when: &str| may(&story.people["marie"], &act, &story.network, time(when)).is_ok();
    assert_eq!(["before 2031-03-03", "2031-03-03"].map(may), [true, false]);
}

#[test]
fn a_second_person_is_needed_where_the_network_says_so() {
    let mut network = Story::read("", "laser: red").network;
    let award = |reference: &str, level| Act::Award {
        reference: id(reference),
        level,
        issuer: id("ubo-of"),
        person: id("eve"),
    };
    let needs = |network: &_| {
        let acts = [award("laser", Level::Discovery), award("wood", Level::Trainer), award("wood", Level::Autonomous)];
        acts.map(|act| needs_second_person(&act, network))
    };
    assert_eq!(needs(&network), [false, false, false]);
    network.settings.four_eyes = vec![FourEyes::Level3];
    assert_eq!(needs(&network), [false, true, false]);
    network.settings.four_eyes = vec![FourEyes::Red];
    assert_eq!(needs(&network), [true, false, false]);
    assert!(!needs_second_person(&Act::Apply, &network));
}
