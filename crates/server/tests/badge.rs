//! `tremen badge` as people run it: the built program on published badges, its output and its exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

/// The published documents of the example network, each at its address, in a folder of the test's own.
fn documents(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("badge").join(test);
    let _ = std::fs::remove_dir_all(&folder); // of an earlier run
    let site = folder.join("tremen.example");
    for path in
        ["lieux/port/did.json", "lieux/bourg/did.json", "lieux/port/statuts/1.json", "lieux/bourg/statuts/1.json"]
    {
        let to = site.join(path);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(vector(&format!("site/{path}")), to).unwrap();
    }
    for (name, id) in [
        ("assertion", "ob2/badges/0191f2b0-laser-1"),
        ("badgeclass", "ob2/moules/decoupe-laser/3"),
        ("issuer", "ob2/lieux/port"),
    ] {
        let to = site.join(format!("{id}.json"));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(vector(&format!("ob2/{name}.json")), to).unwrap();
    }
    folder
}

fn vector(path: &str) -> String {
    format!("{}/../badges/tests/vectors/tremen/{path}", env!("CARGO_MANIFEST_DIR"))
}

fn tremen(arguments: &[&str]) -> (i32, String, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_tremen")).arg("badge").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (run.status.code().unwrap(), text(&run.stdout), text(&run.stderr))
}

#[track_caller]
fn verified(file: &str, folder: &Path, more: &[&str]) -> (i32, String) {
    let with = folder.display().to_string();
    let always = ["verify", file, "--with", &with, "--at", "2026-12-01"];
    let (code, out, err) = tremen(&[&always[..], more].concat());
    assert_eq!(err, "");
    (code, out)
}

#[test]
fn a_badge_is_verified_with_every_check_and_a_verdict_in_words() {
    let folder = documents("words");
    for (file, code, said) in [
        ("site/badges/0191f2b0-laser-1.json", 0, "\nVALID, at 2026-12-01T00:00:00Z\n"),
        ("site/badges/baked-3.0.png", 0, "\nVALID, "),
        ("ob2/baked-2.0.png", 0, "\nVALID, "),
        ("site/badges/0191f2b0-laser-3.json", 1, "\nNOT VALID: its issuer revoked it (revoked), "),
        ("site/badges/0191f2b0-laser-4.json", 1, "\nNOT VALID: its time is over (expired), "),
        ("image-class.png", 1, "\nNOT VALID: the picture holds no badge (no_badge), "),
    ] {
        let (exit, out) = verified(&vector(file), &folder, &[]);
        assert!(exit == code && out.contains(said), "{file}: {exit}\n{out}");
    }
    let (_, out) = verified(&vector("site/badges/0191f2b0-laser-5.json"), &folder, &[]);
    for line in [
        "  level    Autonome\n",
        "  issuer   Atelier du Port, did:web:tremen.example:lieux:port\n",
        "  ok       key         `did:web:tremen.example:lieux:port` lists `#cle-2026`\n",
        "  ok       revocation  not revoked: its issuer's list does not name it\n",
        "\nNot asked: whose it is (--recipient EMAIL), and whether its issuer is one that you trust.\n",
    ] {
        assert!(out.contains(line), "{line:?} in {out}");
    }
    assert!(out.contains("endorsement of the class by did:web:tremen.example:lieux:bourg: VALID\n"), "{out}");
}

#[test]
fn a_badge_is_verified_for_the_person_and_the_instant_that_are_asked() {
    let folder = documents("person");
    let badge = vector("site/badges/0191f2b0-laser-1.json");
    let (code, out) = verified(&badge, &folder, &["--recipient", "Ada@Example.org"]);
    assert!(code == 0 && out.ends_with("\nNot asked: whether its issuer is one that you trust.\n"), "{out}");
    let (code, out) = verified(&badge, &folder, &["--recipient", "eve@example.org", "--json"]);
    let told: Json = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["verdict"], &told["reason"]), (1, &"refused".into(), &"other_recipient".into()));
    assert_eq!(told["badge"]["level_name"], "Autonome");
    let with = folder.display().to_string();
    let (code, out, _) = tremen(&["verify", &badge, "--with", &with, "--at", "2028-03-03"]);
    assert!(code == 1 && out.contains("(expired)"), "{out}");
}

#[test]
fn a_document_that_is_not_in_the_folder_leaves_it_open() {
    let folder = documents("absent");
    std::fs::remove_file(folder.join("tremen.example/lieux/port/statuts/1.json")).unwrap();
    let (code, out) = verified(&vector("site/badges/0191f2b0-laser-1.json"), &folder, &[]);
    assert!(code == 1 && out.contains("CANNOT SAY NOW: whether it was revoked cannot be asked"), "{out}");
    assert!(out.contains("  ?        revocation  status_unreachable: "), "{out}");
}

#[test]
fn what_turns_a_line_around_or_orders_a_terminal_is_not_shown() {
    let folder = documents("turned");
    let file = folder.join("badge.json").display().to_string();
    let name = "Level \u{202e}2 \\u001b[2J";
    std::fs::write(&file, format!(r#"{{"type": ["VerifiableCredential", "OpenBadgeCredential"], "name": "{name}"}}"#))
        .unwrap();
    let (code, out) = verified(&file, &folder, &[]);
    assert!(code == 1 && out.contains("  badge    Level \u{fffd}2 \u{fffd}[2J\n"), "{out}");
}

#[test]
fn what_is_baked_is_unbaked_and_verified_again() {
    let folder = documents("bake");
    let badge = vector("site/badges/0191f2b0-laser-1.json");
    let text = std::fs::read_to_string(&badge).unwrap();
    let svg = folder.join("picture.svg");
    std::fs::write(&svg, r#"<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>"#).unwrap();
    for picture in [vector("image-class.png"), svg.display().to_string()] {
        let out = folder.join("baked").display().to_string();
        let (code, told, err) = tremen(&["bake", &picture, "--badge", &badge, "--out", &out]);
        assert!(code == 0 && told.contains("version 3.0"), "{told}{err}");
        assert_eq!(tremen(&["unbake", &out]).1.trim(), text.trim());
        assert_eq!(verified(&out, &folder, &[]).0, 0);
    }
    let evil = folder.join("evil.svg").display().to_string();
    std::fs::write(&evil, r#"<svg xmlns="http://www.w3.org/2000/svg"><script>x()</script></svg>"#).unwrap();
    let (code, _, err) = tremen(&["bake", &evil, "--badge", &badge, "--out", "never"]);
    assert!(code == 1 && err.contains("`script`") && !Path::new("never").exists(), "{err}");
}

#[test]
fn a_picture_is_drawn_and_takes_a_badge() {
    let folder = documents("draw");
    let path = |name: &str| folder.join(name).display().to_string();
    let badge = vector("site/badges/0191f2b0-laser-1.json");
    for picture in ["laser.png", "laser.svg"] {
        let drawn = tremen(&["draw", "--hazard", "red", "--level", "2", "--code", "LASER", "--out", &path(picture)]);
        assert_eq!(drawn.0, 0, "{drawn:?}");
        assert_eq!(tremen(&["bake", &path(picture), "--badge", &badge, "--out", &path("baked")]).0, 0);
        assert_eq!(verified(&path("baked"), &folder, &[]).0, 0);
    }
    for (more, said) in [
        (["--hazard", "blue", "--out", "x.png"], "`blue` is none of red, amber, green"),
        (["--hazard", "red", "--out", "x.gif"], "x.gif ends in neither"),
    ] {
        let (code, _, err) = tremen(&[&["draw"][..], &more].concat());
        assert!(code == 2 && err.contains(said), "{err}");
    }
}

#[test]
fn wrong_use_is_told_with_what_is_allowed() {
    let badge = vector("site/badges/0191f2b0-laser-1.json");
    for (arguments, said) in [
        (&["verify", "absent.png"][..], "absent.png: "),
        (&["verify", &badge, "--with", "absent"], "--with: absent is not a folder"),
        (&["verify", &badge, "--at", "soon"], "--at: "),
        (&["verify", &badge, "--recipient", "ada"], "`ada` is no e-mail address"),
    ] {
        let (code, out, err) = tremen(arguments);
        assert!(code == 2 && out.is_empty() && err.contains(said), "{arguments:?}: {code} {out}{err}");
    }
}
