//! Tells a message that is seen again, as RFC 4303 section 3.4.3 does, over 64 numbers. It only counts: that the same
//! transaction also does what the message asks is the caller's duty.

/// The numbers that a link has seen: the highest, and which of the 63 below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    highest: u64,
    bitmap: u64,
}

impl Window {
    /// A window that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { highest: 0, bitmap: 0 }
    }

    /// A window as [`Window::highest`] and [`Window::bitmap`] gave it.
    #[must_use]
    pub const fn from_parts(highest: u64, bitmap: u64) -> Self {
        Self { highest, bitmap }
    }

    /// The highest number seen; 0 when none was.
    #[must_use]
    pub const fn highest(&self) -> u64 {
        self.highest
    }

    /// Bit `i` tells whether `highest - i` was seen.
    #[must_use]
    pub const fn bitmap(&self) -> u64 {
        self.bitmap
    }

    /// Marks a number, and tells whether it is new: never seen, not 0, and less than 64 below the highest.
    #[must_use]
    pub fn accept(&mut self, n: u64) -> bool {
        if n == 0 {
            return false; // numbers start at 1 in each link
        }
        if n > self.highest {
            self.bitmap = shifted(self.bitmap, n - self.highest) | 1;
            self.highest = n;
            return true;
        }
        let mark = shifted(1, self.highest - n);
        let is_new = mark != 0 && self.bitmap & mark == 0;
        self.bitmap |= mark;
        is_new
    }
}

/// Shifts to the left; all bits fall out from 64 on.
fn shifted(bits: u64, by: u64) -> u64 {
    u32::try_from(by).ok().and_then(|by| bits.checked_shl(by)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    #[test]
    fn a_number_counts_once_and_numbers_may_overtake_one_another() {
        let mut window = Window::new();
        for (n, is_new) in [(1, true), (1, false), (3, true), (2, true), (2, false), (3, false), (0, false)] {
            assert_eq!(window.accept(n), is_new, "{n}");
        }
    }

    #[test]
    fn a_number_64_below_the_highest_is_too_old_and_63_is_not() {
        let mut window = Window::new();
        assert!(window.accept(100));
        assert!(!window.accept(36));
        assert!(window.accept(37));
        assert!(!window.accept(37));
    }

    #[test]
    fn a_jump_over_the_whole_window_forgets_what_was_below() {
        let mut window = Window::new();
        assert!(window.accept(1));
        assert!(window.accept(u64::MAX));
        assert!(!window.accept(1));
        assert!(!window.accept(u64::MAX));
        assert!(window.accept(u64::MAX - 63));
        assert!(!window.accept(u64::MAX - 64));
    }

    proptest! {
        #[test]
        fn a_window_agrees_with_a_list_of_all_that_was_seen(numbers in prop::collection::vec(0_u64..200, 0..200)) {
            let mut window = Window::new();
            let mut seen = BTreeSet::new();
            for n in numbers {
                let highest = seen.last().copied().unwrap_or(0);
                let is_new = n > 0 && n + 64 > highest && seen.insert(n);
                let mut restored = Window::from_parts(window.highest(), window.bitmap());
                prop_assert_eq!(window.accept(n), is_new);
                prop_assert_eq!(restored.accept(n), is_new);
            }
        }
    }
}
