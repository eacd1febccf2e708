//! Opening hours: weekly shifts, closed days, and whether a venue is open at an instant.
//!
//! Start at [`Opening`]. The local wall clock decides: an hour that it shows twice counts twice, one that it skips not
//! at all. A shift past midnight belongs to the day it begins on; a closed day cancels the shifts that begin on it.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::time::Time;
use crate::zone::{DAY_MS, Wall, next_jump};

const MINUTE_MS: i64 = 60_000;
const MINUTES_A_DAY: u16 = 24 * 60;

/// One shift of a day, in minutes of the wall clock. As text: `09:00-18:00`; an end of `24:00` is midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shift {
    from: u16,
    until: u16,
}

/// A text that is no shift.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shift: `HH:MM-HH:MM`, from 00:00 to 23:59, the end up to 24:00")]
pub struct InvalidShift(pub String);

impl Shift {
    const WHOLE_DAY: Self = Self { from: 0, until: MINUTES_A_DAY };

    /// Reads a shift from its text, for example `09:00-18:00`.
    ///
    /// # Errors
    /// [`InvalidShift`] when it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidShift> {
        let read = || {
            let (from, until) = text.split_once('-')?;
            let (from, until) = (minute_of_day(from.trim())?, minute_of_day(until.trim())?);
            (from < MINUTES_A_DAY).then_some(Self { from, until })
        };
        read().ok_or_else(|| InvalidShift(text.to_owned()))
    }

    /// When it begins, in minutes after midnight of its day.
    #[must_use]
    pub const fn begins(self) -> u16 {
        self.from
    }

    /// When it ends, in minutes after midnight of its day; more than 1440 when it runs past midnight.
    #[must_use]
    pub const fn ends(self) -> u16 {
        if self.until > self.from { self.until } else { self.until + MINUTES_A_DAY }
    }
}

/// Minutes after midnight of `HH:MM`, up to `24:00`.
fn minute_of_day(text: &str) -> Option<u16> {
    let [h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u16::from(*byte - b'0'));
    let (hour, minute) = (digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?);
    let of_day = hour * 60 + minute;
    (minute < 60 && of_day <= MINUTES_A_DAY).then_some(of_day)
}

impl core::fmt::Display for Shift {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { from, until } = *self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

impl TryFrom<String> for Shift {
    type Error = InvalidShift;
    fn try_from(text: String) -> Result<Self, InvalidShift> {
        Self::parse(&text)
    }
}

impl From<Shift> for String {
    fn from(shift: Shift) -> Self {
        shift.to_string()
    }
}

/// The shifts of each day of the week; a day without any is closed. Shifts may overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WeeklyHours {
    /// Monday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mon: Vec<Shift>,
    /// Tuesday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tue: Vec<Shift>,
    /// Wednesday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wed: Vec<Shift>,
    /// Thursday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thu: Vec<Shift>,
    /// Friday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fri: Vec<Shift>,
    /// Saturday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sat: Vec<Shift>,
    /// Sunday.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sun: Vec<Shift>,
}

impl WeeklyHours {
    /// The days' names in the network file, with their shifts, from Monday on.
    #[must_use]
    pub fn days(&self) -> [(&'static str, &[Shift]); 7] {
        [
            ("mon", &self.mon),
            ("tue", &self.tue),
            ("wed", &self.wed),
            ("thu", &self.thu),
            ("fri", &self.fri),
            ("sat", &self.sat),
            ("sun", &self.sun),
        ]
    }

    /// The shifts of a day, counted in days since 1970-01-01, which was a Thursday.
    fn of_day(&self, day: i64) -> &[Shift] {
        match day.rem_euclid(7) {
            0 => &self.thu,
            1 => &self.fri,
            2 => &self.sat,
            3 => &self.sun,
            4 => &self.mon,
            5 => &self.tue,
            _ => &self.wed,
        }
    }

    fn is_empty(&self) -> bool {
        self.days().iter().all(|(_, shifts)| shifts.is_empty())
    }
}

/// One or more closed days. As text: `2026-12-24`, or `2026-12-24/2027-01-03` with both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClosedRange {
    first: NaiveDate,
    last: NaiveDate,
}

/// A text that is no closed day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a closed day: `YYYY-MM-DD`, or `YYYY-MM-DD/YYYY-MM-DD` with both days included, the first not later"
)]
pub struct InvalidClosedRange(pub String);

impl ClosedRange {
    /// Reads a closed day, or a range of them, from its text.
    ///
    /// # Errors
    /// [`InvalidClosedRange`] when it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidClosedRange> {
        let (first, last) = text.split_once('/').unwrap_or((text, text));
        match (date(first.trim()), date(last.trim())) {
            (Some(first), Some(last)) if first <= last => Ok(Self { first, last }),
            _ => Err(InvalidClosedRange(text.to_owned())),
        }
    }

    /// The first closed day.
    #[must_use]
    pub const fn first(self) -> NaiveDate {
        self.first
    }

    /// The last closed day, itself included.
    #[must_use]
    pub const fn last(self) -> NaiveDate {
        self.last
    }

    fn days(self) -> (i64, i64) {
        (i64::from(self.first.to_epoch_days()), i64::from(self.last.to_epoch_days()))
    }
}

/// The date `YYYY-MM-DD`, in exactly this form.
fn date(text: &str) -> Option<NaiveDate> {
    let form = |(i, b): (usize, u8)| if matches!(i, 4 | 7) { b == b'-' } else { b.is_ascii_digit() };
    let well_formed = text.len() == 10 && text.bytes().enumerate().all(form);
    well_formed.then(|| text.parse().ok()).flatten()
}

impl core::fmt::Display for ClosedRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}/{}", self.first, self.last) }
    }
}

impl TryFrom<String> for ClosedRange {
    type Error = InvalidClosedRange;
    fn try_from(text: String) -> Result<Self, InvalidClosedRange> {
        Self::parse(&text)
    }
}

impl From<ClosedRange> for String {
    fn from(range: ClosedRange) -> Self {
        range.to_string()
    }
}

/// The days on which a venue is closed, in the file's order; they may overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClosedDays(pub Vec<ClosedRange>);

impl ClosedDays {
    /// Whether a date is a closed day.
    #[must_use]
    pub fn covers(&self, date: NaiveDate) -> bool {
        self.last_of(i64::from(date.to_epoch_days())).is_some()
    }

    /// The last day of a range that covers a day.
    fn last_of(&self, day: i64) -> Option<i64> {
        self.0
            .iter()
            .map(|range| range.days())
            .find(|(first, last)| *first <= day && day <= *last)
            .map(|(_, last)| last)
    }

    /// The first closed day from `day` on.
    fn first_from(&self, day: i64) -> Option<i64> {
        self.0.iter().map(|range| range.days()).filter(|(_, last)| *last >= day).map(|(first, _)| first.max(day)).min()
    }
}

/// When a venue is open: its weekly hours, its closed days and its zone.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// Weekly hours; none at all: open at any time but on closed days.
    pub hours: Option<&'a WeeklyHours>,
    /// Days on which it is closed.
    pub closed: &'a ClosedDays,
    /// The zone whose wall clock decides.
    pub zone: Tz,
}

impl Opening<'_> {
    /// Whether the venue is open at `t`.
    #[must_use]
    pub fn is_open(&self, t: Time) -> bool {
        self.is_always_open() || self.covers(Wall::at(t, self.zone))
    }

    /// The first instant at or after `t` at which the venue is open; none when it never opens again.
    #[must_use]
    pub fn next_opening(&self, t: Time) -> Option<Time> {
        if self.is_open(t) { Some(t) } else { self.next_change(t, false) }
    }

    /// The first instant at or after `t` at which the venue is closed; none when it never closes again.
    #[must_use]
    pub fn next_closing(&self, t: Time) -> Option<Time> {
        if self.is_open(t) { self.next_change(t, true) } else { Some(t) }
    }

    fn is_always_open(&self) -> bool {
        self.hours.is_none() && self.closed.0.is_empty()
    }

    /// The first instant after `t` at which the venue is no longer what it is at `t`: `open` or not.
    ///
    /// Between two jumps the wall clock runs as time does, so the change is looked for on the wall, and a jump that
    /// comes before it is looked at by itself.
    fn next_change(&self, t: Time, open: bool) -> Option<Time> {
        if self.is_always_open() {
            return None;
        }
        let mut from = t;
        loop {
            let wall = Wall::at(from, self.zone);
            let change = if open { self.closing_on_wall(wall) } else { self.opening_on_wall(wall) };
            let change = change.map(|change| from.plus_millis(change.millis().saturating_sub(wall.millis())));
            // where the wall holds no change any more, a clock that is set back may still show an earlier time again
            let horizon = change.unwrap_or_else(|| from.plus_millis(2 * DAY_MS));
            match next_jump(from, horizon, self.zone) {
                Some(jump) if self.covers(Wall::at(jump, self.zone)) != open => return Some(jump),
                Some(jump) => from = jump,
                None => return change,
            }
        }
    }

    /// Whether the shifts cover what the wall shows.
    fn covers(&self, wall: Wall) -> bool {
        self.end_of_cover(wall).is_some()
    }

    /// The latest end of the shifts that cover what the wall shows.
    fn end_of_cover(&self, wall: Wall) -> Option<Wall> {
        let today = wall.day();
        [today - 1, today]
            .into_iter()
            .filter(|day| self.closed.last_of(*day).is_none())
            .flat_map(|day| self.shifts(day).iter().map(move |shift| on_wall(day, *shift)))
            .filter(|(from, until)| *from <= wall && wall < *until)
            .map(|(_, until)| until)
            .max()
    }

    /// The first time on the wall from `wall` on that no shift covers, for a `wall` that one covers.
    fn closing_on_wall(&self, wall: Wall) -> Option<Wall> {
        let mut end = wall;
        while let Some(later) = self.end_of_cover(end) {
            end = later;
            // more than a week without a gap: only a closed day can make one
            if end.day() - wall.day() > 8 {
                let next_closed = self.closed.first_from(end.day() - 1)?;
                end = end.max(Wall::from_millis(next_closed.saturating_mul(DAY_MS)));
            }
        }
        Some(end)
    }

    /// The first beginning of a shift on the wall after `wall`, for a `wall` that none covers.
    fn opening_on_wall(&self, wall: Wall) -> Option<Wall> {
        if self.hours.is_some_and(WeeklyHours::is_empty) {
            return None;
        }
        let mut day = wall.day();
        // a day whose beginning cannot be counted is past the end of time: nothing opens there
        while day.checked_mul(DAY_MS).is_some() {
            if let Some(last) = self.closed.last_of(day) {
                day = last + 1;
                continue;
            }
            let starts = self.shifts(day).iter().map(|shift| on_wall(day, *shift).0);
            match starts.filter(|start| *start > wall).min() {
                Some(start) => return Some(start),
                None => day += 1,
            }
        }
        None
    }

    /// The shifts that begin on a day, be it closed or not.
    fn shifts(&self, day: i64) -> &[Shift] {
        self.hours.map_or(&[Shift::WHOLE_DAY], |hours| hours.of_day(day))
    }
}

/// A day's shift on the wall, `[from, until)`.
fn on_wall(day: i64, shift: Shift) -> (Wall, Wall) {
    let at = |minute: u16| Wall::from_millis(day.saturating_mul(DAY_MS).saturating_add(i64::from(minute) * MINUTE_MS));
    (at(shift.begins()), at(shift.ends()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_is_read_and_printed() {
        for text in ["09:00-18:00", "00:00-24:00", "20:00-02:00", "23:59-00:00", "09:00-09:00"] {
            assert_eq!(Shift::parse(text).unwrap().to_string(), text);
        }
        for bad in
            ["", "9:00-18:00", "09:00", "09:00-24:01", "24:00-02:00", "09:60-10:00", "09h00-18h00", "-1:00-02:00"]
        {
            assert_eq!(Shift::parse(bad), Err(InvalidShift(bad.to_owned())), "{bad}");
        }
        let shift = Shift::parse("20:00-02:30").unwrap();
        assert_eq!((shift.begins(), shift.ends()), (20 * 60, 26 * 60 + 30));
    }

    #[test]
    fn closed_days_are_read_and_printed() {
        for text in ["2026-12-24", "2026-12-24/2027-01-03"] {
            assert_eq!(ClosedRange::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(ClosedRange::parse("2026-12-24/2026-12-24").unwrap().to_string(), "2026-12-24");
        for bad in ["", "24/12/2026", "2026-12-24/2026-12-23", "2026-02-30", "2026-1-1", "2026-12-24/", "+026-12-24"] {
            assert_eq!(ClosedRange::parse(bad), Err(InvalidClosedRange(bad.to_owned())), "{bad}");
        }
        let closed = ClosedDays(vec![ClosedRange::parse("2026-12-24/2026-12-26").unwrap()]);
        let covered =
            ["2026-12-23", "2026-12-24", "2026-12-26", "2026-12-27"].map(|day| closed.covers(day.parse().unwrap()));
        assert_eq!(covered, [false, true, true, false]);
    }

    #[test]
    fn the_days_of_the_week_are_those_of_the_calendar() {
        let hours = WeeklyHours { mon: vec![Shift::WHOLE_DAY], ..WeeklyHours::default() };
        let monday: NaiveDate = "2031-03-03".parse().unwrap();
        let open = |days: i64| !hours.of_day(i64::from(monday.to_epoch_days()) + days).is_empty();
        assert_eq!([-7, -1, 0, 1, 7].map(open), [true, false, true, false, true]);
    }

    /// Openings and closings agree with asking each minute, over clock changes in zones that differ.
    #[test]
    fn the_next_change_is_the_first_minute_that_differs() {
        let shift = |text| Shift::parse(text).unwrap();
        let weekly = WeeklyHours {
            mon: vec![shift("00:00-24:00")],
            tue: vec![shift("00:00-09:00"), shift("08:00-08:30"), shift("22:00-22:00")],
            fri: vec![shift("23:30-00:30"), shift("02:00-03:00")],
            sat: vec![shift("00:15-02:30"), shift("20:00-02:15")],
            sun: vec![shift("00:00-00:30"), shift("02:30-03:30"), shift("23:00-24:00")],
            ..WeeklyHours::default()
        };
        let closed = |texts: &[&str]| ClosedDays(texts.iter().map(|text| ClosedRange::parse(text).unwrap()).collect());
        // Paris; 24 hours skipped at once; set back at 00:01; half an hour only; set back at midnight
        for (zone, from, days) in [
            (Tz::Europe__Paris, "2030-10-20", closed(&["2030-10-29/2030-10-30"])),
            (Tz::Europe__Paris, "2031-03-24", closed(&["2031-03-29"])),
            (Tz::Pacific__Apia, "2011-12-24", closed(&["2011-12-31"])),
            (Tz::America__St_Johns, "2006-10-22", closed(&["2006-10-28"])),
            (Tz::Australia__Lord_Howe, "2031-03-31", closed(&[])),
            (Tz::America__Sao_Paulo, "2018-02-12", closed(&["2018-02-17", "2018-02-18"])),
        ] {
            for hours in [Some(&weekly), None] {
                let opening = Opening { hours, closed: &days, zone };
                let start = Wall::midnight(from.parse().unwrap()).instant(zone);
                let minutes: Vec<Time> = (0..14 * 24 * 60).map(|minute| start.plus_seconds(minute * 60)).collect();
                let (mut next_open, mut next_closed) = (None, None);
                for (index, minute) in minutes.iter().enumerate().rev() {
                    let next = if opening.is_open(*minute) { &mut next_open } else { &mut next_closed };
                    *next = Some(*minute);
                    if index % 7 == 0 {
                        let (found_open, found_closed) = (opening.next_opening(*minute), opening.next_closing(*minute));
                        assert!(next_open.is_none() || found_open == next_open, "{zone} {minute} {found_open:?}");
                        assert!(
                            next_closed.is_none() || found_closed == next_closed,
                            "{zone} {minute} {found_closed:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_change_that_is_years_away_or_never_comes_is_found_at_once() {
        let whole = || vec![Shift::WHOLE_DAY];
        let always = WeeklyHours {
            mon: whole(),
            tue: whole(),
            wed: whole(),
            thu: whole(),
            fri: whole(),
            sat: whole(),
            sun: whole(),
        };
        let zone = Tz::Europe__Paris;
        let now = Wall::midnight("2031-03-03".parse().unwrap()).instant(zone);
        let opening = Opening { hours: Some(&always), closed: &ClosedDays::default(), zone };
        assert_eq!((opening.next_closing(now), opening.next_opening(now)), (None, Some(now)));
        let closed = ClosedDays(vec![ClosedRange::parse("2051-07-01/2061-07-01").unwrap()]);
        let opening = Opening { hours: Some(&always), closed: &closed, zone };
        let midnight = |date: &str| Wall::midnight(date.parse().unwrap()).instant(zone);
        assert_eq!(opening.next_closing(now), Some(midnight("2051-07-01")));
        assert_eq!(opening.next_opening(midnight("2051-07-01")), Some(midnight("2061-07-02")));
        let never = Opening { hours: Some(&WeeklyHours::default()), closed: &closed, zone };
        assert_eq!((never.next_opening(now), never.next_closing(now)), (None, Some(now)));
    }

    #[test]
    fn instants_beyond_the_calendar_are_answered_too() {
        let closed = ClosedDays(vec![ClosedRange::parse("2026-12-24").unwrap()]);
        let hours = WeeklyHours { mon: vec![Shift::WHOLE_DAY], ..WeeklyHours::default() };
        for hours in [Some(&hours), None] {
            let opening = Opening { hours, closed: &closed, zone: Tz::Europe__Paris };
            for t in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX].map(Time::from_millis) {
                let _ = (opening.is_open(t), opening.next_opening(t), opening.next_closing(t));
            }
        }
    }
}
