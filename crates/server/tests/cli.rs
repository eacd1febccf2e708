//! The commands as people run them: the built program on the sample network, its output and its exit codes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

/// A working folder of one's own, gone after the test.
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // a test's leavings harm nobody
    }
}

/// What a command did.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }

    fn refused(self, code: i32, part: &str) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(self.err.contains(part), "{}\ndoes not say\n{part}", self.err);
        assert!(self.err.lines().all(|line| line.starts_with("tremen: ")), "{}", self.err);
        self
    }
}

fn sample(file: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/sample").join(file).display().to_string()
}

/// The order in which the sample's files are imported.
const KINDS: [&str; 7] = ["people", "cards", "awards", "memberships", "handovers", "roles", "restrictions"];

impl Place {
    /// Nothing but the clock of the sample's Thursday, 26 November 2026, 15:00 in Brest.
    fn empty() -> Self {
        Self(tempfile::Builder::new().prefix("tremen-cli-").tempdir().unwrap().keep())
    }

    /// The sample, applied and imported.
    fn sample() -> Self {
        let place = Self::empty();
        place.run(&["apply", &sample("network.toml")]).done();
        for kind in KINDS {
            place.run(&["import", kind, &sample(&format!("{kind}.csv"))]).done();
        }
        place
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let run = Command::new(env!("CARGO_BIN_EXE_tremen")).args(arguments).current_dir(&self.0).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Ran { code: run.status.code().unwrap(), out: text(&run.stdout), err: text(&run.stderr) }
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).unwrap();
        name.to_owned()
    }
}

#[test]
fn the_sample_is_applied_and_imported_and_doing_it_again_changes_nothing() {
    let place = Place::sample();
    let again = place.run(&["apply", &sample("network.toml"), "--json"]).done().json();
    assert_eq!((&again["changes"], &again["revision"]), (&json!([]), &Json::Null));
    for kind in KINDS {
        let again = place.run(&["import", kind, &sample(&format!("{kind}.csv")), "--json"]).done().json();
        assert_eq!((&again["added"], &again["changed"]), (&json!(0), &json!(0)), "{kind}");
        assert!(again["unchanged"].as_u64().unwrap() > 0, "{kind}");
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let place = Place::empty();
    let dry = place.run(&["apply", &sample("network.toml"), "--dry-run"]).done();
    assert!(dry.out.contains("+ machine trotec-speedy") && dry.out.contains("24 differences; nothing was changed"));
    place.run(&["apply", &sample("network.toml")]).done();
    let dry = place.run(&["import", "people", &sample("people.csv"), "--dry-run"]).done();
    assert!(dry.out.contains("4 added, 0 changed, 0 unchanged; nothing was changed"));
    let wet = place.run(&["import", "people", &sample("people.csv"), "--json"]).done().json();
    assert_eq!(wet["added"], 4);
}

/// Everybody of the sample at every machine of it. The file was checked by hand against the law.
#[test]
fn the_sample_is_explained_as_the_law_says() {
    let place = Place::sample();
    let mut questions = Vec::new();
    for person in ["p-anna", "p-maiwenn", "p-yann", "p-zoe"] {
        for machine in ["imprimante-3d", "laser-ponant", "prusa-1", "trotec-speedy"] {
            questions.push(json!({ "machine": machine, "person": person, "at": "2026-11-26T15:00:00+01:00" }));
        }
    }
    let file = place.write("questions.json", &json!(questions).to_string());
    let answers = place.run(&["explain", "--questions", &file]).done().json();
    let short = |answer: &Json| {
        let reasons = answer["reasons"].as_array().unwrap().iter();
        let keys = ["code", "requirement", "since", "until", "next_step"];
        let reason =
            |it: &Json| keys.iter().filter_map(|key| Some(((*key).to_owned(), it.get(key)?.clone()))).collect();
        let reasons: Vec<Json> = reasons.map(reason).collect();
        json!({
            "person": answer["person"], "machine": answer["machine"], "verdict": answer["verdict"],
            "reason": answer["reason"], "until": answer.get("until"), "until_reason": answer.get("until_reason"),
            "reasons": reasons,
        })
    };
    let answers: Vec<Json> = answers.as_array().unwrap().iter().map(short).collect();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/explain_sample.json");
    let text = serde_json::to_string_pretty(&answers).unwrap() + "\n";
    if std::env::var_os("TREMEN_WRITE_SNAPSHOTS").is_some() {
        std::fs::write(golden, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(golden).unwrap(), "look at the difference with the law beside it");
}

#[test]
fn a_question_about_nobody_is_an_error_and_one_about_no_machine_an_answer() {
    let place = Place::sample();
    place.run(&["explain", "--machine", "nowhere", "--person", "p-ana"]).refused(1, "person `p-ana` does not exist");
    let answer = place.run(&["explain", "--machine", "nowhere", "--person", "p-anna", "--json"]).done().json();
    assert_eq!((&answer["verdict"], &answer["reason"]), (&json!("deny"), &json!("unknown_machine")));
    let by = |uid: &str| place.run(&["explain", "--machine", "trotec-speedy", "--uid", uid, "--json"]).done().json();
    assert_eq!(by("04:11:22:33:44:55:99")["reason"], "unknown_card");
    assert_eq!(by("04-1d-3c-8a-2d-6b-80")["reason"], "card_assurance_too_low");
    place.run(&["explain", "--machine", "trotec-speedy"]).refused(2, "who?");
    place.run(&["explain", "--machine", "trotec-speedy", "--uid", "xyz"]).refused(2, "xyz");
    place.run(&["explain", "--decision", "99"]).refused(1, "decision `99` does not exist");
    let file = place
        .write("q.json", r#"[{"machine": "prusa-1", "person": "p-ana"}, {"machine": "prusa-1", "uid": "084F119A"}]"#);
    let answers = place.run(&["explain", "--questions", &file]).done().json();
    assert_eq!(answers[0]["error"], "person `p-ana` does not exist");
    assert_eq!(answers[1]["person"], "p-yann");
}

#[test]
fn faults_are_told_with_file_and_line() {
    let place = Place::sample();
    let bad = place.write("bad.toml", "[network]\nname = \"x\"\n\n[[machine]]\nid = \"a\"\nhazrd = \"red\"\n");
    place.run(&["apply", &bad]).refused(1, "bad.toml:6: `hazrd`").refused(1, "so nothing was applied");
    let bad = place.write(
        "bad.csv",
        "person;venue;from;until\np-anna;ubbo;2026-01-01;2027-01-01\np-x;ubo;2026-01-01;2027-01-01\n",
    );
    let ran = place.run(&["import", "memberships", &bad]);
    let ran = ran.refused(1, "bad.csv:2: `venue`: no venue has the id `ubbo`; did you mean `ubo`?");
    ran.refused(1, "bad.csv:3: `person`: no person has the key `p-x`");
    place.run(&["import", "memberships", "nowhere.csv"]).refused(2, "nowhere.csv: ");
    place.run(&["import", "membership", &bad]).refused(2, "did you mean `memberships`?");
    let config = place.write("tremen.toml", "[web]\nadress = \"x\"\n");
    place.run(&["doctor", "--config", &config]).refused(2, "tremen.toml:2: `web.adress` is not a key");
    assert_eq!(place.run(&["nonsense"]).code, 2);
}

#[test]
fn what_was_exported_comes_in_again_and_changes_nothing() {
    let place = Place::sample();
    let anna = ["--person", "p-anna", "--reference", "decoupe-laser", "--reason", "essai"];
    place.run(&[&["suspend"], &anna[..], &["--until", "2027-01-31"]].concat()).done();
    let yann = ["--person", "p-yann", "--reference", "impression-3d", "--reason", "essai"];
    place.run(&[&["renew"], &yann[..]].concat()).done();
    let other = Place::empty();
    let network = other.write("network.toml", &place.run(&["export", "network"]).done().out);
    place.run(&["apply", &place.write("network.toml", &place.run(&["export", "network"]).out)]).done();
    other.run(&["apply", &network]).done();
    let mut order = vec!["machines"];
    order.extend(KINDS);
    for kind in order {
        let csv = place.run(&["export", kind]).done().out;
        let file = place.write("same.csv", &csv);
        let same = place.run(&["import", kind, &file, "--json"]).done().json();
        assert_eq!((&same["added"], &same["changed"]), (&json!(0), &json!(0)), "{kind}\n{csv}");
        let file = other.write("new.csv", &csv);
        other.run(&["import", kind, &file]).done();
        let back = other.run(&["export", kind]).done().out;
        if kind != "awards" {
            assert_eq!(back, csv, "{kind}"); // an award whose id was random there is named here
        } else {
            assert_eq!(back.lines().count(), csv.lines().count());
        }
    }
    for kind in ["journal", "sessions", "decisions"] {
        assert!(place.run(&["export", kind]).done().out.lines().next().unwrap().contains(';'), "{kind}");
    }
    assert!(!place.run(&["export", "journal"]).out.contains("Anna"), "no name in the journal");
    place.run(&["export", "people", "--since", "2026-01-01"]).refused(1, "have no beginning");
    place.run(&["export", "peple"]).refused(2, "did you mean `people`?");
}

#[test]
fn a_manager_revokes_from_the_shell_after_a_look_at_what_it_does() {
    let place = Place::sample();
    let anna = ["--person", "p-anna", "--reference", "decoupe-laser", "--by", "p-maiwenn"];
    let look = place.run(&[&["revoke"], &anna[..], &["--preview"]].concat()).done();
    assert!(look.out.starts_with("2 machines in 2 venues, 0 running sessions will be stopped\n"), "{}", look.out);
    place.run(&[&["revoke"], &anna[..]].concat()).refused(2, "`--reason TEXT` is needed");
    let done = place.run(&[&["revoke"], &anna[..], &["--reason", "essai", "--json"]].concat()).done().json();
    assert!(done["entry"].as_i64().unwrap() > 0 && done["award"].is_string());
    place.run(&[&["revoke"], &anna[..], &["--reason", "essai"]].concat()).refused(1, "already revoked");
    let stranger = ["--person", "p-yann", "--scope", "venue:tyfab", "--reason", "essai", "--by", "p-zoe"];
    place
        .run(&[&["restrict"], &stranger[..]].concat())
        .refused(1, "`p-zoe` may not do this: only for manager of venue:tyfab");
}

#[test]
fn the_managers_commands_do_and_undo() {
    let place = Place::sample();
    let why = ["--reason", "essai"];
    let run = |arguments: &[&str]| place.run(&[arguments, &why[..]].concat()).done().out;
    assert!(run(&["lock", "trotec-speedy"]).contains("machine trotec-speedy locked"));
    assert!(run(&["unlock", "--machine", "trotec-speedy"]).contains("unlocked"));
    assert!(run(&["block-card", "--uid", "041D3C8A2D6B80"]).contains("card blocked"));
    assert!(run(&["unblock-card", "--uid", "041D3C8A2D6B80"]).contains("card unblocked"));
    let scope = ["--person", "p-anna", "--scope", "venue:ubo"];
    assert!(run(&[&["restrict"], &scope[..]].concat()).contains("restriction"));
    assert!(run(&[&["unrestrict"], &scope[..]].concat()).contains("lifted"));
    assert!(
        run(&["role", "grant", "--person", "p-anna", "--role", "trainer", "--scope", "venue:ubo"])
            .contains("is trainer")
    );
    assert!(
        run(&["role", "end", "--person", "p-anna", "--role", "trainer", "--scope", "venue:ubo"]).contains("no longer")
    );
    assert!(run(&["handover", "--person", "p-zoe", "--machine", "trotec-speedy"]).contains("recorded"));
    let laser = ["--person", "p-anna", "--reference", "decoupe-laser"];
    assert!(run(&[&["suspend"], &laser[..]].concat()).contains("suspended"));
    assert!(run(&[&["resume"], &laser[..]].concat()).contains("resumed"));
    let award = ["--person", "p-zoe", "--reference", "impression-3d", "--level", "1", "--issuer", "maison-du-libre"];
    assert!(run(&[&["award"], &award[..], &["--id", "z-1"]].concat()).contains("award z-1 made"));
    assert!(run(&["renew", "z-1", "--id", "z-2"]).contains("award z-2 made"));
    place.run(&["stop", "prusa-1", "--reason", "essai"]).refused(1, "no session runs on `prusa-1`");
}

#[test]
fn a_controllers_secrets_are_shown_once() {
    let place = Place::sample();
    let told = place.run(&["controller", "add", "ubo-laser", "--json"]).done().json();
    let keys: Vec<&String> = told.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["broker", "controller", "key", "password"]);
    assert_eq!((told["key"].as_str().unwrap().len(), told["password"].as_str().unwrap().len()), (64, 32));
    assert_eq!(told["broker"], "mqtt://127.0.0.1:1883");
    place.run(&["controller", "add", "ubo-laser"]).refused(1, "`tremen controller rotate ubo-laser`");
    assert_eq!(place.run(&["controller", "rotate", "ponant-laser", "--json"]).done().json()["key"], Json::Null);
    let list = place.run(&["controller", "list", "--json"]).done().json();
    let secrets: Vec<&Json> = list.as_array().unwrap().iter().map(|it| &it["secrets"]).collect();
    assert_eq!(secrets, [&Json::Null, &json!(1), &Json::Null, &json!(1)]);
    let new =
        ["controller", "add", "capucins-2", "--venue", "capucins", "--machine", "imprimante-3d", "--profile", "sealed"];
    let declared = place.run(&new);
    assert!(declared.code == 0 || declared.err.contains("capucins-2") || declared.err.contains("imprimante-3d"));
    place.run(&["controller", "retire", "ubo-laser", "--reason", "essai"]).done();
    place.run(&["controller", "replace", "ubo-lazer"]).refused(1, "did you mean `ubo-laser`?");
}

#[test]
fn a_token_is_shown_once_listed_without_its_secret_and_revoked() {
    let place = Place::sample();
    let scopes = ["--scope", "read", "--scope", "awards"];
    let make = |more: &[&str]| place.run(&[&["token", "nightly export", "--for", "p-maiwenn"], more].concat());
    make(&[]).refused(1, "a token needs a scope: read, journal, awards");
    make(&["--scope", "award"]).refused(2, "did you mean `awards`?");
    place.run(&["token", "nightly export", "--scope", "read"]).refused(2, "`--for PERSON` is needed");
    make(&[&scopes[..], &["--preview"]].concat()).done();
    assert_eq!(place.run(&["token", "list"]).done().out, "no tokens\n");
    let made = make(&[&scopes[..], &["--until", "2027-06-30", "--json"]].concat()).done().json();
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("tremen_") && secret.len() == 39, "{secret}");
    assert_eq!(made["until"], "2027-06-30T22:00:00Z");
    let list = place.run(&["token", "list"]).done().out;
    assert!(list.contains("p-maiwenn  nightly export  [read awards]  until 2027-06-30T22:00:00Z"), "{list}");
    assert!(!list.contains(secret));
    place.run(&["token", "revoke", "1"]).refused(2, "--reason TEXT");
    place.run(&["token", "revoke", "1", "--reason", "the script is gone"]).done();
    place.run(&["token", "revoke", "1", "--reason", "again"]).refused(1, "token 1 is over already");
    assert!(place.run(&["token", "list", "--for", "p-maiwenn"]).done().out.contains("ended: the script is gone"));
}

#[test]
fn the_doctor_says_what_to_do() {
    let place = Place::empty();
    let first = place.run(&["doctor"]).done();
    assert!(first.out.contains("look   network        nothing is declared yet: `tremen apply FILE`"), "{}", first.out);
    let place = Place::sample();
    let findings = place.run(&["doctor", "--json"]).done().json();
    let findings = findings.as_array().unwrap();
    assert!(findings.iter().any(|it| it["text"].as_str().unwrap().contains("tremen controller rotate ubo-laser")));
    assert!(findings.iter().all(|it| it["health"] != "wrong"), "{findings:#?}");
}

#[cfg(unix)]
#[test]
fn the_doctor_minds_who_can_read_the_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::sample();
    let key = place.0.join("data/keys/sealing.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let run = place.run(&["doctor"]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("others can read") && run.out.contains("sealing.key"), "{}", run.out);
}

#[test]
fn every_command_has_an_example() {
    let place = Place::empty();
    let help = place.run(&["--help"]).done().out;
    let names = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for name in names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        let help = place.run(&[name, "--help"]).done().out;
        let nested = help.lines().any(|line| line == "Commands:");
        assert!(nested || help.contains("Example: tremen"), "`tremen {name} --help` has no example");
    }
}
