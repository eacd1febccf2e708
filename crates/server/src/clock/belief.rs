//! What the registry believes of the time: a small state machine without a clock. Start at [`Belief::look`].
//!
//! The registry's time is the steady hand, counted from the last believed instant. The wall is compared with it: a small
//! difference is followed, a great one is doubted until the system says that it is synchronised or a person accepts it.

use tremen_rules::Time;

/// Hands that differ by no more than this agree: each is read a moment apart. In milliseconds.
const SAME_MS: i64 = 100;
/// A step by more than this is doubted, in milliseconds.
const FOLLOWED_MS: i64 = 60_000;
/// A start so long after the last recorded instant is doubted, in milliseconds.
const LONGEST_ABSENCE_MS: i64 = 30 * 86_400_000;

/// Why the wall clock is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It was set by more than 60 s while the registry's time went on.
    Stepped,
    /// At the start it was behind the last recorded instant.
    Behind,
    /// At the start it was over 30 days ahead of the last recorded instant.
    Ahead,
}

impl Doubt {
    /// How the database and programs name it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stepped => "stepped",
            Self::Behind => "behind",
            Self::Ahead => "ahead",
        }
    }

    /// The doubt of this name.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Stepped, Self::Behind, Self::Ahead].into_iter().find(|doubt| doubt.code() == code)
    }
}

/// Where the registry's time hangs, and whether the wall is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Belief {
    /// The steady hand when the time was last believed, in milliseconds.
    pub steady_ms: i64,
    /// The instant that was believed then.
    pub at: Time,
    /// Why the wall is not believed now; none while it is.
    pub doubt: Option<Doubt>,
}

/// What a look at both hands finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// They agree.
    Agrees,
    /// The wall was set a little, by so many milliseconds: it is followed.
    Correction(i64),
    /// The wall is not to be believed without a word from somebody; it is so many milliseconds ahead.
    Doubted(Doubt, i64),
}

impl Belief {
    /// What to believe at the first start in a run of the machine, where `last` is the last recorded instant.
    #[must_use]
    pub fn begin(last: Option<Time>, wall: Time, steady_ms: i64) -> Self {
        let believed = Self { steady_ms, at: wall, doubt: None };
        match last {
            Some(last) if wall < last => Self { at: last, doubt: Some(Doubt::Behind), ..believed },
            Some(last) if wall.since(last) > LONGEST_ABSENCE_MS => {
                Self { at: last, doubt: Some(Doubt::Ahead), ..believed }
            }
            Some(_) | None => believed,
        }
    }

    /// The registry's time when the steady hand is there.
    #[must_use]
    pub const fn time(&self, steady_ms: i64) -> Time {
        self.at.plus_millis(steady_ms.saturating_sub(self.steady_ms))
    }

    /// Compares both hands. A doubt of the start stays until the wall no longer shows what raised it.
    #[must_use]
    pub const fn look(&self, wall: Time, steady_ms: i64) -> Finding {
        let step_ms = wall.since(self.time(steady_ms));
        match self.doubt {
            Some(Doubt::Behind) if step_ms < -SAME_MS => Finding::Doubted(Doubt::Behind, step_ms),
            Some(Doubt::Ahead) if step_ms > FOLLOWED_MS => Finding::Doubted(Doubt::Ahead, step_ms),
            _ if step_ms.abs() <= SAME_MS => Finding::Agrees,
            _ if step_ms.abs() <= FOLLOWED_MS => Finding::Correction(step_ms),
            _ => Finding::Doubted(Doubt::Stepped, step_ms),
        }
    }

    /// The belief after the wall was believed: time goes on from there.
    #[must_use]
    pub const fn believing(wall: Time, steady_ms: i64) -> Self {
        Self { steady_ms, at: wall, doubt: None }
    }
}

#[cfg(test)]
mod tests {
    use super::{Belief, Doubt, Finding};
    use tremen_rules::Time;

    const AT: Time = Time::from_millis(1_795_701_600_000);
    const HOUR: i64 = 3_600_000;
    const YEAR: i64 = 365 * 24 * HOUR;

    /// What is found when the wall is set by so many milliseconds, ten seconds after it was believed.
    fn set_by(step_ms: i64) -> Finding {
        Belief::believing(AT, 500).look(AT.plus_millis(10_000 + step_ms), 10_500)
    }

    #[test]
    fn time_goes_on_by_the_steady_hand_whatever_the_wall_says() {
        let belief = Belief::believing(AT, 500);
        assert_eq!(belief.time(10_500), AT.plus_seconds(10));
        assert_eq!(Belief { doubt: Some(Doubt::Stepped), ..belief }.time(10_500), AT.plus_seconds(10));
    }

    #[test]
    fn up_to_a_minute_is_followed_and_more_is_doubted_in_both_directions() {
        assert_eq!([0, 100, -100].map(set_by), [Finding::Agrees; 3]);
        for small in [101, -101, 60_000, -60_000] {
            assert_eq!(set_by(small), Finding::Correction(small));
        }
        for great in [60_001, -60_001, HOUR, -HOUR, YEAR, -YEAR] {
            assert_eq!(set_by(great), Finding::Doubted(Doubt::Stepped, great));
        }
    }

    #[test]
    fn a_wall_that_comes_back_to_its_senses_is_believed_again() {
        let doubting = Belief { doubt: Some(Doubt::Stepped), ..Belief::believing(AT, 0) };
        assert_eq!(doubting.look(AT.plus_millis(HOUR), 0), Finding::Doubted(Doubt::Stepped, HOUR));
        assert_eq!(doubting.look(AT, 0), Finding::Agrees);
        assert_eq!(doubting.look(AT.plus_seconds(30), 0), Finding::Correction(30_000));
    }

    #[test]
    fn a_start_is_believed_from_the_last_recorded_instant_on_and_for_thirty_days() {
        let begin = |ahead_ms| Belief::begin(Some(AT), AT.plus_millis(ahead_ms), 7);
        let month = 30 * 24 * HOUR;
        for good in [0, 1, HOUR, month] {
            assert_eq!(begin(good), Belief::believing(AT.plus_millis(good), 7));
        }
        for (step, doubt) in [(-1, Doubt::Behind), (-YEAR, Doubt::Behind), (month + 1, Doubt::Ahead)] {
            assert_eq!(begin(step), Belief { steady_ms: 7, at: AT, doubt: Some(doubt) }, "{step}");
        }
        assert_eq!(Belief::begin(None, AT, 7), Belief::believing(AT, 7), "nothing was ever recorded");
    }

    #[test]
    fn a_doubt_of_the_start_is_not_followed_away_however_small_the_difference() {
        let behind = Belief::begin(Some(AT), AT.plus_seconds(-2), 0);
        assert_eq!(behind.look(AT.plus_seconds(8), 10_000), Finding::Doubted(Doubt::Behind, -2_000));
        assert_eq!(behind.look(AT.plus_seconds(10), 10_000), Finding::Agrees, "somebody set it right");
        assert_eq!(behind.look(AT.plus_millis(YEAR), 10_000), Finding::Doubted(Doubt::Stepped, YEAR - 10_000));
        let ahead = Belief::begin(Some(AT), AT.plus_millis(YEAR), 0);
        assert_eq!(ahead.look(AT.plus_millis(YEAR), 0), Finding::Doubted(Doubt::Ahead, YEAR));
        assert_eq!(ahead.look(AT.plus_seconds(-90), 0), Finding::Doubted(Doubt::Stepped, -90_000));
    }

    #[test]
    fn doubts_are_told_by_their_codes() {
        for doubt in [Doubt::Stepped, Doubt::Behind, Doubt::Ahead] {
            assert_eq!(Doubt::parse(doubt.code()), Some(doubt));
        }
        assert_eq!(Doubt::parse("late"), None);
    }
}
