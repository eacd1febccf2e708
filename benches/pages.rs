//! What a page costs: server time and bytes, beside an empty answer of the same server.
//!
//! `cargo bench -p tremen-benches --bench pages [-- PEOPLE]`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement that fails says where")]

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tremen_benches::{Town, block_on};
use tremen_measure::{Arguments, Report, Samples};

const ROUNDS: usize = 300;
/// The first is the empty answer.
const PAGES: [&str; 5] = ["/healthz", "/", "/m/trotec-speedy", "/kiosque/trotec-speedy", "/readyz"];

fn main() {
    let Some(arguments) = Arguments::of_bench() else { return };
    let people = arguments.numbers_or(&[100_000])[0];
    block_on(async {
        let town = Town::prepare(people, 1).await;
        let running = town.start().await;
        let mut browser = Browser::open(running.web_address.unwrap()).await;
        let mut samples = PAGES.map(|_| Samples::default());
        let mut bytes = PAGES.map(|_| 0);
        for _ in 0..ROUNDS {
            for ((page, samples), bytes) in PAGES.iter().zip(&mut samples).zip(&mut bytes) {
                *bytes = samples.time_async(browser.get(page)).await;
            }
        }
        let mut report =
            Report::new("pages", "From the request to the last byte of the answer, over loopback, one at a time.");
        let rows = PAGES.iter().zip(&samples).zip(&bytes).map(|((page, one), bytes)| {
            let ratio = one.median().as_secs_f64() / samples[0].median().as_secs_f64();
            one.row(page).into_iter().chain([format!("{ratio:.1}"), bytes.to_string()]).collect()
        });
        report.table(&["page", "p50", "p95", "p99", "runs", "p50 / the empty answer's", "bytes"], rows.collect());
        report.say(&format!("{people} people. The empty answer is `/healthz`. Bytes with the head, not compressed."));
        let named: Vec<_> = PAGES.iter().copied().zip(&samples).collect();
        report.raw_samples(&named);
        report.finish(&arguments);
        running.stop().await;
    });
}

struct Browser(TcpStream);

impl Browser {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Gets a page and tells how many bytes it has, head and all.
    async fn get(&mut self, path: &str) -> usize {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept-language: fr\r\n\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&answer);
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
                let length = head
                    .lines()
                    .find_map(|it| it.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
                let whole = head.len() + 4 + length.unwrap().parse::<usize>().unwrap();
                if answer.len() >= whole {
                    return answer.len();
                }
            }
            assert!(self.0.read_buf(&mut answer).await.unwrap() > 0, "{path}: the server hung up");
        }
    }
}
