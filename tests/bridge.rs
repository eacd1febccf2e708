//! A small board at a machine: the firmware bridge's own program against the registry.

use std::io::Write;

use tokio::sync::{mpsc, oneshot};
use tremen_firmware_bridge::broker::Address;
use tremen_firmware_bridge::device::Device;
use tremen_firmware_bridge::key_file::KeyFile;
use tremen_firmware_bridge::reader::Seen;
use tremen_firmware_bridge::relay::Relay;
use tremen_firmware_bridge::screen::Screen;
use tremen_firmware_bridge::state::StateFile;
use tremen_firmware_bridge::{Parts, run};
use tremen_rules::{ControllerId, PersonId};
use tremen_server::flows::FlowError;
use tremen_server::store::{NewCard, NewPerson};
use tremen_wire::{Intent, Uid};

use crate::world::{PATIENCE, World};

/// A screen that a story can read.
struct Told(mpsc::UnboundedSender<String>);

impl Write for Told {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.send(String::from_utf8_lossy(text).into_owned()); // the story may be over
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn wait_for(screen: &mut mpsc::UnboundedReceiver<String>, wanted: &str) {
    let mut seen = Vec::new();
    let found = tokio::time::timeout(PATIENCE, async {
        while let Some(text) = screen.recv().await {
            if text.contains(wanted) {
                return true;
            }
            seen.push(text);
        }
        false
    });
    assert!(found.await.unwrap_or(false), "`{wanted}` was not shown: {seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_boards_relay_closes_for_a_card_and_opens_again_when_the_board_is_stopped() {
    let world = World::start().await;
    let tag = world.store.keys().tag("password", b"secret");
    world
        .store
        .write(move |tx| {
            let person = PersonId::parse("p1").unwrap();
            tx.put_person(&NewPerson {
                person: person.clone(),
                key: "p-anna".into(),
                name: "Anna Exemple".into(),
                email: None,
                birth_date: None,
                language: None,
                guardian: None,
                guardian_consent: None,
            })?;
            tx.add_card(&NewCard { person: &person, ntag424: false, uid: &[4, 1, 2, 3], label: None })?;
            let controller = ControllerId::parse("capucins-3d").unwrap();
            tx.put_credential(&controller, None, &tag).map_err(FlowError::from)
        })
        .await
        .unwrap();

    let key = KeyFile::parse(r#"{"controller":"capucins-3d","password":"secret","key":null,"broker":""}"#).unwrap();
    let contact = world.folder.0.join("gpio17");
    std::fs::write(&contact, "1").unwrap();
    let (screen, mut shown) = mpsc::unbounded_channel();
    let device = Device::start(
        &key,
        Some("imprimante-3d".to_owned()),
        Intent::Toggle,
        Relay::parse(&format!("file:{}", contact.display())).unwrap(),
        StateFile::new(&world.folder.0, &key.controller).unwrap(),
        Screen::new(Told(screen)),
    )
    .unwrap();
    assert_eq!(std::fs::read_to_string(&contact).unwrap(), "0", "open from the start");

    let at = &world.running.broker;
    let broker = Address::parse(&format!("mqtt://{}:{}", at.host, at.port)).unwrap();
    let (cards, inbox) = mpsc::channel(4);
    let (stop, stopped) = oneshot::channel::<()>();
    let parts = Parts { key, broker, device, cards: inbox };
    let bridge = tokio::spawn(run(parts, async move { drop(stopped.await) }));

    wait_for(&mut shown, "linked with the registry").await;
    cards.send(Seen::Card(Uid::new(&[4, 9, 9, 9]).unwrap())).await.unwrap();
    wait_for(&mut shown, "+----").await; // the display says why not
    assert_eq!(std::fs::read_to_string(&contact).unwrap(), "0");
    cards.send(Seen::Card(Uid::new(&[4, 1, 2, 3]).unwrap())).await.unwrap();
    wait_for(&mut shown, "relay CLOSED").await;
    assert_eq!(std::fs::read_to_string(&contact).unwrap(), "1");

    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, bridge).await.unwrap().unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(&contact).unwrap(), "0");
    // The board has left once its last word was sent; the registry notes it in its own time.
    world.until(|tx| Ok(tx.open_session_on("imprimante-3d")?.is_none().then_some(()))).await;
    world.running.stop().await;
}
