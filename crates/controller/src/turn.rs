//! One call of the controller: its instant, its randomness and what comes out of it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use tremen_wire::Channel;

use crate::io::{Output, TapResult};
use crate::time::Instant;

/// What one call of [`crate::Controller::handle`] carries along.
pub(crate) struct Turn<'a> {
    pub(crate) now: Instant,
    pub(crate) random: &'a mut dyn FnMut(&mut [u8]),
    pub(crate) out: Vec<Output>,
}

impl Turn<'_> {
    pub(crate) fn fresh<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }

    pub(crate) fn publish(&mut self, channel: Channel, bytes: Vec<u8>) {
        self.out.push(Output::Publish { channel, bytes, retained: channel.is_retained() });
    }

    pub(crate) fn show(&mut self, machine: &str, lcd: &[String; 2]) {
        self.out.push(Output::Show { machine: machine.into(), lcd: lcd.clone() });
    }

    pub(crate) fn tapped(&mut self, machine: &str, result: TapResult) {
        self.out.push(Output::Tapped { machine: machine.into(), result });
    }
}

impl fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("now", &self.now).field("out", &self.out).finish_non_exhaustive()
    }
}
