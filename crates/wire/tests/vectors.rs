//! The vectors of the Tremen wire, version 1, and of NTAG 424 DNA cards, which other implementations made.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a vector that cannot be read fails its test")]
#![expect(clippy::indexing_slicing, reason = "helpers of tests; a vector without the key fails its test")]

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;
use serde_json::Value;
use tremen_wire::{
    Allowlist, AllowlistError, Channel, ControllerId, Down, Key, ListedMachine, MalformedKind, Nonce, Protection,
    Refused, Topic, Uid, Up, ntag424,
};

fn protocol() -> Value {
    serde_json::from_str(include_str!("vectors/protocol.json")).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn unhex(value: &Value) -> Vec<u8> {
    let digits = text(value).as_bytes();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    unhex(value).try_into().unwrap()
}

fn key() -> Key {
    Key::from_hex(text(&protocol()["key"])).unwrap()
}

/// A message of either direction.
#[derive(Debug, PartialEq)]
enum Message {
    Up(Up),
    Down(Down),
}

fn decode(topic: &Topic, bytes: &[u8], protection: Protection<'_>) -> Result<Message, Refused> {
    if topic.channel.is_up() {
        Up::decode(&topic.controller, topic.channel, bytes, protection).map(Message::Up)
    } else {
        Down::decode(&topic.controller, topic.channel, bytes, protection).map(Message::Down)
    }
}

fn encode(message: &Message, topic: &Topic, protection: Protection<'_>) -> Vec<u8> {
    match message {
        Message::Up(up) => {
            assert_eq!(up.channel(), topic.channel);
            up.encode(&topic.controller, protection)
        }
        Message::Down(down) => {
            assert_eq!(down.channel(), topic.channel);
            down.encode(&topic.controller, protection)
        }
    }
}

#[test]
fn every_good_message_is_the_same_in_both_profiles_and_both_directions() {
    let (protocol, key) = (protocol(), key());
    for good in items(&protocol["good"]) {
        let name = text(&good["name"]);
        let topic = Topic::parse(text(&good["topic"])).unwrap();
        let sealed = unhex(&good["sealed"]);
        let plain = serde_json::to_vec(&good["plain"]).unwrap();

        let message = decode(&topic, &sealed, Protection::Sealed(&key)).unwrap();
        assert_eq!(decode(&topic, &plain, Protection::Plain).as_ref(), Ok(&message), "{name}");

        let plain_again: Value = serde_json::from_slice(&encode(&message, &topic, Protection::Plain)).unwrap();
        let sealed_again = encode(&message, &topic, Protection::Sealed(&key));
        if topic.channel == Channel::Ask && good["plain"]["intent"].is_null() {
            // The default may be left out; we spell it.
            let mut spelt = good["plain"].clone();
            spelt["intent"] = "use".into();
            assert_eq!(plain_again, spelt, "{name}");
            assert_eq!(decode(&topic, &sealed_again, Protection::Sealed(&key)).as_ref(), Ok(&message), "{name}");
        } else {
            assert_eq!(plain_again, good["plain"], "{name}");
            assert_eq!(sealed_again, sealed, "{name}");
        }
    }
}

#[test]
fn every_bad_message_is_refused_for_its_reason() {
    let (protocol, key) = (protocol(), key());
    for bad in items(&protocol["bad"]) {
        let name = text(&bad["name"]);
        let topic = Topic::parse(text(&bad["topic"])).unwrap();
        let refused = decode(&topic, &unhex(&bad["sealed"]), Protection::Sealed(&key)).unwrap_err();
        let the_tap = Nonce::from_hex("f43e96b9ea8bfca60a37c36b08b94e9e");
        let expected = match name {
            "a nonce of 15 bytes, well sealed" => (MalformedKind::Type("nonce"), None),
            "bytes after the message" => (MalformedKind::Trailing, the_tap),
            "no clock, well sealed" => (MalformedKind::Missing("at"), the_tap),
            "no nonce, well sealed" => (MalformedKind::Missing("nonce"), None),
            "a stop policy with two ways, well sealed" => (MalformedKind::Type("stop"), None),
            "two readings at once, well sealed" => (MalformedKind::Type("reading"), the_tap),
            _ => {
                assert_eq!(refused, Refused::BadSeal, "{name}");
                continue;
            }
        };
        let Refused::Malformed(malformed) = refused else { panic!("{name}: {refused}") };
        assert_eq!((malformed.kind, malformed.nonce), expected, "{name}");
    }
}

#[test]
fn no_bit_of_a_sealed_message_can_be_changed() {
    let (protocol, key) = (protocol(), key());
    for good in items(&protocol["good"]) {
        let topic = Topic::parse(text(&good["topic"])).unwrap();
        let sealed = unhex(&good["sealed"]);
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let refused = decode(&topic, &changed, Protection::Sealed(&key)).unwrap_err();
            assert!(matches!(refused, Refused::BadSeal | Refused::Unsealed), "{}: bit {bit}", good["name"]);
        }
    }
}

#[test]
fn no_sealed_message_can_be_cut_or_moved() {
    let (protocol, key) = (protocol(), key());
    let ours = ControllerId::parse(text(&protocol["controller"])).unwrap();
    for good in items(&protocol["good"]) {
        let topic = Topic::parse(text(&good["topic"])).unwrap();
        let sealed = unhex(&good["sealed"]);
        for length in 0..sealed.len() {
            let refused = decode(&topic, &sealed[..length], Protection::Sealed(&key)).unwrap_err();
            assert!(matches!(refused, Refused::BadSeal | Refused::Unsealed), "{}: {length}", good["name"]);
        }
        for &channel in Channel::ALL {
            for controller in [ours.clone(), ControllerId::parse("other").unwrap()] {
                let elsewhere = Topic { controller, channel };
                if elsewhere != topic {
                    assert!(decode(&elsewhere, &sealed, Protection::Sealed(&key)).is_err(), "{elsewhere}");
                }
            }
        }
    }
}

/// The list of the vectors, with its topic's controller, the network's key and its bytes.
fn list() -> (Allowlist, ControllerId, VerifyingKey, Vec<u8>) {
    let protocol = protocol();
    let vector = &protocol["allowlist"];
    let salt = array(&vector["salt"]);
    let mut machines: BTreeMap<String, ListedMachine> = BTreeMap::new();
    for (machine, opening) in vector["opening"].as_object().unwrap() {
        let pair = |pair: &Value| (pair[0].as_u64().unwrap(), pair[1].as_u64().unwrap());
        machines.entry(machine.clone()).or_default().opening = items(opening).iter().map(pair).collect();
    }
    for person in items(&vector["people"]) {
        let tag = Allowlist::tag(&salt, &Uid::new(&unhex(&person["uid"])).unwrap());
        let listed = machines.entry(text(&person["machine"]).into()).or_default();
        listed.people.push((tag, person["until"].as_u64().unwrap()));
    }
    let list = Allowlist {
        version: vector["version"].as_u64().unwrap(),
        issued_s: vector["issued"].as_u64().unwrap(),
        not_after_s: vector["not_after"].as_u64().unwrap(),
        salt,
        machines,
    };
    let topic = Topic::parse(text(&vector["topic"])).unwrap();
    assert_eq!(topic.channel, Channel::Allowlist);
    let key = VerifyingKey::from_bytes(&array(&vector["public_key"])).unwrap();
    (list, topic.controller, key, unhex(&vector["signed"]))
}

#[test]
fn the_signed_list_is_read_as_it_was_meant() {
    let (list, controller, key, signed) = list();
    assert_eq!(Allowlist::verify(&signed, &controller, &key), Ok(list));
}

#[test]
fn no_bit_of_a_signed_list_can_be_changed_and_it_is_for_one_controller() {
    let (_, controller, key, signed) = list();
    for bit in 0..signed.len() * 8 {
        let mut changed = signed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let refused = Allowlist::verify(&changed, &controller, &key);
        assert_eq!(refused, Err(AllowlistError::BadSignature), "bit {bit}");
    }
    for length in 0..signed.len() {
        assert_eq!(
            Allowlist::verify(&signed[..length], &controller, &key),
            Err(AllowlistError::BadSignature),
            "{length}"
        );
    }
    let other = ControllerId::parse("other").unwrap();
    assert_eq!(Allowlist::verify(&signed, &other, &key), Err(AllowlistError::BadSignature));
    let followed = [signed, vec![0]].concat();
    assert_eq!(Allowlist::verify(&followed, &controller, &key), Err(MalformedKind::Trailing.into()));
}

fn cards() -> Value {
    serde_json::from_str(include_str!("vectors/ntag424.json")).unwrap()
}

#[test]
fn every_card_message_is_verified() {
    for card in items(&cards()["sun"]) {
        let name = text(&card["name"]);
        let (uid, counter) = (array(&card["uid"]), u32::try_from(card["counter"].as_u64().unwrap()).unwrap());
        if !card["picc"].is_null() {
            let opened = ntag424::open_picc(&array(&card["meta_key"]), &array(&card["picc"]));
            assert_eq!(opened, Some((uid, counter)), "{name}");
        }
        let (file_key, covered, mac) = (array(&card["file_key"]), text(&card["text"]).as_bytes(), array(&card["mac"]));
        assert_eq!(ntag424::session_mac(&file_key, &uid, counter, covered), mac, "{name}");
        assert!(ntag424::verify(&file_key, &uid, counter, covered, &mac), "{name}");

        for bit in 0..64 {
            let mut changed = mac;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!ntag424::verify(&file_key, &uid, counter, covered, &changed), "{name}: bit {bit}");
        }
        assert!(!ntag424::verify(&file_key, &uid, counter + 1, covered, &mac), "{name}: another counter");
        assert!(!ntag424::verify(&[1; 16], &uid, counter, covered, &mac), "{name}: another key");
        assert!(!ntag424::verify(&file_key, &[4; 7], counter, covered, &mac), "{name}: another card");
        assert!(!ntag424::verify(&file_key, &uid, counter, b"other", &mac), "{name}: another text");
    }
}

#[test]
fn every_key_of_a_single_card_is_diversified() {
    for vector in items(&cards()["diversify"]) {
        let diversified = ntag424::diversify(&array(&vector["key"]), &unhex(&vector["input"]));
        assert_eq!(diversified, Some(array(&vector["out"])));
    }
}
