//! How the machines were used, by day and without names, as CSV for a fablab's yearly report. Start at [`run`]. Writes
//! nothing.
//!
//! What retention has let go is counted already; what is kept still is counted here, in the same way.

use std::collections::BTreeMap;

use tremen_rules::Time;
use tremen_rules::months::local_date;

use super::export_records::{header, row};
use super::forget_tap::day;
use super::{FlowError, network};
use crate::store::Tx;

/// So many rows are read at once.
const PAGE: u32 = 1000;

/// Counts since the day of an instant: day, machine, what, reason, count, hours in use.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &mut Tx<'_>, since: Option<Time>) -> Result<String, FlowError> {
    let network = network(tx)?;
    let from = since.map_or_else(String::new, |since| local_date(since, network.settings.time_zone).to_string());
    let since = since.unwrap_or(Time::from_millis(i64::MIN));
    let mut counts: BTreeMap<[String; 4], (u64, u64)> = BTreeMap::new();
    let mut add = |key: [String; 4], count: u64, used_s: u64| {
        let sum = counts.entry(key).or_default();
        *sum = (sum.0 + count, sum.1 + used_s);
    };
    for it in tx.daily_counts(&from)? {
        add([it.day, it.machine, it.what, it.reason], it.count, it.used_s);
    }
    let mut last = 0;
    loop {
        let page = tx.decisions_after(last, since, PAGE)?;
        let Some(end) = page.last() else { break };
        last = end.decision;
        for it in page {
            let day = day(&network, &it.machine, it.at);
            add([day, it.machine, it.verdict, it.reason.unwrap_or_default()], 1, 0);
        }
    }
    for it in tx.sessions_since(since)?.into_iter().filter(|it| it.ended_at.is_some()) {
        let day = day(&network, it.machine.as_str(), it.opened_at);
        add([day, it.machine.to_string(), "session".to_owned(), it.end_why.unwrap_or_default()], 1, it.used_s);
    }
    let mut text = header(&["day", "machine", "what", "reason", "count", "used_s"]);
    for ([day, machine, what, reason], (count, used_s)) in counts {
        row(&mut text, &[&day, &machine, &what, &reason, &count.to_string(), &used_s.to_string()]);
    }
    Ok(text)
}
