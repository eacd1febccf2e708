//! What holds for arbitrary messages and arbitrary bytes.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a strategy that breaks its own limits fails its test")]

use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use tremen_wire::{
    Action, Allowlist, Answer, Ask, Capability, Challenge, Channel, ControllerId, Down, EntryTag, Event, Hello, Intent,
    Key, Lease, Link, ListedMachine, MachineCard, Nonce, Order, Outcome, Profile, Protection, Reading, Refused, Report,
    SessionId, ShownState, StopPolicy, Topic, Uid, Up, Welcome, ntag424,
};

const KEY: Key = Key::new([0x42; 32]);

fn controller() -> ControllerId {
    ControllerId::parse("ubo-laser").unwrap()
}

fn protection(profile: Profile) -> Protection<'static> {
    match profile {
        Profile::Plain => Protection::Plain,
        Profile::Sealed => Protection::Sealed(&KEY),
    }
}

/// A key that sealed messages must have and plain ones may.
fn in_sealed<T: Clone + std::fmt::Debug + 'static>(
    profile: Profile,
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    match profile {
        Profile::Plain => of(value).boxed(),
        Profile::Sealed => value.prop_map(Some).boxed(),
    }
}

/// A key that some messages must have and others may.
fn if_needed<T: Clone + std::fmt::Debug + 'static>(
    needed: bool,
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    if needed { value.prop_map(Some).boxed() } else { of(value).boxed() }
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

/// A text of at most so many bytes.
fn text(bytes: usize) -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..=bytes / 4).prop_map(String::from_iter)
}

fn lcd() -> impl Strategy<Value = [String; 2]> {
    ["[ -~]{0,20}", "[ -~]{0,20}"]
}

fn link() -> impl Strategy<Value = Link> {
    any::<[u8; 8]>().prop_map(Link)
}

fn session() -> impl Strategy<Value = SessionId> {
    any::<[u8; 8]>().prop_map(SessionId)
}

fn nonce() -> impl Strategy<Value = Nonce> {
    any::<[u8; 16]>().prop_map(Nonce)
}

fn policy() -> impl Strategy<Value = StopPolicy> {
    prop_oneof![
        Just(StopPolicy::Immediate),
        any::<u64>().prop_map(|seconds| StopPolicy::Graceful { seconds }),
        any::<u64>().prop_map(|longest_s| StopPolicy::FinishJob { longest_s }),
    ]
}

fn reading() -> impl Strategy<Value = Reading> {
    prop_oneof![
        vec(any::<u8>(), 3..=10).prop_map(|uid| Reading::Uid(Uid::new(&uid).unwrap())),
        (any::<[u8; 16]>(), any::<[u8; 8]>(), of(text(60))).prop_map(|(picc, mac, text)| Reading::Picc {
            picc,
            mac,
            text
        }),
        text(32).prop_map(Reading::Code),
    ]
}

fn hello() -> impl Strategy<Value = Hello> {
    let capabilities = vec(one_of(Capability::ALL), 0..12);
    (any::<[u8; 16]>(), text(64), capabilities, any::<u64>(), vec(session(), 0..8), of(any::<u64>())).prop_map(
        |(challenge, firmware, capabilities, last_order, running, at_s)| Hello {
            challenge: Challenge(challenge),
            firmware,
            capabilities,
            last_order,
            running,
            at_s,
        },
    )
}

fn ask(profile: Profile) -> impl Strategy<Value = Ask> {
    (
        in_sealed(profile, link()),
        in_sealed(profile, any::<u64>()),
        nonce(),
        text(64),
        reading(),
        one_of(Intent::ALL),
        in_sealed(profile, any::<u64>()),
    )
        .prop_map(|(link, n, nonce, machine, reading, intent, at_s)| Ask {
            link,
            n,
            nonce,
            machine,
            reading,
            intent,
            at_s,
        })
}

fn report(profile: Profile) -> impl Strategy<Value = Report> {
    one_of(Event::ALL).prop_flat_map(move |event| {
        let of_session = matches!(event, Event::Started | Event::Alive | Event::Ended);
        let of_order = matches!(event, Event::Confirmed | Event::Refused);
        let of_list = event == Event::OfflineUse;
        let of_machine = !of_order && event != Event::Linked && event != Event::Tamper;
        (
            (in_sealed(profile, link()), in_sealed(profile, any::<u64>())),
            if_needed(of_machine, text(64)),
            if_needed(of_session, session()),
            if_needed(of_order, any::<u64>()),
            if_needed(of_session || event == Event::Relay, any::<bool>()),
            (of(any::<u64>()), of(any::<u64>())),
            if_needed(of_list, any::<[u8; 8]>().prop_map(EntryTag)),
            of(text(200)),
            if_needed(of_list, any::<u64>()),
        )
            .prop_map(
                move |((link, n), machine, session, order, relay, (load_ma, used_s), entry, detail, at_s)| Report {
                    link,
                    n,
                    event,
                    machine,
                    session,
                    order,
                    relay,
                    load_ma,
                    used_s,
                    entry,
                    detail,
                    at_s,
                },
            )
    })
}

/// Boxed, as `down` is: the trees of so many strategies would fill a test's stack.
fn up(profile: Profile) -> BoxedStrategy<Up> {
    prop_oneof![hello().prop_map(Up::Hello), ask(profile).prop_map(Up::Ask), report(profile).prop_map(Up::Report)]
        .boxed()
}

fn welcome() -> impl Strategy<Value = Welcome> {
    let card = (text(64), text(64), one_of(ShownState::ALL), policy())
        .prop_map(|(machine, title, state, on_lost)| MachineCard { machine, title, state, on_lost });
    (link(), any::<[u8; 16]>(), any::<u64>(), vec(card, 0..10)).prop_map(|(link, challenge, at_s, machines)| Welcome {
        link,
        challenge: Challenge(challenge),
        at_s,
        machines,
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let reasons = || (text(40), vec(text(40), 0..6));
    prop_oneof![
        (session(), any::<u64>(), of(any::<u64>()), policy())
            .prop_map(|(session, lease_s, until_s, on_lost)| { Outcome::Grant { session, lease_s, until_s, on_lost } }),
        of(session()).prop_map(|session| Outcome::Done { session }),
        reasons().prop_map(|(reason, reasons)| Outcome::Deny { reason, reasons }),
        reasons().prop_map(|(reason, reasons)| Outcome::More { reason, reasons }),
    ]
}

fn answer(profile: Profile) -> impl Strategy<Value = Answer> {
    (in_sealed(profile, link()), nonce(), text(64), lcd(), outcome())
        .prop_map(|(link, nonce, machine, lcd, outcome)| Answer { link, nonce, machine, lcd, outcome })
}

fn lease(profile: Profile) -> impl Strategy<Value = Lease> {
    let lengths: [RangeInclusive<u64>; 2] = [0..=0, 1..=u64::MAX];
    let shape = proptest::sample::select(&[(true, true), (false, true), (false, false)][..]);
    shape.prop_flat_map(move |(goes_on, names)| {
        let [over, positive] = lengths.clone();
        (
            (in_sealed(profile, link()), in_sealed(profile, any::<u64>())),
            of((text(64), session())).prop_filter("both or neither", move |of| of.is_some() == names),
            if goes_on { positive } else { over },
            of(any::<u64>()),
            if_needed(goes_on, policy()),
        )
            .prop_map(|((link, n), names, lease_s, until_s, on_lost)| {
                let (machine, session) = names.unzip();
                Lease { link, n, machine, session, lease_s, until_s, on_lost }
            })
    })
}

fn order(profile: Profile) -> impl Strategy<Value = Order> {
    one_of(Action::ALL).prop_flat_map(move |action| {
        let stops = action == Action::Stop;
        (
            in_sealed(profile, link()),
            any::<u64>(),
            if_needed(action != Action::Identify, text(64)),
            if_needed(stops, session()),
            if_needed(stops, policy()),
            if_needed(stops, text(40)),
            of(lcd()),
            of(text(200)),
        )
            .prop_map(move |(link, number, machine, session, stop, reason, lcd, detail)| Order {
                link,
                number,
                action,
                machine,
                session,
                stop,
                reason,
                lcd,
                detail,
            })
    })
}

fn down(profile: Profile) -> BoxedStrategy<Down> {
    prop_oneof![
        welcome().prop_map(Down::Welcome),
        answer(profile).prop_map(Down::Answer),
        lease(profile).prop_map(Down::Lease),
        order(profile).prop_map(Down::Order),
    ]
    .boxed()
}

fn allowlist() -> impl Strategy<Value = Allowlist> {
    let person = (any::<[u8; 8]>().prop_map(EntryTag), any::<u64>());
    let machine = (vec(any::<(u64, u64)>(), 0..4), vec(person, 0..4))
        .prop_map(|(opening, people)| ListedMachine { opening, people });
    let machines = proptest::collection::btree_map(text(64), machine, 0..6);
    (any::<[u64; 3]>(), any::<[u8; 16]>(), machines).prop_map(|([version, issued_s, not_after_s], salt, machines)| {
        Allowlist { version, issued_s, not_after_s, salt, machines }
    })
}

/// A message with its profile, and the bytes of another to splice it with.
fn with_profile<M: std::fmt::Debug, S: Strategy<Value = M> + 'static>(
    of_profile: fn(Profile) -> S,
) -> impl Strategy<Value = (Profile, M, M)> {
    one_of(Profile::ALL).prop_flat_map(move |profile| (Just(profile), of_profile(profile), of_profile(profile)))
}

/// Changes of valid bytes: bits flipped, cut, and continued with other bytes.
#[derive(Debug, Clone)]
struct Mutation {
    flips: Vec<prop::sample::Index>,
    cut: prop::sample::Index,
    resume: prop::sample::Index,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    (vec(any::<prop::sample::Index>(), 0..4), any::<prop::sample::Index>(), any::<prop::sample::Index>())
        .prop_map(|(flips, cut, resume)| Mutation { flips, cut, resume })
}

impl Mutation {
    fn flip(&self, bytes: &mut [u8]) {
        for flip in &self.flips {
            let bit = flip.index(bytes.len() * 8);
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }

    fn splice(&self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let (start, end) = (self.cut.index(bytes.len() + 1), self.resume.index(other.len() + 1));
        bytes.iter().take(start).chain(other.iter().skip(end)).copied().collect()
    }
}

/// Reads bytes in every way there is; nothing of it may panic.
fn read_everywhere(bytes: &[u8]) {
    let ours = controller();
    for &profile in Profile::ALL {
        for &channel in Channel::ALL {
            let _ = Up::decode(&ours, channel, bytes, protection(profile));
            let _ = Down::decode(&ours, channel, bytes, protection(profile));
        }
    }
    let key = ed25519_dalek::SigningKey::from_bytes(&[0x42; 32]).verifying_key();
    assert!(Allowlist::verify(bytes, &ours, &key).is_err());
}

#[test]
fn the_deepest_nesting_is_read_on_a_small_stack() {
    // Firmware has no more; an unoptimised build needs several times what an optimised one does.
    let stack = 128 * 1024;
    let nested = |open: &str, close: &str, levels: usize| {
        format!("{{\"link\":{}1{}}}", open.repeat(levels), close.repeat(levels)).into_bytes()
    };
    let read = move || {
        for levels in [1, 15, 16, 17, 200, 5_000] {
            read_everywhere(&nested("[", "]", levels));
            read_everywhere(&nested("{\"a\":", "}", levels));
        }
    };
    std::thread::Builder::new().stack_size(stack).spawn(read).unwrap().join().unwrap();
}

fn is_broken_seal<M>(outcome: &Result<M, Refused>) -> bool {
    matches!(outcome, Err(Refused::BadSeal | Refused::Unsealed))
}

proptest! {
    #[test]
    fn what_a_controller_says_is_heard_as_it_was_said((profile, message, _) in with_profile(up)) {
        let bytes = message.encode(&controller(), protection(profile));
        prop_assert!(bytes.len() <= tremen_wire::MAX_UP);
        prop_assert_eq!(Up::decode(&controller(), message.channel(), &bytes, protection(profile)), Ok(message));
    }

    #[test]
    fn what_the_registry_says_is_heard_as_it_was_said((profile, message, _) in with_profile(down)) {
        let bytes = message.encode(&controller(), protection(profile));
        prop_assert!(bytes.len() <= tremen_wire::MAX_DOWN);
        prop_assert_eq!(Down::decode(&controller(), message.channel(), &bytes, protection(profile)), Ok(message));
    }

    #[test]
    fn a_signed_list_is_read_as_it_was_signed(list in allowlist(), flip: prop::sample::Index) {
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let mut signed = list.sign(&controller(), &key);
        prop_assert_eq!(Allowlist::verify(&signed, &controller(), &key.verifying_key()), Ok(list));
        let bit = flip.index(signed.len() * 8);
        *signed.get_mut(bit / 8).unwrap() ^= 1 << (bit % 8);
        prop_assert!(Allowlist::verify(&signed, &controller(), &key.verifying_key()).is_err());
    }

    #[test]
    fn a_changed_sealed_message_is_refused(message in up(Profile::Sealed), other in up(Profile::Sealed), mutation in mutation()) {
        let bytes = message.encode(&controller(), Protection::Sealed(&KEY));
        let other = other.encode(&controller(), Protection::Sealed(&KEY));
        let mut flipped = bytes.clone();
        mutation.flip(&mut flipped);
        let spliced = mutation.splice(&bytes, &other);
        for changed in [flipped, spliced] {
            if changed != bytes && changed != other {
                let outcome = Up::decode(&controller(), message.channel(), &changed, Protection::Sealed(&KEY));
                prop_assert!(is_broken_seal(&outcome) || changed.starts_with(&bytes) && outcome.is_err());
            }
        }
        for outcome in [
            Up::decode(&controller(), message.channel(), &bytes, Protection::Sealed(&Key::new([0x43; 32]))),
            Up::decode(&ControllerId::parse("other").unwrap(), message.channel(), &bytes, Protection::Sealed(&KEY)),
        ] {
            prop_assert!(is_broken_seal(&outcome));
        }
    }

    #[test]
    fn changed_messages_never_panic(
        (profile, message, other) in with_profile(up),
        (_, answer, _) in with_profile(down),
        mutation in mutation(),
    ) {
        let ours = controller();
        for bytes in [message.encode(&ours, protection(profile)), answer.encode(&ours, protection(profile))] {
            let mut changed = mutation.splice(&bytes, &other.encode(&ours, protection(profile)));
            mutation.flip(&mut changed);
            read_everywhere(&changed);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..2048)) {
        read_everywhere(&bytes);
    }

    #[test]
    fn arbitrary_json_never_panics(text in r#"\{("[a-z]{1,9}":("[0-9a-f]{0,32}"|[0-9.e-]{1,5}|\[|\]|\{|\}|null),?){0,9}\}?"#) {
        read_everywhere(text.as_bytes());
    }

    #[test]
    fn a_plain_message_is_never_taken_where_a_key_is_held((_, message, _) in with_profile(up)) {
        let bytes = message.encode(&controller(), Protection::Plain);
        let outcome = Up::decode(&controller(), message.channel(), &bytes, Protection::Sealed(&KEY));
        prop_assert_eq!(outcome, Err(Refused::Unsealed));
    }

    #[test]
    fn arbitrary_texts_are_topics_only_if_they_are_written_so(text in "(tremen/1/c/)?[a-z-]{0,3}/(up/ask|down/order|[a-z/]{0,9})") {
        if let Some(topic) = Topic::parse(&text) {
            prop_assert_eq!(topic.to_string(), text);
        }
    }

    #[test]
    fn a_card_is_believed_only_with_its_own_mac(key: [u8; 16], uid: [u8; 7], counter in 0_u32..1 << 24, text: Vec<u8>, guess: [u8; 8]) {
        let mac = ntag424::session_mac(&key, &uid, counter, &text);
        prop_assert!(ntag424::verify(&key, &uid, counter, &text, &mac));
        prop_assert_eq!(ntag424::verify(&key, &uid, counter, &text, &guess), guess == mac);
    }
}
