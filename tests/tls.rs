//! The embedded broker's listener with TLS, asked by a client that nobody here wrote.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;
use tremen_server::machines::{EmbeddedSettings, Tls};
use tremen_server::serve::Broker;

use crate::world::{Folder, PASSWORD, PATIENCE, World, ask_for_nothing};

/// Runs a program in a folder and returns whether it did well, and what it said.
async fn run(folder: &Path, program: &str, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.unwrap();
    let output = output.unwrap_or_else(|error| panic!("this story needs {program}: install its package ({error})"));
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn certificate(folder: &Path, name: &str) {
    let (key, cert) = (format!("{name}-key.pem"), format!("{name}.pem"));
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    let subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    let mut arguments = vec!["req", "-x509", "-keyout", &key, "-out", &cert];
    arguments.extend(curve.into_iter().chain(subject));
    assert!(run(folder, "openssl", &arguments).await.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_answered_over_tls_and_a_false_certificate_is_noticed() {
    let folder = Folder::new();
    certificate(&folder.0, "broker").await;
    certificate(&folder.0, "other").await;
    let tls = Tls {
        address: "127.0.0.1:0".parse().unwrap(),
        cert_file: folder.0.join("broker.pem"),
        key_file: folder.0.join("broker-key.pem"),
    };
    let settings = EmbeddedSettings { address: "127.0.0.1:0".parse().unwrap(), tls: Some(tls), max_clients: 100 };
    let world = World::on(Broker::Embedded(settings), ask_for_nothing).await;
    world.person("anna", &[4, 1, 2, 3], false).await;
    world.provision("capucins-3d", false).await;
    let port = world.running.broker_tls_address.unwrap().port().to_string();
    let ask = r#"{"nonce":"000102030405060708090a0b0c0d0e0f","machine":"imprimante-3d","reading":{"uid":"04010203"}}"#;
    let arguments = |authority| {
        let name = "capucins-3d";
        let login = ["-h", "localhost", "-p", &port, "--cafile", authority, "-i", name, "-u", name, "-P", PASSWORD];
        let topics = ["-t", "tremen/1/c/capucins-3d/up/ask", "-e", "tremen/1/c/capucins-3d/down/answer"];
        [&login[..], &topics[..], &["-m", ask, "-q", "1", "-W", "15"]].concat()
    };
    let (heard, answer) = run(&folder.0, "mosquitto_rr", &arguments("broker.pem")).await;
    assert!(heard, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["verdict"], "grant");
    assert!(!run(&folder.0, "mosquitto_rr", &arguments("other.pem")).await.0, "another's certificate is no authority");
    world.running.stop().await;
}
