//! Tests: each rule that the page sets for messages has a case here that is refused for breaking it, in both profiles.
//! Start at [`EXAMPLES`]: every message with all its keys, and those that it must have.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::fields::{Fields, Label, Value};
use crate::message::Message;
use crate::{
    Channel, ControllerId, Down, Hello, Key, MAX_DOWN, MAX_UP, Malformed, MalformedKind, Nonce, Profile, Protection,
    Refused, Up, cbor, json, seal,
};

/// A message with all the keys that it must or may have.
struct Example {
    channel: Channel,
    plain: &'static str,
    /// Keys that it must have in both profiles.
    needed: &'static str,
    /// Keys that it must have in sealed.
    needed_in_sealed: &'static str,
}

const fn example(
    channel: Channel,
    plain: &'static str,
    needed: &'static str,
    needed_in_sealed: &'static str,
) -> Example {
    Example { channel, plain, needed, needed_in_sealed }
}

const EXAMPLES: &[Example] = &[
    example(
        Channel::Hello,
        r#"{"challenge":"2c6d07c368622aaff1ed0b1c60339abd","at":9,"firmware":"acme 1.2.0","capabilities":["lcd"],"last_order":41,"running":["f9844752f1080f1b"]}"#,
        "challenge firmware capabilities last_order running",
        "",
    ),
    example(
        Channel::Welcome,
        r#"{"link":"7fabd6442ed7c5ee","challenge":"2c6d07c368622aaff1ed0b1c60339abd","at":9,"machines":[{"machine":"m","on_lost":"immediate","title":"M","state":"free"}]}"#,
        "link challenge at machines",
        "",
    ),
    example(
        Channel::Ask,
        r#"{"link":"7fabd6442ed7c5ee","n":2,"nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"m","reading":{"uid":"a1b2c3"},"intent":"end","at":9}"#,
        "nonce machine reading",
        "link n at",
    ),
    example(
        Channel::Answer,
        r#"{"link":"7fabd6442ed7c5ee","nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"m","verdict":"grant","lcd":["a","b"],"session":"f9844752f1080f1b","lease":60,"until":99,"on_lost":{"graceful":20}}"#,
        "nonce machine verdict lcd session lease on_lost",
        "link",
    ),
    example(
        Channel::Answer,
        r#"{"link":"7fabd6442ed7c5ee","nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"m","verdict":"done","lcd":["a","b"],"session":"f9844752f1080f1b"}"#,
        "nonce machine verdict lcd",
        "link",
    ),
    example(
        Channel::Answer,
        r#"{"link":"7fabd6442ed7c5ee","nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"m","verdict":"deny","reason":"no_award","reasons":["no_award"],"lcd":["a","b"]}"#,
        "nonce machine verdict reason reasons lcd",
        "link",
    ),
    example(
        Channel::Answer,
        r#"{"link":"7fabd6442ed7c5ee","nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"m","verdict":"more","reason":"supervisor_needed","reasons":["supervisor_needed"],"lcd":["a","b"]}"#,
        "nonce machine verdict reason reasons lcd",
        "link",
    ),
    report(r#""event":"linked""#, "event"),
    report(r#""event":"started""#, "event machine session relay"),
    report(r#""event":"alive""#, "event machine session relay"),
    report(r#""event":"ended""#, "event machine session relay"),
    report(r#""event":"confirmed""#, "event order"),
    report(r#""event":"refused""#, "event order"),
    report(r#""event":"relay""#, "event machine relay"),
    report(r#""event":"tamper""#, "event"),
    report(r#""event":"fault""#, "event machine"),
    report(r#""event":"button""#, "event machine"),
    report(r#""event":"offline_use""#, "event machine entry at"),
    example(
        Channel::Lease,
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"m","session":"f9844752f1080f1b","lease":60,"until":99,"on_lost":{"finish_job":20}}"#,
        "machine session lease on_lost",
        "link n",
    ),
    example(
        Channel::Lease,
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"m","session":"f9844752f1080f1b","lease":0,"until":99,"on_lost":"immediate"}"#,
        "machine session lease",
        "link n",
    ),
    order(r#""action":"stop""#, "order action machine session stop reason"),
    order(r#""action":"lock""#, "order action machine"),
    order(r#""action":"unlock""#, "order action machine"),
    order(r#""action":"identify""#, "order action"),
];

/// Stands for the event or the action, which the example names itself.
const REPORT: &str = r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"m","session":"f9844752f1080f1b","order":42,@,"at":9,"relay":true,"load":1,"used":2,"detail":"d","entry":"bdd2f8deb68092e4"}"#;
const ORDER: &str = r#"{"link":"7fabd6442ed7c5ee","machine":"m","reason":"why","lcd":["a","b"],"session":"f9844752f1080f1b","order":42,@,"stop":"immediate","detail":"d"}"#;

const fn report(event: &'static str, needed: &'static str) -> Example {
    example(Channel::Report, event, needed, "link n")
}

const fn order(action: &'static str, needed: &'static str) -> Example {
    example(Channel::Order, action, needed, "link")
}

const KEY: Key = Key::new([0x42; 32]);
const NONCE: &str = "f43e96b9ea8bfca60a37c36b08b94e9e";

fn controller() -> ControllerId {
    ControllerId::parse("ubo-laser").unwrap()
}

impl Example {
    fn json(&self) -> String {
        match (self.channel, self.plain.starts_with('{')) {
            (_, true) => self.plain.into(),
            (Channel::Report, false) => REPORT.replace('@', self.plain),
            (_, false) => ORDER.replace('@', self.plain),
        }
    }

    /// The message in a profile, with the names of its keys in the same order.
    fn fields(&self, profile: Profile) -> (Fields, Vec<String>) {
        let (plain, outcome) = json::read(self.json().as_bytes());
        assert_eq!(outcome, Ok(()));
        let names = plain.entries().iter().map(|(label, _)| name_of(label)).collect();
        let mut fields = Fields::new(profile);
        if self.channel.is_up() {
            match Up::decode(&controller(), self.channel, self.json().as_bytes(), Protection::Plain).unwrap() {
                Up::Hello(hello) => hello.write(&mut fields),
                Up::Ask(ask) => ask.write(&mut fields),
                Up::Report(report) => report.write(&mut fields),
            }
        } else {
            match Down::decode(&controller(), self.channel, self.json().as_bytes(), Protection::Plain).unwrap() {
                Down::Welcome(welcome) => welcome.write(&mut fields),
                Down::Answer(answer) => answer.write(&mut fields),
                Down::Lease(lease) => lease.write(&mut fields),
                Down::Order(order) => order.write(&mut fields),
            }
        }
        (fields, names)
    }

    fn needs(&self, profile: Profile, key: &str) -> bool {
        let needed = self.needed.split(' ').any(|needed| needed == key);
        needed || profile == Profile::Sealed && self.needed_in_sealed.split(' ').any(|needed| needed == key)
    }
}

fn name_of(label: &Label) -> String {
    match label {
        Label::Name(name) => name.clone(),
        Label::Number(number) => format!("{number}"),
    }
}

/// What a receiver makes of a map of keys, well sealed if need be.
fn outcome(channel: Channel, profile: Profile, fields: &Fields) -> Result<(), Refused> {
    let (bytes, protection) = match profile {
        Profile::Plain => (json::write(fields), Protection::Plain),
        Profile::Sealed => (seal::seal(&cbor::write(fields), &controller(), channel, &KEY), Protection::Sealed(&KEY)),
    };
    received(channel, &bytes, protection)
}

fn received(channel: Channel, bytes: &[u8], protection: Protection<'_>) -> Result<(), Refused> {
    if channel.is_up() {
        Up::decode(&controller(), channel, bytes, protection).map(|_| ())
    } else {
        Down::decode(&controller(), channel, bytes, protection).map(|_| ())
    }
}

fn kind(outcome: Result<(), Refused>) -> Option<MalformedKind> {
    match outcome {
        Err(Refused::Malformed(malformed)) => Some(malformed.kind),
        Err(other) => panic!("{other}"),
        Ok(()) => None,
    }
}

/// The same map with the entry at an index replaced or left out.
fn with(fields: &Fields, profile: Profile, index: usize, value: Option<Value>) -> Fields {
    let mut changed = Fields::new(profile);
    for (at, (label, old)) in fields.entries().iter().enumerate() {
        if at != index {
            changed.push(label.clone(), old.clone());
        } else if let Some(value) = &value {
            changed.push(label.clone(), value.clone());
        }
    }
    changed
}

/// The same map with one more entry.
fn and(fields: &Fields, profile: Profile, label: Label, value: Value) -> Fields {
    let mut changed = Fields::new(profile);
    fields.entries().iter().cloned().for_each(|(label, value)| changed.push(label, value));
    changed.push(label, value);
    changed
}

#[test]
fn a_message_without_a_key_that_it_must_have_is_malformed_and_without_another_it_is_not() {
    for example in EXAMPLES {
        for &profile in Profile::ALL {
            let (fields, names) = example.fields(profile);
            assert_eq!(outcome(example.channel, profile, &fields), Ok(()), "{}", example.json());
            assert_eq!(fields.len(), names.len());
            for (index, name) in names.iter().enumerate() {
                let got = kind(outcome(example.channel, profile, &with(&fields, profile, index, None)));
                let missing = match got {
                    Some(MalformedKind::Missing(missing)) => Some(missing),
                    None => None,
                    other => panic!("{other:?}"),
                };
                let expected = example.needs(profile, name).then_some(name.as_str());
                assert_eq!(missing, expected, "{name} of {profile} {}", example.json());
            }
        }
    }
}

/// Values that a key must not have.
fn wrong_values(name: &str, profile: Profile) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.into());
    let array = |items: &[Value]| Value::Array(items.into());
    let map = |entries: &[(u64, &str, Value)]| {
        let mut fields = Fields::new(profile);
        for (number, name, value) in entries {
            fields.push(
                match profile {
                    Profile::Plain => Label::Name((*name).into()),
                    Profile::Sealed => Label::Number(*number),
                },
                value.clone(),
            );
        }
        Value::Map(fields)
    };
    let uint = Value::Uint(1);
    let of_bytes = |length: usize| Value::Bytes(vec![0xab; length]);
    let mut wrong = vec![Value::Other, map(&[]), array(&[Value::Other]), array(&[array(&[])])];
    match name {
        "link" | "session" | "entry" => {
            wrong.extend([uint, Value::Bool(true), of_bytes(0), of_bytes(7), of_bytes(9), text("zz")]);
            // The other profile's spelling, and upper case.
            wrong.push(match profile {
                Profile::Plain => text("7FABD6442ED7C5EE"),
                Profile::Sealed => text("7fabd6442ed7c5ee"),
            });
        }
        "challenge" | "nonce" => {
            wrong.extend([uint, Value::Bool(true), of_bytes(0), of_bytes(15), of_bytes(17), text("zz")]);
        }
        "n" | "lease" | "until" | "order" | "at" | "load" | "used" | "last_order" => {
            wrong.extend([Value::Bool(false), of_bytes(1), text("1"), text("")]);
        }
        "relay" => wrong.extend([uint, Value::Uint(0), text("true"), of_bytes(1)]),
        "machine" | "reason" => wrong.extend([uint, Value::Bool(true)]),
        "firmware" => wrong.extend([uint, text(&"x".repeat(65)), text(&"é".repeat(33))]),
        "detail" => wrong.extend([uint, text(&"x".repeat(201)), text(&"é".repeat(101))]),
        "intent" | "verdict" | "action" | "event" => {
            wrong.extend([uint, Value::Bool(true), text(""), text("Use"), text("later"), text("grant ")]);
        }
        "reasons" | "capabilities" => wrong.extend([uint.clone(), text("no_award"), array(&[text("a"), uint])]),
        "running" => wrong.extend([uint, of_bytes(8), array(&[of_bytes(8), of_bytes(7)])]),
        "lcd" => wrong.extend([
            text("a"),
            array(&[]),
            array(&[text("a")]),
            array(&[text("a"), text("b"), text("c")]),
            array(&[text("a"), uint]),
            array(&[text("a"), text("123456789012345678901")]),
            array(&[text("Découpe"), text("")]),
            array(&[text("a\n"), text("")]),
            array(&[text("a"), text("\u{7f}")]),
        ]),
        "on_lost" | "stop" => wrong.extend([
            uint.clone(),
            Value::Bool(true),
            text("graceful"),
            text(""),
            map(&[(28, "graceful", text("20"))]),
            map(&[(99, "brutal", uint.clone())]),
            map(&[(28, "graceful", uint.clone()), (34, "finish_job", uint.clone())]),
            map(&[(28, "graceful", uint.clone()), (99, "brutal", uint)]),
        ]),
        "reading" => wrong.extend([
            uint.clone(),
            of_bytes(7),
            text("a1b2c3d4"),
            map(&[(1, "uid", of_bytes(2))]),
            map(&[(1, "uid", of_bytes(11))]),
            map(&[(1, "uid", uint)]),
            map(&[(2, "picc", of_bytes(16))]),
            map(&[(3, "mac", of_bytes(8))]),
            map(&[(4, "text", text("a"))]),
            map(&[(2, "picc", of_bytes(15)), (3, "mac", of_bytes(8))]),
            map(&[(2, "picc", of_bytes(16)), (3, "mac", of_bytes(16))]),
            map(&[(2, "picc", of_bytes(16)), (3, "mac", of_bytes(8)), (4, "text", Value::Uint(1))]),
            map(&[(1, "uid", of_bytes(7)), (4, "text", text("a"))]),
            map(&[(1, "uid", of_bytes(7)), (5, "code", text("a"))]),
            map(&[(1, "uid", of_bytes(7)), (2, "picc", of_bytes(16)), (3, "mac", of_bytes(8))]),
            map(&[(2, "picc", of_bytes(16)), (3, "mac", of_bytes(8)), (5, "code", text("a"))]),
            map(&[(5, "code", text(&"x".repeat(33)))]),
            map(&[(5, "code", text(&"é".repeat(17)))]),
        ]),
        "machines" => {
            let whole = [
                (5, "machine", text("m")),
                (15, "on_lost", text("immediate")),
                (29, "title", text("M")),
                (30, "state", text("free")),
            ];
            wrong.extend([uint.clone(), text("m"), array(&[text("m")])]);
            for left_out in 0..whole.len() {
                let mut part = whole.to_vec();
                part.remove(left_out);
                wrong.push(array(&[map(&whole), map(&part)]));
                let mut odd = whole.to_vec();
                odd[left_out].2 = uint.clone();
                wrong.push(array(&[map(&odd)]));
            }
            let mut silent = whole.to_vec();
            silent[3].2 = text("silent");
            wrong.push(array(&[map(&silent)]));
        }
        other => panic!("no wrong values for {other}"),
    }
    wrong
}

#[test]
fn a_message_with_a_wrong_type_or_length_is_malformed() {
    for example in EXAMPLES {
        for &profile in Profile::ALL {
            let (fields, names) = example.fields(profile);
            for (index, name) in names.iter().enumerate() {
                for value in wrong_values(name, profile) {
                    let changed = with(&fields, profile, index, Some(value.clone()));
                    let got = kind(outcome(example.channel, profile, &changed));
                    assert!(
                        matches!(got, Some(MalformedKind::Type(key)) if key == name),
                        "{got:?}: {name} = {value:?} of {profile} {}",
                        example.json()
                    );
                }
            }
        }
    }
}

#[test]
fn keys_that_are_not_in_the_table_are_ignored() {
    for example in EXAMPLES {
        for &profile in Profile::ALL {
            let (fields, _) = example.fields(profile);
            let unknown = match profile {
                Profile::Plain => [Label::Name("99".into()), Label::Name("Link".into())],
                Profile::Sealed => [Label::Number(99), Label::Name("link".into())],
            };
            for label in unknown {
                let more = and(&fields, profile, label, Value::Array([Value::Other, Value::Bool(true)].into()));
                assert_eq!(outcome(example.channel, profile, &more), Ok(()), "{}", example.json());
            }
        }
    }
}

#[test]
fn a_key_that_is_there_twice_is_malformed() {
    for example in EXAMPLES {
        for &profile in Profile::ALL {
            let (fields, _) = example.fields(profile);
            for (label, value) in fields.entries().iter().cloned() {
                let twice = and(&fields, profile, label, value);
                let got = kind(outcome(example.channel, profile, &twice));
                assert_eq!(got, Some(MalformedKind::Duplicate), "{}", example.json());
            }
        }
    }
}

#[test]
fn bytes_after_a_message_make_it_malformed() {
    for example in EXAMPLES {
        let (fields, _) = example.fields(Profile::Sealed);
        let sealed = |payload: &[u8]| seal::seal(payload, &controller(), example.channel, &KEY);
        let after_the_message = [sealed(&cbor::write(&fields)), vec![0]].concat();
        let after_the_map = sealed(&[cbor::write(&fields), vec![0]].concat());
        for bytes in [after_the_message, after_the_map] {
            let got = kind(received(example.channel, &bytes, Protection::Sealed(&KEY)));
            assert_eq!(got, Some(MalformedKind::Trailing), "{}", example.json());
        }
        for after in [" ", "\n", "{}", "x"] {
            let got = kind(received(example.channel, (example.json() + after).as_bytes(), Protection::Plain));
            assert_eq!(got, Some(MalformedKind::Trailing), "{}", example.json());
        }
    }
}

#[test]
fn a_message_over_the_limit_is_malformed_and_one_at_the_limit_is_not() {
    for example in EXAMPLES {
        let longest = if example.channel.is_up() { MAX_UP } else { MAX_DOWN };
        for &profile in Profile::ALL {
            let (fields, _) = example.fields(profile);
            let sized = |padding: usize| {
                let label = match profile {
                    Profile::Plain => Label::Name("pad".into()),
                    Profile::Sealed => Label::Number(99),
                };
                let padded = and(&fields, profile, label, Value::Text("x".repeat(padding)));
                match profile {
                    Profile::Plain => json::write(&padded),
                    Profile::Sealed => seal::seal(&cbor::write(&padded), &controller(), example.channel, &KEY),
                }
            };
            let protection = match profile {
                Profile::Plain => Protection::Plain,
                Profile::Sealed => Protection::Sealed(&KEY),
            };
            // From 256 bytes on, all lengths within are written in the same width.
            let padding = 256 + longest - sized(256).len();
            assert_eq!(sized(padding).len(), longest);
            assert_eq!(received(example.channel, &sized(padding), protection), Ok(()));
            let refused = received(example.channel, &sized(padding + 1), protection);
            let nonce = if example.channel == Channel::Ask { Nonce::from_hex(NONCE) } else { None };
            let expected = Malformed { kind: MalformedKind::TooLong, nonce };
            assert_eq!(refused, Err(expected.into()), "{}", example.json());
        }
    }
}

#[test]
fn texts_at_their_limit_are_taken() {
    let at_limit = |channel, plain: &str| assert_eq!(received(channel, plain.as_bytes(), Protection::Plain), Ok(()));
    let (x, e) = ("x".repeat(64), "é".repeat(32));
    for firmware in [x, e] {
        at_limit(
            Channel::Hello,
            &format!(
                r#"{{"challenge":"2c6d07c368622aaff1ed0b1c60339abd","firmware":"{firmware}","capabilities":[],"last_order":0,"running":[]}}"#
            ),
        );
    }
    at_limit(Channel::Report, &format!(r#"{{"event":"tamper","detail":"{}"}}"#, "x".repeat(200)));
    at_limit(
        Channel::Ask,
        &format!(r#"{{"nonce":"{NONCE}","machine":"m","reading":{{"code":"{}"}}}}"#, "x".repeat(32)),
    );
    at_limit(Channel::Order, r#"{"order":1,"action":"identify","lcd":["12345678901234567890"," ~"]}"#);
}

#[test]
fn capabilities_that_we_do_not_know_are_kept_out() {
    let text = br#"{"challenge":"2c6d07c368622aaff1ed0b1c60339abd","firmware":"","capabilities":["lcd","teleport","load"],"last_order":0,"running":[]}"#;
    let up = Up::decode(&controller(), Channel::Hello, text, Protection::Plain);
    let Ok(Up::Hello(Hello { capabilities, .. })) = up else { panic!("{up:?}") };
    assert_eq!(capabilities, [crate::Capability::Lcd, crate::Capability::Load]);
}

#[test]
fn a_lease_names_both_session_and_machine_or_neither() {
    for (rest, missing) in [
        (r#""lease":0"#, None),
        (r#""lease":0,"machine":"m""#, Some("session")),
        (r#""lease":0,"session":"f9844752f1080f1b""#, Some("machine")),
        (r#""lease":1,"on_lost":"immediate""#, Some("machine")),
    ] {
        let got = kind(received(Channel::Lease, format!("{{{rest}}}").as_bytes(), Protection::Plain));
        assert_eq!(got, missing.map(MalformedKind::Missing), "{rest}");
    }
}

#[test]
fn what_is_not_of_the_profile_is_refused() {
    for example in EXAMPLES {
        let (fields, _) = example.fields(Profile::Sealed);
        let sealed = seal::seal(&cbor::write(&fields), &controller(), example.channel, &KEY);
        assert_eq!(kind(received(example.channel, &sealed, Protection::Plain)), Some(MalformedKind::NotJson));
        for unsealed in [example.json().as_bytes(), &cbor::write(&fields), b"", b"online"] {
            assert_eq!(received(example.channel, unsealed, Protection::Sealed(&KEY)), Err(Refused::Unsealed));
        }
    }
}

#[test]
fn a_channel_carries_its_own_direction_only() {
    for &channel in Channel::ALL {
        let up = Up::decode(&controller(), channel, b"{}", Protection::Plain);
        let down = Down::decode(&controller(), channel, b"{}", Protection::Plain);
        let wrong = Refused::Malformed(Malformed { kind: MalformedKind::Channel, nonce: None });
        let carried = match channel {
            Channel::Hello | Channel::Ask | Channel::Report => (true, false),
            Channel::Welcome | Channel::Answer | Channel::Lease | Channel::Order => (false, true),
            Channel::Alive | Channel::Allowlist => (false, false),
        };
        assert_eq!((up != Err(wrong), down != Err(wrong)), carried, "{channel:?}");
    }
}

#[test]
fn of_a_malformed_ask_the_nonce_is_told_if_it_can_be_read() {
    let nonce = Nonce::from_hex(NONCE);
    for (text, kind, told) in [
        (format!(r#"{{"nonce":"{NONCE}"}}"#), MalformedKind::Missing("machine"), nonce),
        (format!(r#"{{"nonce":"{NONCE}","machine":7}}"#), MalformedKind::Type("machine"), nonce),
        (format!(r#"{{"nonce":"{NONCE}","machine":"m","machine":"m"}}"#), MalformedKind::Duplicate, nonce),
        (format!(r#"{{"nonce":"{NONCE}","machine":"m"#), MalformedKind::NotJson, nonce),
        (format!(r#"{{"nonce":"{NONCE}"}}x"#), MalformedKind::Trailing, nonce),
        // Two nonces: neither is believed.
        (format!(r#"{{"nonce":"{NONCE}","nonce":"{NONCE}"}}"#), MalformedKind::Duplicate, None),
        (r#"{"nonce":"f43e"}"#.into(), MalformedKind::Type("nonce"), None),
        (r#"{"machine":"m"}"#.into(), MalformedKind::Missing("nonce"), None),
        (r#"["nonce"]"#.into(), MalformedKind::NotJson, None),
    ] {
        let refused = received(Channel::Ask, text.as_bytes(), Protection::Plain);
        assert_eq!(refused, Err(Malformed { kind, nonce: told }.into()), "{text}");
    }
    // Of other messages, nothing is told: nothing is answered.
    let text = format!(r#"{{"nonce":"{NONCE}"}}"#);
    let refused = received(Channel::Report, text.as_bytes(), Protection::Plain);
    assert_eq!(refused, Err(Malformed { kind: MalformedKind::Missing("event"), nonce: None }.into()));
}

#[test]
fn a_payload_that_is_not_deterministic_is_refused_although_well_sealed() {
    let fields = EXAMPLES[7].fields(Profile::Sealed).0;
    let payload = cbor::write(&fields);
    assert_eq!(payload[..2], [0xac, 0x01], "a map of twelve, key 1 first");
    let sealed = |payload: &[u8]| seal::seal(payload, &controller(), Channel::Report, &KEY);
    for (payload, expected) in [
        (payload.clone(), None),
        ([&[0xb8, 0x0c], &payload[1..]].concat(), Some(MalformedKind::NotDeterministic)),
        ([&[0xbf], &payload[1..], &[0xff]].concat(), Some(MalformedKind::NotDeterministic)),
        ([&[0xac, 0x18, 0x01], &payload[2..]].concat(), Some(MalformedKind::NotDeterministic)),
        ([&[0xad], &payload[1..], &[0x00, 0x00]].concat(), Some(MalformedKind::NotDeterministic)),
        (payload[..payload.len() - 1].to_vec(), Some(MalformedKind::NotCbor)),
        (vec![0x80], Some(MalformedKind::NotCbor)),
        (vec![], Some(MalformedKind::NotCbor)),
    ] {
        let got = kind(received(Channel::Report, &sealed(&payload), Protection::Sealed(&KEY)));
        assert_eq!(got, expected, "{payload:02x?}");
    }
}
