//! The configuration: one TOML file, every key optional, every key also as an environment variable. Start at
//! [`Config::load`] and at `KEYS`, which is the list of all there is.
//!
//! What is not known is refused with the nearest name that is; a secret is never in the file, only the name of its file.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use tremen_files::nearest::did_you_mean;

use crate::flows::apply_retention::Schedule;
use crate::limits::Limits;

/// The prefix of the environment variables: `web.address` is `TREMEN_WEB__ADDRESS`.
const PREFIX: &str = "TREMEN_";

/// All that can be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The SQLite file.
    pub database: PathBuf,
    /// Which broker.
    pub broker: Broker,
    /// Where the embedded broker listens.
    pub broker_address: SocketAddr,
    /// The embedded broker's certificate; none for no TLS.
    pub broker_tls: Option<Tls>,
    /// Where the embedded broker listens with TLS besides, if it has a certificate.
    pub broker_tls_address: SocketAddr,
    /// Where pages are served.
    pub web_address: SocketAddr,
    /// The public address of the pages; none: the network file's, or none.
    pub public_url: Option<String>,
    /// Proxies whose word is believed about where a request comes from.
    pub trusted_proxies: Vec<IpAddr>,
    /// The pages' certificate; none for no TLS, as behind a proxy.
    pub web_tls: Option<Tls>,
    /// Where the metrics are served, alone; none: beside the pages.
    pub metrics_address: Option<SocketAddr>,
    /// The folder of the secret keys.
    pub keys: PathBuf,
    /// The file that holds the passphrase of backups; none: it is asked for.
    pub backup_passphrase: Option<PathBuf>,
    /// How much anybody may take at the doors.
    pub limits: Limits,
    /// How long things are kept.
    pub retention: Schedule,
    /// The form of the logs.
    pub log_format: LogFormat,
    /// What is logged: a level, or `tracing` directives.
    pub log_level: String,
    /// How many seconds the clock is ahead of the system's; zero in earnest.
    pub ahead_seconds: i64,
}

/// Which broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broker {
    /// The one inside the program.
    Embedded,
    /// Another one.
    External {
        /// `mqtt://host:port` or `mqtts://host:port`.
        url: String,
        /// The registry's user name there.
        username: Option<String>,
        /// The file that holds its password.
        password_file: Option<PathBuf>,
    },
}

/// A certificate and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain.
    pub cert_file: PathBuf,
    /// The private key.
    pub key_file: PathBuf,
}

/// The form of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            database: PathBuf::from("data/tremen.db"),
            broker: Broker::Embedded,
            broker_address: local(1883),
            broker_tls: None,
            broker_tls_address: local(8883),
            web_address: local(8080),
            public_url: None,
            trusted_proxies: vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
            web_tls: None,
            metrics_address: None,
            keys: PathBuf::from("data/keys"),
            backup_passphrase: None,
            limits: Limits::default(),
            retention: Schedule::default(),
            log_format: LogFormat::Auto,
            log_level: "info,mqtt5=error".to_owned(),
            ahead_seconds: 0,
        }
    }
}

/// Something that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    /// The file and line, or the environment variable.
    pub place: String,
    /// What is wrong, and what is allowed.
    pub problem: String,
}

/// Every key, dotted.
const KEYS: [&str; 48] = [
    "database.url",
    "broker.url",
    "broker.username",
    "broker.password_file",
    "broker.embedded.address",
    "broker.embedded.tls.address",
    "broker.embedded.tls.cert_file",
    "broker.embedded.tls.key_file",
    "web.address",
    "web.public_url",
    "web.trusted_proxies",
    "web.tls.cert_file",
    "web.tls.key_file",
    "metrics.address",
    "limits.mqtt.connections",
    "limits.mqtt.connections_per_address",
    "limits.mqtt.newcomers",
    "limits.mqtt.newcomers_per_address",
    "limits.mqtt.login_seconds",
    "limits.mqtt.packet_bytes",
    "limits.controller.asks",
    "limits.controller.asks_per_minute",
    "limits.controller.reports",
    "limits.controller.reports_per_minute",
    "limits.controller.hellos",
    "limits.controller.hellos_per_minute",
    "limits.controller.presence",
    "limits.controller.presence_per_minute",
    "limits.web.connections",
    "limits.web.connections_per_address",
    "limits.web.newcomers",
    "limits.web.newcomers_per_address",
    "limits.web.header_seconds",
    "limits.web.header_bytes",
    "limits.web.body_seconds",
    "limits.web.requests",
    "limits.web.requests_per_minute",
    "limits.web.streams",
    "limits.web.streams_per_address",
    "keys.folder",
    "backup.passphrase_file",
    "retention.access_months",
    "retention.administration_months",
    "retention.inactive_months",
    "retention.incident_months",
    "log.format",
    "log.level",
    "clock.ahead_seconds",
];

/// What was said, with the place where.
struct Said {
    key: &'static str,
    value: String,
    place: String,
}

impl Config {
    /// Where this program itself serves the pages, for people: by https where they have a certificate.
    #[must_use]
    pub fn served_at(&self, address: SocketAddr) -> String {
        let scheme = if self.web_tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// Reads the file, if one is named, and then the environment, whose word counts more.
    ///
    /// # Errors
    /// Every fault, each with its file and line, or its variable.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Vec<ConfigError>> {
        let Some(path) = file else { return Self::read("", "", environment) };
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::read(&name, &text, environment),
            Err(error) => Err(vec![ConfigError { place: name, problem: error.to_string() }]),
        }
    }

    /// As [`Config::load`] for a file whose text is known.
    ///
    /// # Errors
    /// Every fault, each with its file and line, or its variable.
    pub fn read(
        name: &str,
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let mut said = Vec::new();
        from_file(name, text, &mut said, &mut errors);
        from_environment(environment, &mut said, &mut errors);
        let config = Self::of(said, &mut errors);
        if errors.is_empty() { Ok(config) } else { Err(errors) }
    }

    fn of(said: Vec<Said>, errors: &mut Vec<ConfigError>) -> Self {
        let mut config = Self::default();
        let mut last: std::collections::BTreeMap<&str, Said> = std::collections::BTreeMap::new();
        for it in said {
            last.insert(it.key, it);
        }
        let mut take = |key: &str| last.remove(key);
        let mut check = |place: &str, read: Result<(), String>| {
            if let Err(problem) = read {
                errors.push(ConfigError { place: place.to_owned(), problem });
            }
        };
        if let Some(it) = take("database.url") {
            check(&it.place, database(&it.value).map(|path| config.database = path));
        }
        if let Some(it) = take("broker.embedded.address") {
            check(&it.place, address(&it.value).map(|at| config.broker_address = at));
        }
        if let Some(it) = take("broker.embedded.tls.address") {
            check(&it.place, address(&it.value).map(|at| config.broker_tls_address = at));
        }
        if let Some(it) = take("web.address") {
            check(&it.place, address(&it.value).map(|at| config.web_address = at));
        }
        if let Some(it) = take("web.public_url") {
            check(&it.place, public_url(&it.value).map(|url| config.public_url = Some(url)));
        }
        if let Some(it) = take("web.trusted_proxies") {
            check(&it.place, addresses(&it.value).map(|proxies| config.trusted_proxies = proxies));
        }
        if let Some(it) = take("metrics.address") {
            check(&it.place, address(&it.value).map(|at| config.metrics_address = Some(at)));
        }
        if let Some(it) = take("keys.folder") {
            config.keys = PathBuf::from(it.value);
        }
        config.backup_passphrase = take("backup.passphrase_file").map(|it| PathBuf::from(it.value));
        for (key, kept) in [
            ("retention.access_months", &mut config.retention.access_months),
            ("retention.administration_months", &mut config.retention.administration_months),
            ("retention.inactive_months", &mut config.retention.inactive_months),
            ("retention.incident_months", &mut config.retention.incident_months),
        ] {
            if let Some(it) = take(key) {
                check(&it.place, months(&it.value).map(|months| *kept = months));
            }
        }
        for (key, kept, allowed) in numbers(&mut config.limits) {
            if let Some(it) = take(key) {
                check(&it.place, number(&it.value, allowed).map(|number| *kept = number));
            }
        }
        if let Some(it) = take("log.format") {
            check(&it.place, log_format(&it.value).map(|form| config.log_format = form));
        }
        if let Some(it) = take("log.level") {
            config.log_level = it.value;
        }
        if let Some(it) = take("clock.ahead_seconds") {
            let whole = it.value.parse().map_err(|_| format!("`{}` is not a whole number of seconds", it.value));
            check(&it.place, whole.map(|seconds| config.ahead_seconds = seconds));
        }
        let mut tls =
            |section: &str| match (take(&format!("{section}.cert_file")), take(&format!("{section}.key_file"))) {
                (Some(cert), Some(key)) => Ok(Some(Tls { cert_file: cert.value.into(), key_file: key.value.into() })),
                (None, None) => Ok(None),
                (Some(one), None) => Err((one.place, format!("`{section}` needs `key_file` besides `cert_file`"))),
                (None, Some(one)) => Err((one.place, format!("`{section}` needs `cert_file` besides `key_file`"))),
            };
        let tls = [tls("broker.embedded.tls"), tls("web.tls")];
        for (section, found) in tls.into_iter().enumerate() {
            match found {
                Ok(found) if section == 0 => config.broker_tls = found,
                Ok(found) => config.web_tls = found,
                Err((place, problem)) => check(&place, Err(problem)),
            }
        }
        let (url, username, password_file) =
            (last.remove("broker.url"), last.remove("broker.username"), last.remove("broker.password_file"));
        let place = url.as_ref().map_or_else(String::new, |it| it.place.clone());
        match url.map(|it| it.value).as_deref() {
            None | Some("embedded") => {
                for useless in [username, password_file].into_iter().flatten() {
                    check(
                        &useless.place,
                        Err(format!("`{}` is for an external broker: set `broker.url` as well", useless.key)),
                    );
                }
            }
            Some(url) if url.starts_with("mqtt://") || url.starts_with("mqtts://") => {
                config.broker = Broker::External {
                    url: url.to_owned(),
                    username: username.map(|it| it.value),
                    password_file: password_file.map(|it| it.value.into()),
                };
            }
            Some(other) => {
                check(
                    &place,
                    Err(format!(
                        "`{other}` is not a broker: \"embedded\", \"mqtt://host:port\" or \"mqtts://host:port\""
                    )),
                );
            }
        }
        config
    }
}

fn from_file(name: &str, text: &str, said: &mut Vec<Said>, errors: &mut Vec<ConfigError>) {
    let line = |at: usize| text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
    match DeTable::parse(text) {
        Ok(table) => walk("", &table, &mut |key, at, value| {
            let place = format!("{name}:{}", line(at));
            match (known(&key), value) {
                (Err(problem), _) | (_, Err(problem)) => errors.push(ConfigError { place, problem }),
                (Ok(key), Ok(value)) => said.push(Said { key, value, place }),
            }
        }),
        Err(error) => {
            let at = error.span().map_or(text.len(), |span| span.start);
            errors.push(ConfigError {
                place: format!("{name}:{}", line(at)),
                problem: format!("this is not TOML: {}", error.message()),
            });
        }
    }
}

/// Tells every value of a document with its dotted key and its place.
fn walk(above: &str, table: &Spanned<DeTable<'_>>, tell: &mut impl FnMut(String, usize, Result<String, String>)) {
    for (key, value) in table.get_ref() {
        let dotted = if above.is_empty() { key.get_ref().to_string() } else { format!("{above}.{}", key.get_ref()) };
        let at = key.span().start;
        let is_section = KEYS.iter().any(|known| known.starts_with(&format!("{dotted}.")));
        match value.get_ref() {
            DeValue::Table(inner) if is_section => walk(&dotted, &Spanned::new(value.span(), inner.clone()), tell),
            DeValue::String(text) => tell(dotted, at, Ok(text.to_string())),
            DeValue::Integer(number) => tell(dotted, at, Ok(number.to_string())),
            DeValue::Table(_) => tell(
                dotted.clone(),
                at,
                known(&dotted)
                    .map(|_| String::new())
                    .and_then(|_| Err(format!("`{dotted}` is a text in quotes, or a whole number"))),
            ),
            DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) => {
                let problem = format!("`{dotted}` is a text in quotes, or a whole number");
                tell(dotted, at, Err(problem));
            }
        }
    }
}

fn from_environment(
    environment: impl IntoIterator<Item = (String, String)>,
    said: &mut Vec<Said>,
    errors: &mut Vec<ConfigError>,
) {
    for (name, value) in environment {
        let Some(rest) = name.strip_prefix(PREFIX).filter(|rest| rest.contains("__")) else { continue };
        match known(&rest.to_lowercase().replace("__", ".")) {
            Ok(key) => said.push(Said { key, value, place: name }),
            Err(problem) => errors.push(ConfigError { place: name, problem }),
        }
    }
}

fn known(dotted: &str) -> Result<&'static str, String> {
    KEYS.into_iter().find(|key| *key == dotted).ok_or_else(|| {
        let hint = did_you_mean(dotted, KEYS);
        let hint = if hint.is_empty() { format!("; known are {}", KEYS.join(", ")) } else { hint };
        format!("`{dotted}` is not a key of the configuration{hint}")
    })
}

fn database(url: &str) -> Result<PathBuf, String> {
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() => Ok(PathBuf::from(path)),
        Some(_) | None if url.starts_with("postgres") => {
            Err("this Tremen keeps its data in SQLite only: \"sqlite:data/tremen.db\"".to_owned())
        }
        Some(_) | None => Err(format!("`{url}` is not a database: \"sqlite:\" and the path of a file")),
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("`{text}` is not an address to listen on: a number and a port, as \"127.0.0.1:8080\" or \"[::]:8080\"")
    })
}

fn public_url(text: &str) -> Result<String, String> {
    let is_url =
        ["https://", "http://"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if is_url {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(format!("`{text}` is not a public address: \"https://host\""))
    }
}

fn addresses(text: &str) -> Result<Vec<IpAddr>, String> {
    let named = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    named
        .map(|name| {
            let address: Result<IpAddr, _> = name.parse();
            address.map(|address| address.to_canonical()).map_err(|_| {
                format!(
                    "`{name}` is not an address: numbers, with commas between, as \"127.0.0.1, ::1\"; \"\" for none"
                )
            })
        })
        .collect()
}

fn months(text: &str) -> Result<u32, String> {
    let whole = text.parse().ok().filter(|months| (1..=1200).contains(months));
    whole.ok_or_else(|| format!("`{text}` is not a number of calendar months: 1 to 1200"))
}

/// Each limit with its key, where it is kept, and what it may be.
fn numbers(limits: &mut Limits) -> [(&'static str, &mut u32, RangeInclusive<u32>); 25] {
    let (mqtt, controller, web) = (&mut limits.mqtt, &mut limits.controller, &mut limits.web);
    let many = 1..=1_000_000;
    [
        ("limits.mqtt.connections", &mut mqtt.connections, many.clone()),
        ("limits.mqtt.connections_per_address", &mut mqtt.connections_per_address, many.clone()),
        ("limits.mqtt.newcomers", &mut mqtt.newcomers, many.clone()),
        ("limits.mqtt.newcomers_per_address", &mut mqtt.newcomers_per_address, many.clone()),
        ("limits.mqtt.login_seconds", &mut mqtt.login_seconds, 1..=10),
        ("limits.mqtt.packet_bytes", &mut mqtt.packet_bytes, 2_048..=307_200),
        ("limits.controller.asks", &mut controller.asks.burst, many.clone()),
        ("limits.controller.asks_per_minute", &mut controller.asks.per_minute, many.clone()),
        ("limits.controller.reports", &mut controller.reports.burst, many.clone()),
        ("limits.controller.reports_per_minute", &mut controller.reports.per_minute, many.clone()),
        ("limits.controller.hellos", &mut controller.hellos.burst, many.clone()),
        ("limits.controller.hellos_per_minute", &mut controller.hellos.per_minute, many.clone()),
        ("limits.controller.presence", &mut controller.presence.burst, many.clone()),
        ("limits.controller.presence_per_minute", &mut controller.presence.per_minute, many.clone()),
        ("limits.web.connections", &mut web.connections, many.clone()),
        ("limits.web.connections_per_address", &mut web.connections_per_address, many.clone()),
        ("limits.web.newcomers", &mut web.newcomers, many.clone()),
        ("limits.web.newcomers_per_address", &mut web.newcomers_per_address, many.clone()),
        ("limits.web.header_seconds", &mut web.header_seconds, 1..=600),
        ("limits.web.header_bytes", &mut web.header_bytes, 8_192..=1_048_576),
        ("limits.web.body_seconds", &mut web.body_seconds, 1..=600),
        ("limits.web.requests", &mut web.requests.burst, many.clone()),
        ("limits.web.requests_per_minute", &mut web.requests.per_minute, many.clone()),
        ("limits.web.streams", &mut web.streams, many.clone()),
        ("limits.web.streams_per_address", &mut web.streams_per_address, many),
    ]
}

fn number(text: &str, allowed: RangeInclusive<u32>) -> Result<u32, String> {
    let (least, most) = (*allowed.start(), *allowed.end());
    let whole = text.parse().ok().filter(|number| allowed.contains(number));
    whole.ok_or_else(|| format!("`{text}` is not a whole number from {least} to {most}"))
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        other => Err(format!("`{other}` is not a form of logs: \"auto\", \"human\" or \"json\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Broker, Config, KEYS, LogFormat};

    const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/tremen.example.toml");

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tremen.toml");
        std::fs::write(&path, text).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let loaded = Config::load(Some(&path), environment);
        let short = |error: &super::ConfigError| error.to_string().replace(&path.display().to_string(), "tremen.toml");
        loaded.map_err(|errors| errors.iter().map(short).collect())
    }

    #[test]
    fn the_example_file_says_the_defaults_and_names_every_key() {
        assert_eq!(Config::load(Some(EXAMPLE.as_ref()), []), Ok(Config::default()));
        let text = std::fs::read_to_string(EXAMPLE).unwrap();
        let mut section = String::new();
        let mut named = Vec::new();
        for line in text.lines().map(|line| line.trim_start_matches("# ")) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                section = name.to_owned();
            } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains(' ')) {
                named.push(format!("{section}.{key}"));
            }
        }
        assert_eq!(named, KEYS);
    }

    #[test]
    fn the_environment_counts_more_than_the_file() {
        let config =
            load("[web]\naddress = \"0.0.0.0:80\"\n", &[("TREMEN_WEB__ADDRESS", "[::]:443"), ("PATH", "/bin")]);
        assert_eq!(config.unwrap().web_address.to_string(), "[::]:443");
        let config = load(
            "[broker]\nurl = \"mqtt://broker:1883\"\n[log]\nformat = \"json\"\n",
            &[("TREMEN_BROKER__USERNAME", "tremen")],
        );
        let config = config.unwrap();
        let username = Some("tremen".to_owned());
        assert_eq!(
            config.broker,
            Broker::External { url: "mqtt://broker:1883".to_owned(), username, password_file: None }
        );
        assert_eq!(config.log_format, LogFormat::Json);
    }

    #[test]
    fn every_fault_is_told_with_its_line_and_the_nearest_name() {
        let text = "[web]\nadress = \"127.0.0.1:1\"\n\n[broker]\nurl = \"amqp://x\"\n[mail]\nhost = 1\n[web.tls]\ncert_file = \"a\"\n";
        let errors = load(text, &[("TREMEN_KEYS__FOLDR", "x"), ("TREMEN_DATABASE__URL", "postgres://x")]).unwrap_err();
        let expected = [
            "tremen.toml:2: `web.adress` is not a key of the configuration; did you mean `web.address`?",
            "tremen.toml:6: `mail` is not a key of the configuration",
            "TREMEN_KEYS__FOLDR: `keys.foldr` is not a key of the configuration; did you mean `keys.folder`?",
            "TREMEN_DATABASE__URL: this Tremen keeps its data in SQLite only",
            "tremen.toml:9: `web.tls` needs `key_file`",
            "tremen.toml:5: `amqp://x` is not a broker",
        ];
        assert_eq!(errors.len(), expected.len(), "{errors:#?}");
        for expected in expected {
            assert!(errors.iter().any(|error| error.starts_with(expected)), "{expected}\n{errors:#?}");
        }
        assert!(load("[web\n", &[]).unwrap_err()[0].starts_with("tremen.toml:1: this is not TOML"));
    }
}
