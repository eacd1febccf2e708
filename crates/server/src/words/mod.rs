//! stub until the words land
#![expect(missing_docs, reason = "stub")]
use tremen_rules::network::Language;
use tremen_rules::{Network, Objection, Time};
#[derive(Debug)]
pub struct Asked<'a> { pub network: &'a Network, pub machine: &'a str, pub now: Time }
#[derive(Debug, Clone, Copy)]
pub enum Done { SessionEnded, NothingToEnd, SupervisorReady, TrainerReady, Inducted }
pub fn language_of(network: &Network) -> Language { network.settings.languages.first().copied().unwrap_or(Language::Fr) }
pub fn stop_lcd(reason: &str, _: Language) -> [String; 2] { [reason.chars().take(20).collect(), String::new()] }
pub fn denial_lcd(objection: &Objection, _: &Asked<'_>, _: Language) -> [String; 2] { [objection.reason.code().chars().take(20).collect(), String::new()] }
pub fn grant_lcd(_: Language) -> [String; 2] { ["Bonjour".into(), "".into()] }
pub fn done_lcd(done: Done, _: Language) -> [String; 2] { [format!("{done:?}"), String::new()] }
pub fn unreachable_lcd(_: Language) -> [String; 2] { ["Registre injoignable".into(), "Reessayez dans 1 min".into()] }
