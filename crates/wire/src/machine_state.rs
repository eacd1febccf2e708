//! What the registry tells everybody about a machine, retained. It must never carry personal data.

use alloc::format;
use alloc::string::String;

text_enum! {
    /// What a machine looks like to passers-by.
    pub enum PublicState {
        /// Nobody uses it.
        Free = "free",
        /// A session runs.
        InUse = "in_use",
        /// It is out of service.
        Locked = "locked",
        /// Its controller did not speak in time: nobody knows.
        Silent = "silent",
    }
}

/// The retained message on [`machine_state_topic`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineState {
    /// What the machine looks like.
    pub state: PublicState,
    /// Since when, in Unix seconds.
    pub since_s: u64,
}

impl MachineState {
    /// The message as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        format!(r#"{{"state":"{}","since":{}}}"#, self.state, self.since_s)
    }
}

/// The topic of a machine's public state.
#[must_use]
pub fn machine_state_topic(venue: &str, machine: &str) -> String {
    format!("tremen/1/machines/{venue}/{machine}/state")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_state_says_nothing_but_the_state_and_its_beginning() {
        let state = MachineState { state: PublicState::InUse, since_s: 1_795_424_400 };
        assert_eq!(state.to_json(), r#"{"state":"in_use","since":1795424400}"#);
        assert_eq!(machine_state_topic("brest", "trotec-speedy"), "tremen/1/machines/brest/trotec-speedy/state");
    }
}
