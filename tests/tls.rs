//! The listeners with TLS, the embedded broker's and the pages', asked by clients that nobody here wrote.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;
use tremen_server::flows::make_login_link::{self, Whom};
use tremen_server::machines::{EmbeddedSettings, Tls};
use tremen_server::serve::{Broker, Doors, Parts, start_with};
use tremen_server::web::certificate::CertificateFiles;

use crate::world::{
    Folder, PASSWORD, PATIENCE, World, ask_for_nothing, declare, embedded, open_store, operator, thursday,
};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_come_over_tls_and_the_cookie_of_a_sign_in_is_secure_then() {
    let folder = Folder::new();
    certificate(&folder.0, "web").await;
    certificate(&folder.0, "other").await;
    let clock = thursday();
    let store = open_store(&folder, clock.clone());
    declare(&store, ask_for_nothing).await;
    let files = |name: &str| CertificateFiles {
        cert_file: folder.0.join("web.pem"),
        key_file: folder.0.join(format!("{name}.pem")),
    };
    let parts = || Parts { store: store.clone(), broker: embedded(), web: Some("127.0.0.1:0".parse().unwrap()) };
    let doors = |name: &str| Doors { certificate: Some(files(name)), ..Doors::default() };
    for (name, why) in [("other-key", "web.pem"), ("nobody", "nobody.pem"), ("web", "web.pem")] {
        let error = start_with(parts(), doors(name)).await.unwrap_err().to_string();
        assert!(error.starts_with("web.tls: ") && error.contains(why), "{name}: {error}");
    }
    let running = start_with(parts(), doors("web-key")).await.unwrap();
    let port = running.web_address.unwrap().port();
    let path = folder.0.clone();
    let world = World { folder, clock, store, running };
    let anna = world.person("anna", &[4, 1, 2, 3], false).await;
    let made = world.change(move |tx| make_login_link::run(tx, &operator(), Whom::Person(anna))).await;
    let ask = async |authority: &str, request: String| {
        let client = format!(
            "printf '{request}' | openssl s_client -connect localhost:{port} -servername localhost -CAfile {authority} \
             -verify_return_error -quiet -ign_eof"
        );
        run(&path, "sh", &["-c", &client]).await
    };
    let head = "HTTP/1.1\\r\\nhost: localhost\\r\\nconnection: close\\r\\n";
    let (_, page) = ask("web.pem", format!("GET /m/imprimante-3d {head}\\r\\n")).await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("imprimante-3d"), "{page}");
    let form =
        "sec-fetch-site: same-origin\\r\\ncontent-type: application/x-www-form-urlencoded\\r\\ncontent-length: 0\\r\\n";
    let (_, answer) = ask("web.pem", format!("POST /connexion/{} {head}{form}\\r\\n", made.secret)).await;
    assert!(answer.contains("set-cookie: __Host-tremen=") && answer.contains("; Secure"), "{answer}");
    let (_, nothing) = ask("other.pem", format!("GET / {head}\\r\\n")).await;
    assert_eq!(nothing, "", "another's certificate is no authority");
    world.running.stop().await;
}
