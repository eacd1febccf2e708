//! How a machine is stopped: the text `immediate`, or a map with exactly one bound. A policy that is not understood
//! whole is refused, never guessed.

use crate::Profile;
use crate::fields::{Content, Fields, Value};
use crate::keys::{FINISH_JOB, GRACEFUL};

/// How to stop a machine, now or when a lease runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StopPolicy {
    /// Open the relay at once.
    Immediate,
    /// Warn, and open the relay after so many seconds.
    Graceful {
        /// From the order, or the end of the lease, to the open relay.
        seconds: u64,
    },
    /// Open the relay when the machine has been idle for 30 s.
    FinishJob {
        /// The relay opens after so many seconds whatever the machine does.
        longest_s: u64,
    },
}

/// The text of [`StopPolicy::Immediate`].
const IMMEDIATE: &str = "immediate";

impl Content for StopPolicy {
    fn read(value: &Value, _: Profile) -> Option<Self> {
        if let Some(text) = value.as_text() {
            return (text == IMMEDIATE).then_some(Self::Immediate);
        }
        let fields = value.as_map()?;
        // INVARIANT (exactly one): with an unknown key beside it, a bound might not mean what we think.
        if fields.len() != 1 {
            return None;
        }
        let graceful = fields.may(&GRACEFUL).ok()?.map(|seconds| Self::Graceful { seconds });
        let finish_job = fields.may(&FINISH_JOB).ok()?.map(|longest_s| Self::FinishJob { longest_s });
        graceful.or(finish_job)
    }

    fn write(&self, profile: Profile) -> Value {
        let mut fields = Fields::new(profile);
        match self {
            Self::Immediate => return Value::Text(IMMEDIATE.into()),
            Self::Graceful { seconds } => fields.put(&GRACEFUL, seconds),
            Self::FinishJob { longest_s } => fields.put(&FINISH_JOB, longest_s),
        }
        Value::Map(fields)
    }
}
