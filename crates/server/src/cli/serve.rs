//! `tremen serve`: the registry, until it is told to stop.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context;

use super::login_link;
use crate::clock::SystemClock;
use crate::config::{self, Config};
use crate::daily::Daily;
use crate::flows;
use crate::flows::make_login_link::{self, Whom};
use crate::keys::Keys;
use crate::machines::client::Address;
use crate::machines::{EmbeddedSettings, Secret, Tls};
use crate::serve::{Broker, Doors, Opened};
use crate::store::{Store, system_random};
use crate::web::certificate::CertificateFiles;

/// Runs the registry until Ctrl-C or a SIGTERM.
///
/// # Errors
/// When a part cannot start; the sentence says which, and what to do.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let doors = Doors {
        metrics: config.metrics_address,
        limits: config.limits,
        public_url: config.public_url.clone(),
        proxies: config.trusted_proxies.clone(),
        certificate: config
            .web_tls
            .as_ref()
            .map(|tls| CertificateFiles { cert_file: tls.cert_file.clone(), key_file: tls.key_file.clone() }),
    };
    // Before anything is touched, the database's form above all, which another registry may be serving.
    let opened = Opened::at(broker(config)?, Some(config.web_address), &doors).await?;
    let keys = Arc::new(Keys::open(&config.keys)?);
    let clock = Arc::new(SystemClock::ahead(config.ahead_seconds.saturating_mul(1000)));
    let store = Store::open(&config.database, keys, clock, system_random())?;
    store.make_durable()?;
    let _serving = store.serving().context("the file beside the database that says that it is served")?;
    let daily = Daily::start(&store, config.retention);
    let clearing = tokio::spawn(clear_imports(store.clone()));
    let first = store.write(make_login_link::offer_first).await;
    let running = opened.serve(store, &doors).await;
    let stop_asked = stop_asked();
    let broker = &running.broker;
    let scheme = if config.web_tls.is_some() { "https" } else { "http" };
    let web = running.web_address.map_or_else(String::new, |address| format!("{scheme}://{address}/"));
    tracing::info!(broker.host, broker.port, web, "the registry serves");
    match first {
        Ok(Some(made)) => {
            let base = config.public_url.as_deref().unwrap_or_else(|| web.trim_end_matches('/'));
            say(&first_link(&login_link::address(base, &made.secret), &made.whom));
        }
        Ok(None) => {}
        Err(error) => tracing::error!(%error, "the first administrator's link could not be made: `tremen login-link`"),
    }
    say(&format!("tremen serves: pages on {web}, broker at mqtt://{}:{}", broker.host, broker.port));
    stop_asked.await;
    tracing::info!("the registry stops");
    clearing.abort();
    daily.stop().await;
    running.stop().await;
    Ok(())
}

/// What the first start of a registry offers.
fn first_link(link: &str, whom: &Whom) -> String {
    let who = match whom {
        Whom::Person(_) => "the network's administrator signs in",
        Whom::FirstAdministrator => "the network has no administrator yet: whoever opens this becomes it",
    };
    format!("{who}, once and within a quarter of an hour: {link}")
}

/// Clears away what a large import staged that was killed; one that is still at work is waited for.
async fn clear_imports(store: Store) {
    loop {
        match flows::clear_imports::run(&store).await {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => tracing::warn!(%error, "what a large import left cannot be cleared away; tries again"),
        }
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    }
}

fn broker(config: &Config) -> anyhow::Result<Broker> {
    Ok(match &config.broker {
        config::Broker::Embedded => Broker::Embedded(EmbeddedSettings {
            address: config.broker_address,
            tls: config.broker_tls.as_ref().map(|tls| Tls {
                address: config.broker_tls_address,
                cert_file: tls.cert_file.clone(),
                key_file: tls.key_file.clone(),
            }),
            max_clients: usize::try_from(config.limits.mqtt.connections).unwrap_or(usize::MAX),
        }),
        config::Broker::External { url, username, password_file } => {
            let address = Address::parse(url).map_err(anyhow::Error::msg).context("broker.url")?;
            let password = password_file
                .as_ref()
                .map(|file| {
                    let text = std::fs::read_to_string(file);
                    text.with_context(|| format!("broker.password_file: {}", file.display()))
                })
                .transpose()?;
            let password = Secret(password.as_deref().unwrap_or("").trim_end().to_owned());
            Broker::External { address, credentials: username.clone().map(|user| (user, password)) }
        }
    })
}

/// Hears from now on, not only once it is waited for, that somebody asks the program to stop, by Ctrl-C or SIGTERM: whoever
/// was told that it serves may ask at once.
#[cfg(unix)]
pub fn stop_asked() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let asked = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        let (Ok(mut terminated), Ok(mut interrupted)) = asked else {
            return std::future::pending().await; // no way to be told: runs until it is killed
        };
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    }
}

/// Waits until somebody asks the program to stop by Ctrl-C.
#[cfg(not(unix))]
pub async fn stop_asked() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await; // no way to be told: runs until it is killed
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be reading; the registry serves all the same.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
