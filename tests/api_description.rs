//! The API's description against its routes and its sources: whoever reads one finds the others.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::client::{Client, served};

/// Every `METHOD /path` of the description.
fn described(document: &Json) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap().iter();
    let all = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    all.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_described_is_routed_and_nothing_else_is_answered() {
    let world = served().await;
    let stranger = Client::stranger(&world);
    let document = stranger.get("/openapi.json").await.done();
    for (path, item) in document["paths"].as_object().unwrap() {
        let address = path.replace("{id}", "x");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let status = stranger.ask(method, &address, None).await.status;
            let is_described = item.get(method.to_lowercase()).is_some();
            assert_eq!(status, if is_described { 401 } else { 405 }, "{method} {path}");
        }
    }
    stranger.get("/openapi").await.problem(404, "not-found");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_thing_that_can_be_asked_has_a_file_that_says_so_in_its_first_line() {
    let world = served().await;
    let document = Client::stranger(&world).get("/openapi.json").await.done();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/server/src/web/api");
    let mut files = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { folders.push(entry) } else { files.push(entry) }
        }
    }
    let mut said = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let Some(first) = text.lines().next().and_then(|line| line.strip_prefix("//! `")) else { continue };
        let Some(asked) = first.split('`').next().filter(|it| it.starts_with("GET ") || it.starts_with("POST ")) else {
            continue;
        };
        // POST /api/v1/machines/{id}/lock is in machines/lock.rs
        let words: Vec<&str> = asked.split('/').skip(3).filter(|word| *word != "{id}").collect();
        let path = file.to_string_lossy().replace('\\', "/");
        assert!(words.first().is_some_and(|word| path.contains(&format!("/{word}"))), "{asked} in {path}");
        assert!(said.insert(asked.to_owned()), "{asked} is said twice");
    }
    assert_eq!(said, described(&document));
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_whole_and_is_sent_once_to_who_knows_it() {
    let world = served().await;
    let stranger = Client::stranger(&world);
    let answer = stranger.get("/openapi.json").await;
    let etag = answer.header("etag").unwrap().to_owned();
    let known = stranger.saying("If-None-Match", &etag).get("/openapi.json").await;
    assert_eq!((known.status, known.body.as_str()), (304, ""));
    let document = answer.done();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(schemas.contains_key(name), "{name} is named and not described");
    }
    let mut ids = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values()) {
        assert!(ids.insert(item["operationId"].as_str().unwrap()), "{}", item["operationId"]);
        assert!(item["responses"]["default"].is_object());
        if let Some(body) = item.get("requestBody") {
            assert!(
                body["content"]["application/json"]["example"].is_object(),
                "{} has an example",
                item["operationId"]
            );
            let is_write = item["operationId"] != "post_explain";
            let schema = body["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
            let schema = &schemas[schema.rsplit('/').next().unwrap()];
            assert_eq!(schema["properties"]["reason"].is_object(), is_write, "each change takes a reason");
        }
    }
    world.running.stop().await;
}
