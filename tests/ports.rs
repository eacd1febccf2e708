//! An address that somebody else has: the registry says which, and what to do, before it touched anything.

use std::net::TcpListener;

use crate::process::Place;
use crate::world::PATIENCE;

#[tokio::test]
async fn where_a_port_is_taken_the_registry_says_which_and_begins_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (mut place, ()) = Place::prepared(|_| {}, |_| Ok(())).await;
    // A registry that never ran: whatever it makes is seen.
    let fresh = place.folder.0.join("fresh");
    let at = |name: &str| fresh.join(name).display().to_string();
    place.settings.push(("TREMEN_DATABASE__URL", format!("sqlite:{}", at("tremen.db"))));
    place.settings.push(("TREMEN_KEYS__FOLDER", at("keys")));
    for (what, variable, key) in [
        ("the pages", "TREMEN_WEB__ADDRESS", "web.address"),
        ("the metrics", "TREMEN_METRICS__ADDRESS", "metrics.address"),
        ("the embedded broker", "TREMEN_BROKER__EMBEDDED__ADDRESS", "broker.embedded.address"),
    ] {
        let mut serve = place.command(&["serve"]);
        let output = tokio::time::timeout(PATIENCE, serve.env(variable, &address).output()).await.unwrap().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        let said = format!("tremen: {what} cannot listen on {address}: ");
        let advice =
            format!("another program listens there (`ss -ltnp` names it): stop it, or choose another `{key}`\n");
        assert!(told.starts_with(&said) && told.ends_with(&advice) && told.lines().count() == 1, "{told}");
        assert_eq!(output.stdout, b"", "it said that it serves");
        assert!(!fresh.exists(), "{what}: something was begun");
    }
    drop(taken);
    place.serve().await.ends().await;
    assert!(fresh.join("tremen.db").exists());
}

#[tokio::test]
async fn an_address_of_no_interface_of_this_machine_is_named() {
    let (place, ()) = Place::prepared(|_| {}, |_| Ok(())).await;
    let mut serve = place.command(&["serve"]);
    serve.env("TREMEN_WEB__ADDRESS", "192.0.2.1:8080"); // of RFC 5737: nobody's
    let output = tokio::time::timeout(PATIENCE, serve.output()).await.unwrap().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("192.0.2.1:8080") && told.contains("no such address"), "{told}");
}
