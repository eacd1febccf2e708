//! Who may do what over the API, as a table that is kept beside this file: each thing that can be asked is asked by each role,
//! of the real registry. A change of power is a changed line in `authority.txt`; a thing without a line fails.
//! `TREMEN_BLESS=1` writes it anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use tremen_rules::dossier::Role;
use tremen_rules::{Assurance, Level, PersonId, Scope, Span};
use tremen_server::store::{NewDecision, NewSession};
use tremen_wire::SessionId;

use crate::client::{Client, served};
use crate::world::{World, id};

/// Who asks: a name, and the roles that they hold. `ubo` is here, `ponant` elsewhere. The visitor has no token.
const ACTORS: [(&str, &[(Role, &str)]); 10] = [
    ("visitor", &[]),
    ("member", &[]),
    ("trainer", &[(Role::Trainer, "venue:ubo")]),
    ("referent", &[(Role::Referent, "machine:trotec-speedy")]),
    ("manager", &[(Role::Manager, "venue:ubo")]),
    ("manager+", &[(Role::Manager, "venue:ponant")]),
    ("agent", &[(Role::IssuerAgent, "issuer:ty-makers")]),
    ("admin", &[(Role::NetworkAdmin, "network")]),
    ("auditor", &[(Role::Auditor, "network")]),
    ("auditor1", &[(Role::Auditor, "venue:ubo")]),
];

/// The session of eve's that runs.
const SESSION: SessionId = SessionId([7; 8]);

/// One line of the table: what it is called, what is asked.
struct Line {
    name: &'static str,
    method: &'static str,
    /// As the description of the API has it.
    path: &'static str,
    /// What stands in its place.
    at: String,
    query: &'static str,
    body: Json,
}

fn get(name: &'static str, path: &'static str) -> Line {
    Line { name, method: "GET", path, at: String::new(), query: "", body: Json::Null }
}

fn post(name: &'static str, path: &'static str, at: impl ToString, mut body: Json) -> Line {
    body["reason"] = json!("a good reason");
    Line { name, method: "POST", path, at: at.to_string(), query: "?preview=true", body }
}

/// All that is asked, about eve or about whoever asks.
fn lines(whom: &str, card: &str, about: &About) -> Vec<Line> {
    let award = |level: u32, issuer: &str| json!({ "person": whom, "reference": "decoupe-laser", "level": level, "issuer": issuer });
    let restrict = |scope: &str| json!({ "person": whom, "scope": scope });
    let role = |role: &str, scope: &str| json!({ "person": whom, "role": role, "scope": scope });
    let explain = json!({ "machine": "trotec-speedy", "person": whom });
    let of = |name, path, at: &str| Line { at: at.to_owned(), ..get(name, path) };
    vec![
        get("list venues", "/venues"),
        get("list machines", "/machines"),
        of("show a machine", "/machines/{id}", "trotec-speedy"),
        get("list references", "/references"),
        get("list people", "/people"),
        of("show a person", "/people/{id}", whom),
        post("enter a person", "/people", "", json!({ "key": "somebody new", "name": "Somebody New" })),
        post("correct a person", "/people/{id}", whom, json!({ "email": "other@example.org" })),
        get("list cards", "/cards"),
        post("attach a card", "/cards", "", json!({ "person": whom, "kind": "uid", "uid": "01020304050607" })),
        post("block a card", "/cards/{id}/block", card, json!({})),
        post("unblock a card", "/cards/{id}/unblock", &about.blocked_card, json!({})),
        get("list awards", "/awards"),
        of("show an award", "/awards/{id}", &about.award),
        post("award laser 2 here", "/awards", "", award(2, "ubo-open-factory")),
        post("award laser 3 here", "/awards", "", award(3, "ubo-open-factory")),
        post("award laser 2 elsewhere", "/awards", "", award(2, "fabriques-du-ponant")),
        post("award laser 2 by no venue's", "/awards", "", award(2, "ty-makers")),
        post("renew an award", "/awards/{id}/renew", &about.award, json!({})),
        post("suspend an award", "/awards/{id}/suspend", &about.award, json!({})),
        post("resume an award", "/awards/{id}/resume", &about.suspended, json!({})),
        post("revoke an award", "/awards/{id}/revoke", &about.award, json!({})),
        get("list restrictions", "/restrictions"),
        post("restrict on a machine", "/restrictions", "", restrict("machine:trotec-speedy")),
        post("restrict at the venue", "/restrictions", "", restrict("venue:ubo")),
        post("restrict in the network", "/restrictions", "", restrict("network")),
        post("lift a restriction here", "/restrictions/{id}/end", about.restriction, json!({})),
        get("list handovers", "/handovers"),
        post("hand a machine over", "/handovers", "", json!({ "person": whom, "machine": "trotec-speedy" })),
        get("list memberships", "/memberships"),
        post(
            "record a membership",
            "/memberships",
            "",
            json!({ "person": whom, "venue": "ubo", "until": "2027-09-01" }),
        ),
        get("list roles", "/roles"),
        post("make a trainer", "/roles", "", role("trainer", "venue:ubo")),
        post("make a manager", "/roles", "", role("manager", "venue:capucins")),
        post("end a role", "/roles/{id}/end", about.role, json!({})),
        get("list sessions", "/sessions"),
        Line { query: "?machine=trotec-speedy", ..get("list a machine's sessions", "/sessions") },
        post("stop a session", "/sessions/{id}/stop", SESSION, json!({})),
        post("lock a machine", "/machines/{id}/lock", "trotec-speedy", json!({})),
        post("unlock a machine", "/machines/{id}/unlock", "laser-ponant", json!({})),
        get("list controllers", "/controllers"),
        post("give a controller secrets", "/controllers", "", json!({ "id": "ubo-laser" })),
        post("rotate a controller", "/controllers/{id}/rotate", "ubo-laser", json!({})),
        post("retire a controller", "/controllers/{id}/retire", "ubo-laser", json!({})),
        get("list orders", "/orders"),
        get("list own decisions", "/decisions"),
        Line { query: "?machine=trotec-speedy", ..get("list a machine's decisions", "/decisions") },
        of("show a decision", "/decisions/{id}", &about.decision.to_string()),
        get("list the journal", "/journal"),
        get("hear events", "/events"),
        Line { query: "", body: explain, ..post("explain", "/explain", "", json!({})) },
    ]
}

/// What there is about somebody.
struct About {
    award: String,
    suspended: String,
    blocked_card: String,
    restriction: i64,
    role: i64,
    decision: i64,
}

/// Somebody with one of everything.
async fn somebody(world: &World, key: &str, uid: u8) -> (String, About) {
    let person = world.person(key, &[uid, 1, 1, 1], false).await;
    let award = world.award(&person, "decoupe-laser", Level::Discovery).await.to_string();
    let card = world.look(|tx| tx.cards_of(&person))[0].card.to_string();
    let who = person.clone();
    let (suspended, blocked, restriction, role) = world
        .change(move |tx| {
            let suspended = format!("{who}.suspended");
            let mut award = tx.awards_of(&who)?.remove(0);
            award.award.id = id(&suspended);
            award.award.suspensions = vec![Span::since(tx.now())];
            tx.add_award(&award)?;
            let blocked = tx.add_card(&tremen_server::store::NewCard {
                person: &who,
                ntag424: false,
                uid: &[uid, 2, 2, 2],
                label: None,
            })?;
            tx.block_card(&blocked, "lost")?;
            let restriction = tx.add_restriction(&who, &Scope::Venue(id("ubo")), Span::since(tx.now()), None)?;
            tx.put_membership(&who, &id("ubo"), Span::since(tx.now()))?;
            let role =
                tx.add_role(&who, Role::Referent, &Scope::Machine(id("trotec-speedy")), Span::since(tx.now()))?;
            Ok((suspended, blocked.to_string(), restriction, role))
        })
        .await;
    (card, About { award, suspended, blocked_card: blocked, restriction, role, decision: 1 })
}

/// A session of somebody's at the laser, as a tap opens it.
async fn session(world: &World, person: &PersonId) {
    let person = person.clone();
    world
        .change(move |tx| {
            let (machine, controller): (tremen_rules::MachineId, _) = (id("trotec-speedy"), id("ubo-laser"));
            let story = json!({ "machine": machine, "person": person });
            let entry = tx.record("access_decided", &story)?;
            let decision = tx.add_decision(&NewDecision {
                entry,
                controller: &controller,
                ask: None,
                machine: machine.as_str(),
                person: Some(&person),
                card: None,
                intent: "use",
                verdict: "grant",
                reason: None,
                session: Some(SESSION),
                answer: "{}",
            })?;
            let lease_until = tx.now().plus_seconds(60);
            tx.open_session(&NewSession {
                session: SESSION,
                machine: &machine,
                controller: &controller,
                person: &person,
                card: None,
                assurance: Assurance::A1,
                decision,
                hard_end: None,
                right_end: None,
                idle_end: None,
                lease_until,
                spoke: None,
            })?;
            Ok(())
        })
        .await;
}

/// How one line is answered: `yes`, how many are told, or `-`.
async fn cell(client: &Client, line: &Line) -> String {
    let path = format!("{}{}", line.path.replace("{id}", &line.at), line.query);
    if line.path == "/events" {
        // A stream has no end: one that is refused is, at once.
        let refused = client.saying("Last-Event-ID", "x").get(&path).await.status;
        return if refused == 422 { "yes" } else { "-" }.to_owned();
    }
    let answer = match line.method {
        "GET" => client.get(&path).await,
        _ => client.post(&path, &line.body).await,
    };
    match answer.status {
        200 | 201 => answer.json()["items"].as_array().map_or("yes".to_owned(), |items| items.len().to_string()),
        401 | 403 | 404 => "-".to_owned(),
        409 => "no".to_owned(), // they might, but for oneself, or as things are, nobody does
        other => panic!("{} {path}: {other} {}", line.method, answer.body),
    }
}

async fn table(world: &World) -> String {
    let mut table = String::from(
        "yes: done; a number: so many are told; -: not for them; no: theirs to do, and refused as things are\n\n",
    );
    // Whoever of the two seals first opens the journal's tree, which is an entry; then all are told the same number.
    let _ = tremen_server::sealer::Sealer::default().catch_up(&world.store).await;
    let (card, about) = somebody(world, "eve", 1).await;
    session(world, &id("eve")).await;
    world.lock("laser-ponant").await;
    let mut clients = Vec::new();
    for (name, roles) in ACTORS {
        let key = name.replace('+', "2");
        let person = world.person(&key, &[9, u8::try_from(clients.len()).unwrap(), 9, 9], false).await;
        if name == "trainer" {
            world.award(&person, "accueil-securite", Level::Discovery).await;
            world.award(&person, "decoupe-laser", Level::Trainer).await;
        }
        for (role, scope) in roles {
            world.role(&person, *role, scope).await;
        }
        clients.push(if name == "visitor" { Client::stranger(world) } else { Client::of(world, &person).await });
    }
    write!(table, "{:<30}", "about eve").unwrap();
    ACTORS.iter().for_each(|(name, _)| write!(table, "{name:<9}").unwrap());
    table = table.trim_end().to_owned() + "\n";
    for line in lines("eve", &card, &about) {
        write!(table, "{:<30}", line.name).unwrap();
        for client in &clients {
            write!(table, "{:<9}", cell(client, &line).await).unwrap();
        }
        table = table.trim_end().to_owned() + "\n";
    }
    table
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_of_who_may_do_what_over_the_api_is_as_it_was_and_has_a_line_for_everything() {
    let world = served().await;
    let now = table(&world).await;
    let described = Client::stranger(&world).get("/openapi.json").await.done();
    let described: BTreeSet<String> = described["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let path = path.strip_prefix("/api/v1").unwrap().to_owned();
            item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let about = About {
        award: String::new(),
        suspended: String::new(),
        blocked_card: String::new(),
        restriction: 0,
        role: 0,
        decision: 0,
    };
    let asked: BTreeSet<String> =
        lines("eve", "", &about).iter().map(|line| format!("{} {}", line.method, line.path)).collect();
    assert_eq!(described, asked, "each thing that can be asked has a line in this story");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/authority.txt");
    if std::env::var_os("TREMEN_BLESS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    for (now, kept) in now.lines().zip(kept.lines()) {
        assert_eq!(now, kept);
    }
    assert_eq!(now, kept);
    world.running.stop().await;
}
