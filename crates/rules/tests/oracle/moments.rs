//! The instants at which clocks and calendars are difficult.

use chrono_tz::Tz;

use crate::oracle::calendar::{DAY, Date, HOUR, MINUTE, SECOND, date, day_number, instant, plus_months};
use crate::oracle::dice::Dice;
use crate::oracle::world::{Interval, Ms};

/// A zone, a day there, and the minutes of that day that matter.
pub struct Stage {
    pub zone: Tz,
    pub day: Date,
    minutes: &'static [i64],
}

const PARIS: Tz = chrono_tz::Europe::Paris;
const ST_JOHNS: Tz = chrono_tz::America::St_Johns;
const SAO_PAULO: Tz = chrono_tz::America::Sao_Paulo;
const LORD_HOWE: Tz = chrono_tz::Australia::Lord_Howe;
const APIA: Tz = chrono_tz::Pacific::Apia;

const EVENING: i64 = 23 * 60;

const fn stage(zone: Tz, day: Date, minutes: &'static [i64]) -> Stage {
    Stage { zone, day, minutes }
}

pub const STAGES: [Stage; 20] = [
    // an hour skipped, an hour doubled
    stage(PARIS, date(2026, 3, 29), &[0, 119, 120, 150, 179, 180, 181, 540]),
    stage(PARIS, date(2026, 10, 25), &[0, 119, 120, 150, 179, 180, 181, 540]),
    stage(PARIS, date(2027, 3, 28), &[0, 120, 150, 180, 1440]),
    stage(PARIS, date(2027, 10, 31), &[0, 120, 150, 180, 1440]),
    // ends of months, and where 29 February is not, or is
    stage(PARIS, date(2027, 2, 28), &[0, 540, 720, 1439]),
    stage(PARIS, date(2027, 3, 1), &[0, 540]),
    stage(PARIS, date(2028, 2, 28), &[0, 540, 1439]),
    stage(PARIS, date(2028, 2, 29), &[0, 540, 1439]),
    stage(PARIS, date(2028, 3, 1), &[0, 540]),
    stage(PARIS, date(2026, 8, 31), &[0, 540, 1080, 1439]),
    stage(PARIS, date(2026, 12, 31), &[0, 540, 1320, 1440]),
    // ordinary days
    stage(PARIS, date(2026, 11, 25), &[540, 600, 720, 840, 1080, 1320]),
    stage(PARIS, date(2027, 6, 17), &[540, 600, 720, 840, 1080, 1320]),
    // midnight comes, and a minute later it is yesterday again
    stage(ST_JOHNS, date(2010, 11, 6), &[540, EVENING, EVENING + 1, EVENING + 30, 1440, 1441, 1500]),
    stage(ST_JOHNS, date(2010, 3, 14), &[0, 1, 30, 60, 61]),
    // a day that begins at one o'clock; an evening that comes twice
    stage(SAO_PAULO, date(2018, 11, 4), &[0, 30, 60, 120]),
    stage(SAO_PAULO, date(2018, 2, 17), &[540, EVENING, EVENING + 30, 1440, 1500]),
    // half an hour
    stage(LORD_HOWE, date(2026, 10, 4), &[119, 120, 135, 150, 180]),
    stage(LORD_HOWE, date(2026, 4, 5), &[60, 90, 105, 120, 180]),
    // a day that never was
    stage(APIA, date(2011, 12, 30), &[-60, 0, 540, 1440, 1500]),
];

pub const ZONES: [Tz; 5] = [PARIS, ST_JOHNS, SAO_PAULO, LORD_HOWE, APIA];

/// The moments of one world: small in number, so that facts meet.
pub struct Moments {
    pub zone: Tz,
    pub day: i64,
    pub centre: Ms,
    near: Vec<Ms>,
}

impl Moments {
    pub fn new(dice: &mut Dice) -> Self {
        let stage = &STAGES[dice.below(STAGES.len())];
        let day = day_number(stage.day);
        let near: Vec<Ms> = stage
            .minutes
            .iter()
            .flat_map(|minute| {
                let first = instant(stage.zone, day * DAY + minute * MINUTE);
                [first, first + HOUR]
            })
            .collect();
        let centre = dice.pick(&near) + dice.pick(&[0, 0, 0, -1, 1, 30 * SECOND, 12 * HOUR, -12 * HOUR]);
        Self { zone: stage.zone, day, centre, near }
    }

    /// Close to the centre, on both sides of it.
    pub fn near(&self, dice: &mut Dice) -> Ms {
        let base = if dice.chance(60) { self.centre } else { dice.pick(&self.near) };
        base + dice.pick(&[0, 0, -1, 1, -SECOND, SECOND, MINUTE, HOUR, -HOUR, 5 * HOUR, DAY, -DAY])
    }

    /// At the centre or well before it.
    pub fn past(&self, dice: &mut Dice) -> Ms {
        let back = dice.pick(&[0, 1, MINUTE, HOUR, DAY, 30 * DAY, 200 * DAY, 400 * DAY]);
        self.centre - back
    }

    /// After the centre, by a millisecond or by years.
    pub fn future(&self, dice: &mut Dice) -> Ms {
        self.centre + dice.pick(&[1, MINUTE, HOUR, 10 * HOUR, DAY, 3 * DAY, 30 * DAY, 200 * DAY, 800 * DAY])
    }

    /// From which so many months end at one of the difficult instants, or a step beside it.
    pub fn months_before(&self, dice: &mut Dice, zone: Tz, months: u32) -> Ms {
        let end = if dice.chance(50) { self.centre } else { dice.pick(&self.near) };
        plus_months(zone, end, -i64::from(months)) + dice.pick(&[0, 0, 0, -1, 1, DAY, 2 * DAY, -DAY])
    }

    /// Covers the centre.
    pub fn span_now(&self, dice: &mut Dice) -> Interval {
        let from = self.past(dice);
        Interval { from, until: dice.maybe(60, |dice| self.future(dice)) }
    }

    /// Any interval, its end not before its beginning.
    pub fn span(&self, dice: &mut Dice) -> Interval {
        let any = |dice: &mut Dice| match dice.below(3) {
            0 => self.past(dice),
            1 => self.future(dice),
            _ => self.near(dice),
        };
        let (one, other) = (any(dice), any(dice));
        Interval { from: one.min(other), until: if dice.chance(80) { Some(one.max(other)) } else { None } }
    }

    /// Over before the centre, or yet to come.
    pub fn span_other(&self, dice: &mut Dice) -> Interval {
        if dice.chance(50) {
            let until = self.past(dice);
            Interval { from: until - dice.pick(&[1, HOUR, 30 * DAY]), until: Some(until) }
        } else {
            let from = self.future(dice);
            Interval { from, until: dice.maybe(50, |dice| from + dice.pick(&[1, HOUR, 30 * DAY])) }
        }
    }
}
