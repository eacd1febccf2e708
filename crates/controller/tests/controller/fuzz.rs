//! Bytes that mean nothing, or nearly something: they never panic, and never close a relay.

use proptest::prelude::*;
use tremen_controller::Output;
use tremen_wire::{Action, Channel, Down, Intent, Outcome};

use crate::bench::{Bench, LASER, S1, graceful};

fn down_channel() -> impl Strategy<Value = Channel> {
    proptest::sample::select(Channel::ALL.to_vec())
}

/// A controller that waits for an answer, with a session on no machine.
fn waiting(plain: bool) -> Bench {
    let mut b = if plain { Bench::plain() } else { Bench::sealed() }.linked();
    b.tap(LASER, Intent::Use);
    b
}

fn closes(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| matches!(output, Output::CloseRelay { .. }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(400), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_nothing(
        plain: bool,
        messages in proptest::collection::vec((down_channel(), proptest::collection::vec(any::<u8>(), 0..200)), 1..20),
    ) {
        let mut b = waiting(plain);
        for (channel, bytes) in messages {
            prop_assert!(b.raw(channel, &bytes).is_empty());
        }
    }

    #[test]
    fn a_sealed_message_with_a_bit_flipped_does_nothing(at: usize, bit in 0_u32..8, kind in 0_u8..4) {
        let mut b = waiting(false);
        let ask = b.ask();
        let message = match kind {
            0 => {
                let outcome = Outcome::Grant { session: S1, lease_s: 60, until_s: None, on_lost: graceful(20) };
                let lcd = ["".into(), "".into()];
                Down::Answer(tremen_wire::Answer { link: b.link, nonce: ask.nonce, machine: LASER.into(), lcd, outcome })
            }
            1 => Down::Order(b.order_of(1, Action::Lock)),
            2 => Down::Order(b.order_of(1, Action::Unlock)),
            _ => Down::Order(b.order_of(1, Action::Identify)),
        };
        let mut bytes = b.bytes(&message);
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(b.raw(message.channel(), &bytes).is_empty());
    }

    #[test]
    fn a_plain_answer_that_is_cut_or_spliced_never_closes_a_relay_without_its_keys(
        key in proptest::sample::select(vec!["session", "lease", "on_lost", "nonce", "verdict", "machine"]),
        cut: usize,
    ) {
        let mut b = waiting(true);
        let ask = b.ask();
        let outcome = Outcome::Grant { session: S1, lease_s: 60, until_s: None, on_lost: graceful(20) };
        let lcd = ["".into(), "".into()];
        let answer =
            Down::Answer(tremen_wire::Answer { link: b.link, nonce: ask.nonce, machine: LASER.into(), lcd, outcome });
        let text = String::from_utf8(b.bytes(&answer)).unwrap();
        let renamed = text.replace(&format!("\"{key}\""), "\"other\"");
        prop_assert!(!closes(&b.raw(Channel::Answer, renamed.as_bytes())));
        prop_assert!(!closes(&b.raw(Channel::Answer, &text.as_bytes()[..cut % text.len()])));
        prop_assert!(closes(&b.raw(Channel::Answer, text.as_bytes())), "the whole one does");
    }
}
