//! Dates and hours written out, in the zone of the place and the language of the reader.

use chrono::{DateTime, Datelike, Timelike};
use chrono_tz::Tz;
use tremen_rules::Time;
use tremen_rules::network::Language;

use super::fill::NBSP;

/// The instant on the wall of a zone. Instants beyond the year 9000 are shown at its end, which no screen will live to see.
fn on_wall(t: Time, zone: Tz) -> DateTime<Tz> {
    const YEAR_9000_MS: i64 = 221_845_392_000_000;
    Time::from_millis(t.millis().clamp(-YEAR_9000_MS / 100, YEAR_9000_MS)).utc().with_timezone(&zone)
}

const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MONTHS_BR: [&str; 12] =
    ["Genver", "C’hwevrer", "Meurzh", "Ebrel", "Mae", "Mezheven", "Gouere", "Eost", "Gwengolo", "Here", "Du", "Kerzu"];
const DAYS_FR: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
const DAYS_EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const DAYS_BR: [&str; 7] = ["dilun", "dimeurzh", "dimerc’her", "diriaou", "digwener", "disadorn", "disul"];

/// A day of the week, counted from 0 for Monday.
#[must_use]
pub fn weekday(day: usize, language: Language) -> &'static str {
    let names = match language {
        Language::Fr => DAYS_FR,
        Language::En => DAYS_EN,
        Language::Br => DAYS_BR,
    };
    names.get(day % 7).copied().unwrap_or_default()
}

fn day_and_month(day: u32, month0: u32, language: Language) -> String {
    let names = match language {
        Language::Fr => MONTHS_FR,
        Language::En => MONTHS_EN,
        Language::Br => MONTHS_BR,
    };
    let month = usize::try_from(month0).ok().and_then(|month| names.get(month)).copied().unwrap_or_default();
    match language {
        Language::Fr if day == 1 => format!("1er{NBSP}{month}"),
        Language::Fr | Language::En => format!("{day}{NBSP}{month}"),
        Language::Br if day == 1 => format!("1añ a viz {month}"),
        Language::Br => format!("{day} a viz {month}"),
    }
}

/// A date: `3 novembre 2026`, `3 November 2026`, `3 a viz Du 2026`.
#[must_use]
pub fn date(t: Time, zone: Tz, language: Language) -> String {
    let wall = on_wall(t, zone);
    format!("{} {}", day_and_month(wall.day(), wall.month0(), language), wall.year())
}

/// A calendar date: `3 novembre 2026`.
#[must_use]
pub fn calendar_date(day: chrono::NaiveDate, language: Language) -> String {
    format!("{} {}", day_and_month(day.day(), day.month0(), language), day.year())
}

/// A near day: `jeudi 26 novembre`, `Thursday 26 November`, `diriaou 26 a viz Du`.
#[must_use]
pub fn near_day(t: Time, zone: Tz, language: Language) -> String {
    let wall = on_wall(t, zone);
    let day = usize::try_from(wall.weekday().num_days_from_monday()).unwrap_or_default();
    format!("{} {}", weekday(day, language), day_and_month(wall.day(), wall.month0(), language))
}

/// An hour: `14 h 32` and `14 h`, `14:32`, `14e32`.
#[must_use]
pub fn hour(t: Time, zone: Tz, language: Language) -> String {
    let wall = on_wall(t, zone);
    hour_of(wall.hour(), wall.minute(), language)
}

/// An hour of a timetable, given in minutes after midnight; past midnight it begins anew.
#[must_use]
pub fn hour_of_day(minutes: u16, language: Language) -> String {
    let minutes = if minutes == 24 * 60 { minutes } else { minutes % (24 * 60) };
    hour_of(u32::from(minutes / 60), u32::from(minutes % 60), language)
}

fn hour_of(hour: u32, minute: u32, language: Language) -> String {
    match language {
        Language::Fr if minute == 0 => format!("{hour}{NBSP}h"),
        Language::Fr => format!("{hour}{NBSP}h{NBSP}{minute:02}"),
        Language::En => format!("{hour}:{minute:02}"),
        Language::Br if minute == 0 => format!("{hour}e"),
        Language::Br => format!("{hour}e{minute:02}"),
    }
}

/// The hour alone on the reader's own day, the day and the hour on another.
#[must_use]
pub fn hour_or_day(t: Time, now: Time, zone: Tz, language: Language) -> String {
    if on_wall(t, zone).date_naive() == on_wall(now, zone).date_naive() {
        return hour(t, zone, language);
    }
    let day = if t.since(now).unsigned_abs() > 300 * 86_400_000 { date } else { near_day };
    format!("{}, {}", day(t, zone, language), hour(t, zone, language))
}

/// The day of the week on the wall, from 0 for Monday.
#[must_use]
pub fn today(now: Time, zone: Tz) -> usize {
    usize::try_from(on_wall(now, zone).weekday().num_days_from_monday()).unwrap_or_default()
}

/// The date on the wall.
#[must_use]
pub fn calendar_day(now: Time, zone: Tz) -> chrono::NaiveDate {
    on_wall(now, zone).date_naive()
}

/// `03/11`, for the display.
pub(super) fn day_month(t: Time, zone: Tz) -> String {
    on_wall(t, zone).format("%d/%m").to_string()
}

/// `14:32`, for the display.
pub(super) fn hour_minute(t: Time, zone: Tz) -> String {
    on_wall(t, zone).format("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::{date, hour, hour_of_day, near_day};
    use chrono_tz::Europe::Paris;
    use tremen_rules::Time;
    use tremen_rules::network::Language::{Br, En, Fr};

    #[test]
    fn dates_and_hours_are_written_out_in_each_language() {
        let t = Time::from_millis(1_793_712_720_000); // 2026-11-03T13:32Z
        assert_eq!(date(t, Paris, Fr), "3\u{a0}novembre 2026");
        assert_eq!(date(t, Paris, En), "3\u{a0}November 2026");
        assert_eq!(date(t, Paris, Br), "3 a viz Du 2026");
        assert_eq!(hour(t, Paris, Fr), "14\u{a0}h\u{a0}32");
        assert_eq!(hour(t, Paris, En), "14:32");
        assert_eq!(hour(t, Paris, Br), "14e32");
        assert_eq!(near_day(t, Paris, Br), "dimeurzh 3 a viz Du");
        assert_eq!(hour_of_day(26 * 60, Fr), "2\u{a0}h");
        assert_eq!(hour_of_day(24 * 60, En), "24:00");
    }

    #[test]
    fn an_instant_beyond_the_calendar_is_still_a_date() {
        for t in [Time::MAX, Time::from_millis(i64::MIN)] {
            assert!(!date(t, Paris, Fr).is_empty());
        }
    }
}
