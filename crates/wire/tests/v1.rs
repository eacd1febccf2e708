//! The bytes of the Tremen wire, version 1, for every kind of message and every variant.
//!
//! If a test here fails, do not change the test: controllers on walls speak these bytes. New bytes mean a new version
//! of the protocol and a new file beside this one. The sealed bytes were made by a second implementation.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a fixture that cannot be read fails its test")]

use std::collections::BTreeMap;

use tremen_wire::{
    Action, Allowlist, Answer, Ask, Capability, Challenge, ControllerId, Down, EntryTag, Event, Hello, Intent, Key,
    Lease, Link, ListedMachine, MachineCard, Nonce, Order, Outcome, Protection, Reading, Report, SessionId, ShownState,
    StopPolicy, Uid, Up, Welcome,
};

fn controller() -> ControllerId {
    ControllerId::parse("ubo-laser").unwrap()
}

fn key() -> Key {
    Key::from_hex("2a5c66678ebeea61c4a70ef207cd20651bdeb8d518cfd5b1f81a63bce79fa627").unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Holds what a controller says to its bytes, in both directions and both profiles.
fn up(message: &Up, plain: &str, sealed: &str) {
    let (from, key) = (controller(), key());
    assert_eq!(str::from_utf8(&message.encode(&from, Protection::Plain)).unwrap(), plain);
    assert_eq!(&Up::decode(&from, message.channel(), plain.as_bytes(), Protection::Plain).unwrap(), message);
    assert_eq!(hex(&message.encode(&from, Protection::Sealed(&key))), sealed);
    assert_eq!(&Up::decode(&from, message.channel(), &unhex(sealed), Protection::Sealed(&key)).unwrap(), message);
}

/// Holds what the registry says to its bytes, in both directions and both profiles.
fn down(message: &Down, plain: &str, sealed: &str) {
    let (to, key) = (controller(), key());
    assert_eq!(str::from_utf8(&message.encode(&to, Protection::Plain)).unwrap(), plain);
    assert_eq!(&Down::decode(&to, message.channel(), plain.as_bytes(), Protection::Plain).unwrap(), message);
    assert_eq!(hex(&message.encode(&to, Protection::Sealed(&key))), sealed);
    assert_eq!(&Down::decode(&to, message.channel(), &unhex(sealed), Protection::Sealed(&key)).unwrap(), message);
}

const LINK: Link = Link([0x7f, 0xab, 0xd6, 0x44, 0x2e, 0xd7, 0xc5, 0xee]);
const SESSION: SessionId = SessionId([0xf9, 0x84, 0x47, 0x52, 0xf1, 0x08, 0x0f, 0x1b]);
const CHALLENGE: Challenge = Challenge(*b"\x2c\x6d\x07\xc3\x68\x62\x2a\xaf\xf1\xed\x0b\x1c\x60\x33\x9a\xbd");
const NONCE: Nonce = Nonce(*b"\xf4\x3e\x96\xb9\xea\x8b\xfc\xa6\x0a\x37\xc3\x6b\x08\xb9\x4e\x9e");

#[test]
fn a_hello_with_every_capability() {
    let message = Hello {
        challenge: CHALLENGE,
        firmware: "acme 1.2.0".into(),
        capabilities: Capability::ALL.to_vec(),
        last_order: 41,
        running: vec![SESSION, SessionId([0; 8])],
        at_s: Some(1_795_424_400),
    };
    up(
        &Up::Hello(message),
        r#"{"challenge":"2c6d07c368622aaff1ed0b1c60339abd","at":1795424400,"firmware":"acme 1.2.0","capabilities":["lcd","load","relay_feedback","button","clock","offline","ntag424","scanner","keypad","two_readers"],"last_order":41,"running":["f9844752f1080f1b","0000000000000000"]}"#,
        "d18443a10105a1044975626f2d6c617365725891a603502c6d07c368622aaff1ed0b1c60339abd131a6b040090176a61636d6520312e322e3018188a636c6364646c6f61646e72656c61795f666565646261636b66627574746f6e65636c6f636b676f66666c696e65676e746167343234677363616e6e6572666b65797061646b74776f5f726561646572731819182918218248f9844752f1080f1b48000000000000000058207ce87aa561083c875ab75d24b9cf4ec53962e2f0b16c2b472eb703521d94276e",
    );
}

#[test]
fn a_hello_of_a_controller_that_can_do_little() {
    let message = Hello {
        challenge: CHALLENGE,
        firmware: String::new(),
        capabilities: vec![],
        last_order: 0,
        running: vec![],
        at_s: None,
    };
    up(
        &Up::Hello(message),
        r#"{"challenge":"2c6d07c368622aaff1ed0b1c60339abd","firmware":"","capabilities":[],"last_order":0,"running":[]}"#,
        "d18443a10105a1044975626f2d6c61736572581ea503502c6d07c368622aaff1ed0b1c60339abd17601818801819001821805820223e9b0d5a53558772840d7a345f6130731251d5599a641089cd9d02ae290643",
    );
}

#[test]
fn a_welcome_with_every_state_and_policy() {
    let card = |machine: &str, title: &str, state, on_lost| MachineCard {
        machine: machine.into(),
        title: title.into(),
        state,
        on_lost,
    };
    let message = Welcome {
        link: LINK,
        challenge: CHALLENGE,
        at_s: 1_795_424_400,
        machines: vec![
            card("trotec-speedy", "Découpeuse \"laser\"", ShownState::Free, StopPolicy::Immediate),
            card("prusa-1", "Prusa", ShownState::InUse, StopPolicy::Graceful { seconds: 20 }),
            card("prusa-2", "Prusa", ShownState::Locked, StopPolicy::FinishJob { longest_s: 1800 }),
        ],
    };
    down(
        &Down::Welcome(message),
        r#"{"link":"7fabd6442ed7c5ee","challenge":"2c6d07c368622aaff1ed0b1c60339abd","at":1795424400,"machines":[{"machine":"trotec-speedy","on_lost":"immediate","title":"Découpeuse \"laser\"","state":"free"},{"machine":"prusa-1","on_lost":{"graceful":20},"title":"Prusa","state":"in_use"},{"machine":"prusa-2","on_lost":{"finish_job":1800},"title":"Prusa","state":"locked"}]}"#,
        "d18443a10105a1044975626f2d6c6173657258a0a401487fabd6442ed7c5ee03502c6d07c368622aaff1ed0b1c60339abd131a6b040090181a83a4056d74726f7465632d7370656564790f69696d6d656469617465181d7344c3a9636f75706575736520226c6173657222181e6466726565a4056770727573612d310fa1181c14181d655072757361181e66696e5f757365a4056770727573612d320fa11822190708181d655072757361181e666c6f636b65645820ca4fad6c94dc78be8bd468b16a3708a710cf429d2077489210a713a220ae71cf",
    );
}

#[test]
fn a_welcome_without_machines() {
    let message = Welcome { link: LINK, challenge: CHALLENGE, at_s: 0, machines: vec![] };
    down(
        &Down::Welcome(message),
        r#"{"link":"7fabd6442ed7c5ee","challenge":"2c6d07c368622aaff1ed0b1c60339abd","at":0,"machines":[]}"#,
        "d18443a10105a1044975626f2d6c617365725822a401487fabd6442ed7c5ee03502c6d07c368622aaff1ed0b1c60339abd1300181a805820f077e40eaa01d410f4b4ca38b16684c20dc8b98da397bb22d57ac78f4812d513",
    );
}

fn ask(reading: Reading, intent: Intent) -> Up {
    Up::Ask(Ask {
        link: Some(LINK),
        n: Some(2),
        nonce: NONCE,
        machine: "trotec-speedy".into(),
        reading,
        intent,
        at_s: Some(1_795_424_405),
    })
}

#[test]
fn an_ask_to_use_with_the_shortest_uid() {
    up(
        &ask(Reading::Uid(Uid::new(&[0xa1, 0xb2, 0xc3]).unwrap()), Intent::Use),
        r#"{"link":"7fabd6442ed7c5ee","n":2,"nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"trotec-speedy","reading":{"uid":"a1b2c3"},"intent":"use","at":1795424405}"#,
        "d18443a10105a1044975626f2d6c617365725840a701487fabd6442ed7c5ee02020450f43e96b9ea8bfca60a37c36b08b94e9e056d74726f7465632d73706565647906a10143a1b2c30763757365131a6b0400955820e2f06090ff86f73b0b45dfab51b523a03a2884c549495d5d698363a2b0f1e980",
    );
}

#[test]
fn an_ask_to_toggle_with_the_longest_uid() {
    up(
        &ask(Reading::Uid(Uid::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 0]).unwrap()), Intent::Toggle),
        r#"{"link":"7fabd6442ed7c5ee","n":2,"nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"trotec-speedy","reading":{"uid":"01020304050607080900"},"intent":"toggle","at":1795424405}"#,
        "d18443a10105a1044975626f2d6c61736572584aa701487fabd6442ed7c5ee02020450f43e96b9ea8bfca60a37c36b08b94e9e056d74726f7465632d73706565647906a1014a010203040506070809000766746f67676c65131a6b04009558205d6a80d244ade481de95cd46ac0e95b71b1dbca42105d5354cddd45aebc11610",
    );
}

const PICC: [u8; 16] = *b"\xef\x96\x3f\xf7\x82\x86\x58\xa5\x99\xf3\x04\x15\x10\x67\x1e\x88";
const MAC: [u8; 8] = [0x94, 0xee, 0xd9, 0xee, 0x65, 0x33, 0x70, 0x86];

#[test]
fn an_ask_to_end_with_an_ntag_424_dna_message() {
    up(
        &ask(Reading::Picc { picc: PICC, mac: MAC, text: None }, Intent::End),
        r#"{"link":"7fabd6442ed7c5ee","n":2,"nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"trotec-speedy","reading":{"picc":"ef963ff7828658a599f3041510671e88","mac":"94eed9ee65337086"},"intent":"end","at":1795424405}"#,
        "d18443a10105a1044975626f2d6c617365725857a701487fabd6442ed7c5ee02020450f43e96b9ea8bfca60a37c36b08b94e9e056d74726f7465632d73706565647906a20250ef963ff7828658a599f3041510671e88034894eed9ee653370860763656e64131a6b0400955820e396d15d8a434097d1a82df4fe58047b0956f638ebbd10eba762db34ef59f778",
    );
}

#[test]
fn an_ask_to_supervise_with_an_ntag_424_dna_message_over_a_text() {
    let text = Some("CEE9A53E3E463EF1F459635736738962&cmac=".into());
    up(
        &ask(Reading::Picc { picc: PICC, mac: MAC, text }, Intent::Supervise),
        r#"{"link":"7fabd6442ed7c5ee","n":2,"nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"trotec-speedy","reading":{"picc":"ef963ff7828658a599f3041510671e88","mac":"94eed9ee65337086","text":"CEE9A53E3E463EF1F459635736738962&cmac="},"intent":"supervise","at":1795424405}"#,
        "d18443a10105a1044975626f2d6c617365725886a701487fabd6442ed7c5ee02020450f43e96b9ea8bfca60a37c36b08b94e9e056d74726f7465632d73706565647906a30250ef963ff7828658a599f3041510671e88034894eed9ee65337086047826434545394135334533453436334546314634353936333537333637333839363226636d61633d0769737570657276697365131a6b0400955820610e5fa08e921e66aba155c154acba9d991cf9b343f7e32423fffcd5affcb381",
    );
}

#[test]
fn an_ask_to_induct_with_a_phones_code() {
    up(
        &ask(Reading::Code("4815-1623".into()), Intent::Induct),
        r#"{"link":"7fabd6442ed7c5ee","n":2,"nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"trotec-speedy","reading":{"code":"4815-1623"},"intent":"induct","at":1795424405}"#,
        "d18443a10105a1044975626f2d6c617365725849a701487fabd6442ed7c5ee02020450f43e96b9ea8bfca60a37c36b08b94e9e056d74726f7465632d73706565647906a10569343831352d313632330766696e64756374131a6b0400955820d1f2974bee3dd3a5a68f5ef0d03c515e63eb41c0adfa81bf1e035f7f66e9d709",
    );
}

#[test]
fn a_plain_ask_of_a_device_that_keeps_no_state() {
    let message = Up::Ask(Ask {
        link: None,
        n: None,
        nonce: NONCE,
        machine: "prusa-1".into(),
        reading: Reading::Uid(Uid::new(&[0xa1, 0xb2, 0xc3, 0xd4]).unwrap()),
        intent: Intent::Use,
        at_s: None,
    });
    let plain = r#"{"nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"prusa-1","reading":{"uid":"a1b2c3d4"},"intent":"use"}"#;
    assert_eq!(str::from_utf8(&message.encode(&controller(), Protection::Plain)).unwrap(), plain);
    // The intent need not be said.
    let shorter = plain.replace(r#","intent":"use""#, "");
    for text in [plain, shorter.as_str()] {
        assert_eq!(
            Up::decode(&controller(), message.channel(), text.as_bytes(), Protection::Plain),
            Ok(message.clone())
        );
    }
}

fn answer(lcd: [&str; 2], outcome: Outcome) -> Down {
    Down::Answer(Answer {
        link: Some(LINK),
        nonce: NONCE,
        machine: "trotec-speedy".into(),
        lcd: lcd.map(String::from),
        outcome,
    })
}

#[test]
fn a_grant_that_stops_at_once_when_lost() {
    let outcome = Outcome::Grant { session: SESSION, lease_s: 60, until_s: None, on_lost: StopPolicy::Immediate };
    down(
        &answer(["Bonjour", "Bonne decoupe"], outcome),
        r#"{"link":"7fabd6442ed7c5ee","nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"trotec-speedy","verdict":"grant","lcd":["Bonjour","Bonne decoupe"],"session":"f9844752f1080f1b","lease":60,"on_lost":"immediate"}"#,
        "d18443a10105a1044975626f2d6c617365725863a801487fabd6442ed7c5ee0450f43e96b9ea8bfca60a37c36b08b94e9e056d74726f7465632d73706565647908656772616e740b8267426f6e6a6f75726d426f6e6e65206465636f7570650c48f9844752f1080f1b0d183c0f69696d6d6564696174655820a213481504d7408b0da1585746072b35542dbc2e77ff0820e76dfc39d85108af",
    );
}

#[test]
fn a_grant_with_an_end_that_finishes_the_job_when_lost() {
    let outcome = Outcome::Grant {
        session: SESSION,
        lease_s: 3600,
        until_s: Some(1_795_438_800),
        on_lost: StopPolicy::FinishJob { longest_s: 70_000 },
    };
    down(
        &answer(["12345678901234567890", " ~"], outcome),
        r#"{"link":"7fabd6442ed7c5ee","nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"trotec-speedy","verdict":"grant","lcd":["12345678901234567890"," ~"],"session":"f9844752f1080f1b","lease":3600,"until":1795438800,"on_lost":{"finish_job":70000}}"#,
        "d18443a10105a1044975626f2d6c61736572586aa901487fabd6442ed7c5ee0450f43e96b9ea8bfca60a37c36b08b94e9e056d74726f7465632d73706565647908656772616e740b8274313233343536373839303132333435363738393062207e0c48f9844752f1080f1b0d190e100e1a6b0438d00fa118221a000111705820639ceea03efeb1cb34473604bdec6f46126e2a0845cbceeecc622edb6d7b3a45",
    );
}

#[test]
fn a_done_with_and_without_a_session() {
    down(
        &answer(["Au revoir", ""], Outcome::Done { session: Some(SESSION) }),
        r#"{"link":"7fabd6442ed7c5ee","nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"trotec-speedy","verdict":"done","lcd":["Au revoir",""],"session":"f9844752f1080f1b"}"#,
        "d18443a10105a1044975626f2d6c617365725849a601487fabd6442ed7c5ee0450f43e96b9ea8bfca60a37c36b08b94e9e056d74726f7465632d7370656564790864646f6e650b82694175207265766f6972600c48f9844752f1080f1b582031fc381fb2c0101a38a2bf99f866717c1c6dd4f569809221681dc991ee456363",
    );
    down(
        &answer(["Note", ""], Outcome::Done { session: None }),
        r#"{"link":"7fabd6442ed7c5ee","nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"trotec-speedy","verdict":"done","lcd":["Note",""]}"#,
        "d18443a10105a1044975626f2d6c61736572583aa501487fabd6442ed7c5ee0450f43e96b9ea8bfca60a37c36b08b94e9e056d74726f7465632d7370656564790864646f6e650b82644e6f746560582099504ee2554b1b5c57ab92cf63abb4f5514c3877ee66ebf7854c6c52ae2090f8",
    );
}

#[test]
fn a_deny_with_its_reasons() {
    let outcome = Outcome::Deny { reason: "no_award".into(), reasons: vec!["no_award".into(), "machine_busy".into()] };
    down(
        &answer(["Pas de badge", "Voir le referent"], outcome),
        r#"{"link":"7fabd6442ed7c5ee","nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"trotec-speedy","verdict":"deny","reason":"no_award","reasons":["no_award","machine_busy"],"lcd":["Pas de badge","Voir le referent"]}"#,
        "d18443a10105a1044975626f2d6c617365725874a701487fabd6442ed7c5ee0450f43e96b9ea8bfca60a37c36b08b94e9e056d74726f7465632d737065656479086464656e7909686e6f5f61776172640a82686e6f5f61776172646c6d616368696e655f627573790b826c50617320646520626164676570566f6972206c65207265666572656e74582087572d0d427158a6a7d1be30af0ed24b1b5ceaea72528dc3f547c77839f8db62",
    );
}

#[test]
fn a_more_with_its_reason() {
    let outcome = Outcome::More { reason: "supervisor_needed".into(), reasons: vec!["supervisor_needed".into()] };
    down(
        &answer(["Tuteur requis", "Sa carte dans 30 s"], outcome),
        r#"{"link":"7fabd6442ed7c5ee","nonce":"f43e96b9ea8bfca60a37c36b08b94e9e","machine":"trotec-speedy","verdict":"more","reason":"supervisor_needed","reasons":["supervisor_needed"],"lcd":["Tuteur requis","Sa carte dans 30 s"]}"#,
        "d18443a10105a1044975626f2d6c61736572587ca701487fabd6442ed7c5ee0450f43e96b9ea8bfca60a37c36b08b94e9e056d74726f7465632d73706565647908646d6f7265097173757065727669736f725f6e65656465640a817173757065727669736f725f6e65656465640b826d547574657572207265717569737253612063617274652064616e732033302073582053465c9d24a01d53a6035976be93b0442ee7f5527ef307850a7ca986b4b92102",
    );
}

fn report(event: Event) -> Report {
    Report { link: Some(LINK), n: Some(5), ..Report::new(event) }
}

fn of_session(event: Event, relay: bool) -> Report {
    Report { machine: Some("trotec-speedy".into()), session: Some(SESSION), relay: Some(relay), ..report(event) }
}

#[test]
fn a_report_linked() {
    up(
        &Up::Report(report(Event::Linked)),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"event":"linked"}"#,
        "d18443a10105a1044975626f2d6c6173657255a301487fabd6442ed7c5ee020512666c696e6b656458206ce145ced544ae9c779384b89dc2ef09a14c667c88089f59b7bb987f363c7208",
    );
}

#[test]
fn a_report_started() {
    up(
        &Up::Report(of_session(Event::Started, true)),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"trotec-speedy","session":"f9844752f1080f1b","event":"started","relay":true}"#,
        "d18443a10105a1044975626f2d6c617365725831a601487fabd6442ed7c5ee0205056d74726f7465632d7370656564790c48f9844752f1080f1b12677374617274656414f55820ded8811fe561ad6a6c367bad17c596c04ac39cc0f5c84509855f3c0097a118e5",
    );
}

#[test]
fn a_report_alive_with_load() {
    let message = Report { load_ma: Some(2300), used_s: Some(40), ..of_session(Event::Alive, true) };
    up(
        &Up::Report(message),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"trotec-speedy","session":"f9844752f1080f1b","event":"alive","relay":true,"load":2300,"used":40}"#,
        "d18443a10105a1044975626f2d6c617365725836a801487fabd6442ed7c5ee0205056d74726f7465632d7370656564790c48f9844752f1080f1b1265616c69766514f5151908fc1618285820aa97b2acec1afbea8dec65ccc30ee00bb2a91850efdbe6d8bbb3e750efd5c998",
    );
}

#[test]
fn a_report_ended() {
    let message = Report { used_s: Some(61), at_s: Some(1_795_424_500), ..of_session(Event::Ended, false) };
    up(
        &Up::Report(message),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"trotec-speedy","session":"f9844752f1080f1b","event":"ended","at":1795424500,"relay":false,"used":61}"#,
        "d18443a10105a1044975626f2d6c617365725838a801487fabd6442ed7c5ee0205056d74726f7465632d7370656564790c48f9844752f1080f1b1265656e646564131a6b0400f414f416183d5820df4af4eb040b9a24c3acdb40b3eec4201105e577caffed5b08ec2d34bd798d0b",
    );
}

#[test]
fn a_report_confirmed_of_a_machine_and_of_the_whole_controller() {
    let message = Report {
        machine: Some("trotec-speedy".into()),
        order: Some(42),
        relay: Some(true),
        ..report(Event::Confirmed)
    };
    up(
        &Up::Report(message),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"trotec-speedy","order":42,"event":"confirmed","relay":true}"#,
        "d18443a10105a1044975626f2d6c61736572582ca601487fabd6442ed7c5ee0205056d74726f7465632d73706565647910182a1269636f6e6669726d656414f5582095a94719c1f69eee3e631e9ad917d08095e625d9f3922d3896ec085d05352344",
    );
    up(
        &Up::Report(Report { order: Some(42), ..report(Event::Confirmed) }),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"order":42,"event":"confirmed"}"#,
        "d18443a10105a1044975626f2d6c61736572581ba401487fabd6442ed7c5ee020510182a1269636f6e6669726d656458202c7dc0064bf5f4c97ec578bbda390711354bbd886e3aeca3be78cc23cad3bf1f",
    );
}

#[test]
fn a_report_refused() {
    let message = Report {
        machine: Some("trotec-speedy".into()),
        session: Some(SESSION),
        order: Some(43),
        detail: Some("pas de séance ici".into()),
        ..report(Event::Refused)
    };
    up(
        &Up::Report(message),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"trotec-speedy","session":"f9844752f1080f1b","order":43,"event":"refused","detail":"pas de séance ici"}"#,
        "d18443a10105a1044975626f2d6c617365725847a701487fabd6442ed7c5ee0205056d74726f7465632d7370656564790c48f9844752f1080f1b10182b126772656675736564181f727061732064652073c3a9616e6365206963695820f0982a40df84ac4167825f069dce6b0898a184d2fd0fdb2d388461bfaaf8febf",
    );
}

#[test]
fn a_report_of_the_relay() {
    let message = Report { machine: Some("trotec-speedy".into()), relay: Some(false), ..report(Event::Relay) };
    up(
        &Up::Report(message),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"trotec-speedy","event":"relay","relay":false}"#,
        "d18443a10105a1044975626f2d6c617365725825a501487fabd6442ed7c5ee0205056d74726f7465632d737065656479126572656c617914f45820cf01d7ba8607c2dbd9a84b0816a6d17901186481a82e5808fe99286a74d03338",
    );
}

#[test]
fn a_report_of_tampering() {
    up(
        &Up::Report(report(Event::Tamper)),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"event":"tamper"}"#,
        "d18443a10105a1044975626f2d6c6173657255a301487fabd6442ed7c5ee0205126674616d7065725820532db19c86e4674a9d0c3c6fdf79c2430191d4f2f340936d8ab99b55c88f8e6f",
    );
}

#[test]
fn a_report_of_a_fault() {
    let message = Report {
        machine: Some("trotec-speedy".into()),
        detail: Some("relay \"welded\"\n".into()),
        ..report(Event::Fault)
    };
    up(
        &Up::Report(message),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"trotec-speedy","event":"fault","detail":"relay \"welded\"\u000a"}"#,
        "d18443a10105a1044975626f2d6c617365725835a501487fabd6442ed7c5ee0205056d74726f7465632d73706565647912656661756c74181f6f72656c6179202277656c646564220a5820904a62c634965c71d7912f660fc1363843db1fb46f885b9ed82a330839a7746a",
    );
}

#[test]
fn a_report_of_a_button() {
    let message = Report { machine: Some("trotec-speedy".into()), ..report(Event::Button) };
    up(
        &Up::Report(message),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"trotec-speedy","event":"button"}"#,
        "d18443a10105a1044975626f2d6c617365725824a401487fabd6442ed7c5ee0205056d74726f7465632d7370656564791266627574746f6e58206e382ce55ec17e5912267a77b315201e3f655e06751808a4e5ef0741b75b3c2d",
    );
}

#[test]
fn a_report_of_an_offline_use() {
    let message = Report {
        machine: Some("prusa-1".into()),
        entry: Some(EntryTag([0xbd, 0xd2, 0xf8, 0xde, 0xb6, 0x80, 0x92, 0xe4])),
        used_s: Some(1500),
        at_s: Some(1_795_420_800),
        ..report(Event::OfflineUse)
    };
    up(
        &Up::Report(message),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"prusa-1","event":"offline_use","at":1795420800,"used":1500,"entry":"bdd2f8deb68092e4"}"#,
        "d18443a10105a1044975626f2d6c617365725838a701487fabd6442ed7c5ee0205056770727573612d31126b6f66666c696e655f757365131a6b03f280161905dc182048bdd2f8deb68092e45820d1013c8e8d2ee46a771b5f3dfb2ca668f18b47fd91fe5a82a2430c84df8749eb",
    );
}

#[test]
fn numbers_of_every_width() {
    for (n, plain, sealed) in [
        (
            1,
            r#"{"link":"7fabd6442ed7c5ee","n":1,"event":"tamper"}"#,
            "d18443a10105a1044975626f2d6c6173657255a301487fabd6442ed7c5ee0201126674616d70657258203ec7b44e8e65ec985a4fb5c54bc0b62042f688d1bcc29c80a8f054be10019830",
        ),
        (
            23,
            r#"{"link":"7fabd6442ed7c5ee","n":23,"event":"tamper"}"#,
            "d18443a10105a1044975626f2d6c6173657255a301487fabd6442ed7c5ee0217126674616d70657258203fc9d35530eadae15e91199402270419c883949496ed817f0a958cf54f8fd9e6",
        ),
        (
            24,
            r#"{"link":"7fabd6442ed7c5ee","n":24,"event":"tamper"}"#,
            "d18443a10105a1044975626f2d6c6173657256a301487fabd6442ed7c5ee021818126674616d706572582069ab5861662dee438a62248fc2a05cf67e767f69741c18ea6cb885df6753d91f",
        ),
        (
            255,
            r#"{"link":"7fabd6442ed7c5ee","n":255,"event":"tamper"}"#,
            "d18443a10105a1044975626f2d6c6173657256a301487fabd6442ed7c5ee0218ff126674616d706572582041983fd2b6c13b9d8c35d2a007e5baff0590cc651ac05a238385cf9543b021d5",
        ),
        (
            256,
            r#"{"link":"7fabd6442ed7c5ee","n":256,"event":"tamper"}"#,
            "d18443a10105a1044975626f2d6c6173657257a301487fabd6442ed7c5ee02190100126674616d7065725820af493195fdba1e68fdb78a436fcea6ecf5170e3f54034e2299a6e245b88b713e",
        ),
        (
            65_535,
            r#"{"link":"7fabd6442ed7c5ee","n":65535,"event":"tamper"}"#,
            "d18443a10105a1044975626f2d6c6173657257a301487fabd6442ed7c5ee0219ffff126674616d7065725820bc0416736303abc00af1e990febf8c689bc0e67abfea35f7b739c5b49a1922d5",
        ),
        (
            65_536,
            r#"{"link":"7fabd6442ed7c5ee","n":65536,"event":"tamper"}"#,
            "d18443a10105a1044975626f2d6c617365725819a301487fabd6442ed7c5ee021a00010000126674616d7065725820a8f841dc44ef1cf405222340789e76ad5f4c4a15c0813152667f2ad3014838f1",
        ),
        (
            4_294_967_295,
            r#"{"link":"7fabd6442ed7c5ee","n":4294967295,"event":"tamper"}"#,
            "d18443a10105a1044975626f2d6c617365725819a301487fabd6442ed7c5ee021affffffff126674616d7065725820fe18908f75125a6cb72fc61c24134e3bec4f05b0b6dcb70458544f63aa1d4b22",
        ),
        (
            4_294_967_296,
            r#"{"link":"7fabd6442ed7c5ee","n":4294967296,"event":"tamper"}"#,
            "d18443a10105a1044975626f2d6c61736572581da301487fabd6442ed7c5ee021b0000000100000000126674616d706572582019ef7c156246084e210d200195fe7fb85c5acd36dfd922ff3d5a84db93a1a1e3",
        ),
        (
            u64::MAX,
            r#"{"link":"7fabd6442ed7c5ee","n":18446744073709551615,"event":"tamper"}"#,
            "d18443a10105a1044975626f2d6c61736572581da301487fabd6442ed7c5ee021bffffffffffffffff126674616d7065725820fb663c78d3e8d6641aa268d5c5f27128ac714c5b55b5d908c836d751100bfcfc",
        ),
    ] {
        up(&Up::Report(Report { n: Some(n), ..report(Event::Tamper) }), plain, sealed);
    }
}

fn lease(session: Option<SessionId>, lease_s: u64) -> Lease {
    Lease {
        link: Some(LINK),
        n: Some(5),
        machine: session.map(|_| "trotec-speedy".into()),
        session,
        lease_s,
        until_s: None,
        on_lost: None,
    }
}

#[test]
fn a_lease_that_goes_on() {
    let message = Lease { on_lost: Some(StopPolicy::Immediate), ..lease(Some(SESSION), 60) };
    down(
        &Down::Lease(message),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"trotec-speedy","session":"f9844752f1080f1b","lease":60,"on_lost":"immediate"}"#,
        "d18443a10105a1044975626f2d6c617365725834a601487fabd6442ed7c5ee0205056d74726f7465632d7370656564790c48f9844752f1080f1b0d183c0f69696d6d6564696174655820660e17482d6cb7ee9940b71a333a66dc09435d4fd7bc592b57d4cec9dd97a971",
    );
    let message = Lease {
        until_s: Some(1_795_438_800),
        on_lost: Some(StopPolicy::Graceful { seconds: 20 }),
        ..lease(Some(SESSION), 60)
    };
    down(
        &Down::Lease(message),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"trotec-speedy","session":"f9844752f1080f1b","lease":60,"until":1795438800,"on_lost":{"graceful":20}}"#,
        "d18443a10105a1044975626f2d6c617365725834a701487fabd6442ed7c5ee0205056d74726f7465632d7370656564790c48f9844752f1080f1b0d183c0e1a6b0438d00fa1181c14582092e7fef3c21494d82c4179930f53a1fee516aea537d63405ce4f293eaaf16dc6",
    );
}

#[test]
fn a_lease_that_ends_a_session() {
    down(
        &Down::Lease(lease(Some(SESSION), 0)),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"machine":"trotec-speedy","session":"f9844752f1080f1b","lease":0}"#,
        "d18443a10105a1044975626f2d6c617365725828a501487fabd6442ed7c5ee0205056d74726f7465632d7370656564790c48f9844752f1080f1b0d005820a5a8d061cf8ee4c18c55f96c65cd1b4d9d70704665a0d3d051c179e11cfb522a",
    );
}

#[test]
fn a_lease_that_notes_a_report_without_session() {
    down(
        &Down::Lease(lease(None, 0)),
        r#"{"link":"7fabd6442ed7c5ee","n":5,"lease":0}"#,
        "d18443a10105a1044975626f2d6c617365724fa301487fabd6442ed7c5ee02050d0058207d287f3ab46d858d7769538c58821512c79bcce38c2106f4e4ec6849fd2396c3",
    );
}

fn order(action: Action, machine: Option<&str>) -> Order {
    Order {
        link: Some(LINK),
        number: 42,
        action,
        machine: machine.map(String::from),
        session: None,
        stop: None,
        reason: None,
        lcd: None,
        detail: None,
    }
}

fn stop(policy: StopPolicy) -> Order {
    Order {
        session: Some(SESSION),
        stop: Some(policy),
        reason: Some("award_revoked".into()),
        ..order(Action::Stop, Some("trotec-speedy"))
    }
}

#[test]
fn an_order_to_stop_at_once() {
    down(
        &Down::Order(stop(StopPolicy::Immediate)),
        r#"{"link":"7fabd6442ed7c5ee","machine":"trotec-speedy","reason":"award_revoked","session":"f9844752f1080f1b","order":42,"action":"stop","stop":"immediate"}"#,
        "d18443a10105a1044975626f2d6c617365725848a701487fabd6442ed7c5ee056d74726f7465632d737065656479096d61776172645f7265766f6b65640c48f9844752f1080f1b10182a116473746f70181b69696d6d6564696174655820b5962c1df636770c561edbf15fe09fe71a3efaa129d304cb9d9dc69b12409905",
    );
}

#[test]
fn an_order_to_stop_gracefully_with_all_that_it_may_say() {
    let message = Order {
        lcd: Some(["Droit suspendu".into(), "Voir le referent".into()]),
        detail: Some("révoqué à 10 h 02".into()),
        ..stop(StopPolicy::Graceful { seconds: 20 })
    };
    down(
        &Down::Order(message),
        r#"{"link":"7fabd6442ed7c5ee","machine":"trotec-speedy","reason":"award_revoked","lcd":["Droit suspendu","Voir le referent"],"session":"f9844752f1080f1b","order":42,"action":"stop","stop":{"graceful":20},"detail":"révoqué à 10 h 02"}"#,
        "d18443a10105a1044975626f2d6c61736572587ba901487fabd6442ed7c5ee056d74726f7465632d737065656479096d61776172645f7265766f6b65640b826e44726f69742073757370656e647570566f6972206c65207265666572656e740c48f9844752f1080f1b10182a116473746f70181ba1181c14181f7472c3a9766f7175c3a920c3a02031302068203032582015fa74cbdb0c60fd080b0f66c5add49f5760837d8b68188b0a254918f54e9ab4",
    );
}

#[test]
fn an_order_to_stop_when_the_job_is_done() {
    down(
        &Down::Order(stop(StopPolicy::FinishJob { longest_s: 1800 })),
        r#"{"link":"7fabd6442ed7c5ee","machine":"trotec-speedy","reason":"award_revoked","session":"f9844752f1080f1b","order":42,"action":"stop","stop":{"finish_job":1800}}"#,
        "d18443a10105a1044975626f2d6c617365725844a701487fabd6442ed7c5ee056d74726f7465632d737065656479096d61776172645f7265766f6b65640c48f9844752f1080f1b10182a116473746f70181ba1182219070858204a3da007b259757de7194b1554d2fd9d3134c2ef836f241603ba854088de8075",
    );
}

#[test]
fn an_order_to_lock_and_one_to_unlock() {
    down(
        &Down::Order(Order {
            reason: Some("machine_out_of_service".into()),
            ..order(Action::Lock, Some("trotec-speedy"))
        }),
        r#"{"link":"7fabd6442ed7c5ee","machine":"trotec-speedy","reason":"machine_out_of_service","order":42,"action":"lock"}"#,
        "d18443a10105a1044975626f2d6c61736572583ba501487fabd6442ed7c5ee056d74726f7465632d73706565647909766d616368696e655f6f75745f6f665f7365727669636510182a11646c6f636b58202e01bfbf25192e6da0c6c4481317504128b0e57129b82b54255f28787f8ad94e",
    );
    down(
        &Down::Order(order(Action::Unlock, Some("trotec-speedy"))),
        r#"{"link":"7fabd6442ed7c5ee","machine":"trotec-speedy","order":42,"action":"unlock"}"#,
        "d18443a10105a1044975626f2d6c617365725825a401487fabd6442ed7c5ee056d74726f7465632d73706565647910182a1166756e6c6f636b582000769d1a4e267ce17d1fe1078e7d3059c98d609d754052dc1cded7ad2f9f03e1",
    );
}

#[test]
fn an_order_to_identify_the_controller_and_one_for_a_machine() {
    down(
        &Down::Order(order(Action::Identify, None)),
        r#"{"link":"7fabd6442ed7c5ee","order":42,"action":"identify"}"#,
        "d18443a10105a1044975626f2d6c617365725818a301487fabd6442ed7c5ee10182a11686964656e746966795820b93b6d288486f5ec7d7c366c7d8f6b6b2f9259189c0461e1a92c4011918f754d",
    );
    down(
        &Down::Order(order(Action::Identify, Some("prusa-1"))),
        r#"{"link":"7fabd6442ed7c5ee","machine":"prusa-1","order":42,"action":"identify"}"#,
        "d18443a10105a1044975626f2d6c617365725821a401487fabd6442ed7c5ee056770727573612d3110182a11686964656e746966795820a309015a68ad58e2409a0bc88d45d0c0d2779e790ce65e2e5d877a4e8b61c4c8",
    );
}

#[test]
fn a_signed_list_with_machines_in_the_order_of_their_encoding() {
    let listed = ListedMachine {
        opening: vec![(1_795_424_400, 1_795_431_600), (1_795_440_000, 1_795_443_600)],
        people: vec![(EntryTag([0x11; 8]), 1_795_428_000), (EntryTag([0x01; 8]), 1_795_431_600)],
    };
    let machines: BTreeMap<String, ListedMachine> =
        [("a-long-name".into(), ListedMachine::default()), ("z".into(), listed)].into();
    let list = Allowlist {
        version: 7,
        issued_s: 1_795_424_400,
        not_after_s: 1_795_453_200,
        salt: *b"\x9e\x69\xd3\x3f\xd6\xdb\xc8\xac\xdf\x2c\x0d\xbf\x12\xf6\x9d\x14",
        machines,
    };
    let key = ed25519_dalek::SigningKey::from_bytes(&[0x42; 32]);
    let signed = "d28443a10127a0586fa50107021a6b040090031a6b04711004509e69d33fd6dbc8acdf2c0dbf12f69d1405a2617aa20182821a6b0400901a6b041cb0821a6b043d801a6b044b900282824811111111111111111a6b040ea0824801010101010101011a6b041cb06b612d6c6f6e672d6e616d65a20180028058401b1ef22eff313d91eb1a77bf20bff8caf2094ba5d4d10811e565147317b21b739f562c8ef4310075edb7ed3b9c944604776fc783db88ef75280ad504dd52a10b";
    assert_eq!(hex(&list.sign(&controller(), &key)), signed);
    assert_eq!(Allowlist::verify(&unhex(signed), &controller(), &key.verifying_key()), Ok(list));
}

#[test]
fn an_empty_signed_list() {
    let list = Allowlist { version: 0, issued_s: 0, not_after_s: 0, salt: [0; 16], machines: BTreeMap::new() };
    let key = ed25519_dalek::SigningKey::from_bytes(&[0x42; 32]);
    let signed = "d28443a10127a0581ba501000200030004500000000000000000000000000000000005a058407ef4506ab30f3df74f0ae9fe4f62537bccf3870c744be0863f0508d0973daca3eac1e5e41bff8414dd27ed781ab75e9f24a9a76cc826af7f84d3c9225e191e06";
    assert_eq!(hex(&list.sign(&controller(), &key)), signed);
    assert_eq!(Allowlist::verify(&unhex(signed), &controller(), &key.verifying_key()), Ok(list));
}
