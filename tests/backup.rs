//! A registry dies, and goes on elsewhere from its backup: nobody who may is refused, nothing recorded counts twice, no
//! controller is confused. And every broken backup is refused, leaving nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tremen_age::{Cost, Passphrase};
use tremen_controller::Remembered;
use tremen_rules::{Level, PersonId};
use tremen_server::backup::{BackupError, Made, Restored, Source, Target, make, restore};
use tremen_server::clock::ManualClock;
use tremen_server::flows::continue_after_restore::Since;
use tremen_server::flows::{attach_card, confirm_card, unlock_machine, verify_journal};
use tremen_server::machines::player::Happening;
use tremen_server::machines::simulated_card::SimulatedCard;
use tremen_server::serve::{Parts, start};
use tremen_server::store::Store;
use tremen_wire::{Event, Intent, Reading, Up};

use crate::raw::{Raw, denied, granted, uid};
use crate::world::{Folder, PATIENCE, World, embedded, id, open_store, operator, relay, thursday};

const LASER: &str = "trotec-speedy";
const ANNA: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];
const YANN: [u8; 7] = [4, 9, 9, 9, 9, 9, 9];

fn passphrase() -> Passphrase {
    Passphrase::new("pemp ger dre zegouezh")
}

fn back_up(store: &Store, folder: &Path, to: &Path) -> Result<Made, BackupError> {
    let (database, keys) = (folder.join("tremen.db"), folder.join("keys"));
    let source = Source { store, database: &database, keys: &keys, configuration: None };
    make(&source, to, false, &passphrase(), Cost::new(1), &mut |_| {})
}

async fn restore_to(file: &[u8], folder: &Path, clock: &Arc<ManualClock>) -> Result<Restored, BackupError> {
    restore_since(Since::Lost, file, folder, clock).await
}

async fn restore_since(
    since: Since,
    file: &[u8],
    folder: &Path,
    clock: &Arc<ManualClock>,
) -> Result<Restored, BackupError> {
    let (database, keys) = (folder.join("tremen.db"), folder.join("keys"));
    let target = Target { database: &database, keys: &keys };
    restore(file, &target, since, &passphrase(), clock.clone(), &mut |_| {}).await
}

/// A registry that goes on from a backup in a folder of its own.
async fn goes_on(since: Since, file: &[u8], clock: Arc<ManualClock>) -> (World, Restored) {
    let folder = Folder::new();
    let restored = restore_since(since, file, &folder.0, &clock).await.unwrap();
    let store = open_store(&folder, clock.clone());
    let running = start(Parts { store: store.clone(), broker: embedded(), web: None }).await.unwrap();
    (World { folder, clock, store, running }, restored)
}

/// The registry's machine burns down.
async fn dies(world: World) -> Arc<ManualClock> {
    let World { folder, clock, store, running } = world;
    running.stop().await;
    drop((store, folder));
    clock
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_dies_and_goes_on_elsewhere_without_confusing_its_controller() {
    let world = World::easy().await;
    world.person("anna", &ANNA, false).await;
    let mut player = world.controller("ubo-laser", true).await;
    // The backup is made while a session runs.
    player.tap(LASER, uid(&ANNA), Intent::Use);
    relay(&mut player, true).await;
    let file = world.folder.0.join("tremen.age");
    let made = back_up(&world.store, &world.folder.0, &file).unwrap();
    assert_eq!(made.bytes, std::fs::metadata(&file).unwrap().len());
    let file = std::fs::read(&file).unwrap();

    // What the restored registry will not know: the session ends, the machine is locked and unlocked, another session runs.
    player.tap(LASER, uid(&ANNA), Intent::Toggle);
    relay(&mut player, false).await;
    world.until(|tx| Ok(tx.open_session_on(LASER)?.is_none().then_some(()))).await;
    world.lock(LASER).await;
    world.change(|tx| unlock_machine::run(tx, &operator(), &id(LASER))).await;
    let remembered = player
        .wait_for(PATIENCE, |it| match it {
            Happening::Remembers(remembered) if remembered.last_order >= 2 => Some(remembered.clone()),
            _ => None,
        })
        .await
        .unwrap();
    player.cut().await;

    let clock = dies(world).await;
    clock.advance(3_600_000);
    let (world, restored) = goes_on(Since::Lost, &file, clock).await;
    assert_eq!(restored.continued.missing_since, Some(made.manifest.made_at));
    assert_eq!(restored.continued.open_sessions, 1, "the one that was open at the backup");
    let kinds = world.look(|tx| tx.entries_after(0, tremen_rules::Time::from_millis(0), 1000));
    let kinds: Vec<_> = kinds.iter().map(|entry| entry.kind.as_str()).collect();
    assert!(kinds.windows(2).any(|pair| pair == ["journal_continued", "registry_restored"]), "{kinds:?}");
    let report = world.look(|tx| verify_journal::run(tx, &verify_journal::Request::default(), |_| {}));
    assert_eq!((report.trees.len(), report.faults), (2, Vec::new()));

    // The controller, with all that it remembers, finds it in another place.
    let mut player = world.power_up("ubo-laser", true, remembered.clone()).await;
    world.until(|tx| Ok(tx.open_session_on(LASER)?.is_none().then_some(()))).await;
    player.tap(LASER, uid(&ANNA), Intent::Use);
    relay(&mut player, true).await;
    player.tap(LASER, uid(&ANNA), Intent::Toggle);
    relay(&mut player, false).await;
    // A lock is obeyed, although the controller has done later ones than this registry remembers.
    world.lock(LASER).await;
    let locked = player
        .wait_for(PATIENCE, |it| match it {
            Happening::Remembers(remembered) if remembered.locked.contains(LASER) => Some(remembered.clone()),
            _ => None,
        })
        .await
        .unwrap();
    assert!(locked.last_order > remembered.last_order + 1_000_000, "{locked:?}");
    world.until(|tx| Ok(tx.open_orders(&id("ubo-laser"))?.is_empty().then_some(()))).await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_was_unlocked_when_the_backup_was_made_is_unlocked_again() {
    let world = World::easy().await;
    world.person("anna", &ANNA, false).await;
    let player = world.controller("ubo-laser", true).await;
    let file = world.folder.0.join("tremen.age");
    back_up(&world.store, &world.folder.0, &file).unwrap();
    let file = std::fs::read(&file).unwrap();
    player.cut().await;
    let clock = dies(world).await;

    // The lock was lost with the registry; the controller has it, under a number that was given since.
    let locked = Remembered {
        last_order: 77,
        lock_orders: [(LASER.to_owned(), 77)].into(),
        locked: [LASER.to_owned()].into(),
        ..Remembered::default()
    };
    let (world, _) = goes_on(Since::Lost, &file, clock).await;
    let mut player = world.power_up("ubo-laser", true, locked).await;
    player
        .wait_for(PATIENCE, |it| match it {
            Happening::Remembers(remembered) if remembered.locked.is_empty() => Some(()),
            _ => None,
        })
        .await
        .unwrap();
    player.tap(LASER, uid(&ANNA), Intent::Use);
    relay(&mut player, true).await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_before_the_restore_counts_no_more_and_an_unknown_session_is_stopped() {
    let world = World::easy().await;
    world.person("anna", &ANNA, false).await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let file = world.folder.0.join("tremen.age");
    back_up(&world.store, &world.folder.0, &file).unwrap();
    let file = std::fs::read(&file).unwrap();
    // Recorded after the backup, in the link that the backup holds.
    let ask = raw.ask(LASER, uid(&ANNA), Intent::Use);
    let session = granted(&raw.asks(&ask).await);
    let started = raw.about(Event::Started, LASER, session);
    raw.say(&Up::Report(started.clone()));
    assert!(raw.lease().await.lease_s > 0);
    let clock = dies(world).await;

    let (world, _) = goes_on(Since::Lost, &file, clock).await;
    let login = world.login("ubo-laser");
    let mut again = Raw::dial(&world, &login, true).await;
    again.link = raw.link; // its random bytes go on from there
    again.say(&Up::Ask(ask));
    again.say(&Up::Report(started));
    again.hears_nothing_but_a_welcome().await;
    assert!(world.look(|tx| tx.open_session_on(LASER)).is_none());
    // The session goes on at the machine: nobody granted it here, so it is told to stop.
    again.link_up(&[session]).await;
    assert_eq!(again.order().await.machine.as_deref(), Some(LASER), "locks are told anew");
    again.report(Event::Alive, LASER, session);
    let stop = loop {
        let order = again.order().await;
        if order.session.is_some() {
            break order;
        }
    };
    assert_eq!((stop.session, stop.reason.as_deref()), (Some(session), Some("session_unknown")));
    world.running.stop().await;
}

/// A restored registry, and what two more readings of Anna's card after the backup said: the lost one had the first.
struct Overheard {
    world: World,
    raw: Raw,
    anna: PersonId,
    card: SimulatedCard,
    recorded: [Reading; 2],
}

async fn overheard(since: Since) -> Overheard {
    let world = World::start().await;
    let anna = world.laser_user("anna", &ANNA, true, Level::Autonomous).await;
    let keys = world.store.keys().clone();
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let mut card = SimulatedCard::new(ANNA);
    granted(&raw.tap(LASER, card.read(&keys), Intent::Toggle).await);
    let file = world.folder.0.join("tremen.age");
    back_up(&world.store, &world.folder.0, &file).unwrap();
    let file = std::fs::read(&file).unwrap();
    let recorded = [card.read(&keys), card.read(&keys)];
    raw.tap(LASER, recorded[0].clone(), Intent::Toggle).await;
    let (clock, link) = (dies(world).await, raw.link);

    let (world, restored) = goes_on(since, &file, clock).await;
    assert_eq!(restored.continued.doubted_cards, usize::from(since == Since::LostAndOverheard));
    world.change(|tx| Ok(tx.open_session_on(LASER)?.map(|row| tx.close_session(&row, "ended")).transpose()?)).await;
    let mut raw = Raw::dial(&world, &world.login("ubo-laser"), true).await;
    raw.link = link; // its random bytes go on from there
    raw.link_up(&[]).await;
    let number = raw.order().await.number;
    world.change(move |tx| Ok(tx.settle_order(&id("ubo-laser"), number, "confirmed")?)).await;
    Overheard { world, raw, anna, card, recorded }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_registry_grants_the_same_chip_card_and_nothing_that_was_recorded_before_that_tap() {
    let Overheard { world, mut raw, mut card, recorded, .. } = overheard(Since::Lost).await;
    granted(&raw.tap(LASER, card.read(world.store.keys()), Intent::Use).await);
    for recorded in recorded {
        assert_eq!(denied(&raw.tap(LASER, recorded, Intent::Use).await), ["replayed_request"]);
    }
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_chip_cards_were_overheard_what_was_recorded_after_the_backup_opens_no_red_machine() {
    let Overheard { world, mut raw, anna, mut card, recorded } = overheard(Since::LostAndOverheard).await;
    for recorded in recorded.clone() {
        let answer = raw.tap(LASER, recorded, Intent::Use).await;
        assert_eq!(denied(&answer), ["card_assurance_too_low"]);
    }
    assert_eq!(denied(&raw.tap(LASER, recorded[0].clone(), Intent::Use).await), ["replayed_request"]);

    // Its owner holds it to the reader, and a manager looks on.
    let fresh = card.read(world.store.keys());
    assert_eq!(denied(&raw.tap(LASER, fresh, Intent::Use).await), ["card_assurance_too_low"]);
    world
        .change(move |tx| {
            let card = tx.cards_of(&anna)?.pop().unwrap();
            confirm_card::run(tx, &operator(), &card.card)
        })
        .await;
    granted(&raw.tap(LASER, card.read(world.store.keys()), Intent::Use).await);
    world.running.stop().await;
}

/// A small registry with one card, and its backup.
async fn small() -> (Folder, Store, Vec<u8>) {
    let folder = Folder::new();
    let store = open_store(&folder, thursday());
    crate::world::declare(&store, |_| {}).await;
    let added = store
        .write(|tx| {
            let row = crate::world::named(&id("yann"), "yann");
            tx.put_person(&row)?;
            let uid = YANN.to_vec();
            let card = attach_card::Request { person: row.person, ntag424: false, uid, label: None };
            attach_card::run(tx, &crate::world::operator(), &card).map(drop)
        })
        .await;
    added.unwrap();
    let file = folder.0.join("tremen.age");
    back_up(&store, &folder.0, &file).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    (folder, store, bytes)
}

/// Everything below a folder.
fn all_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { [vec![path.clone()], all_in(&path)].concat() } else { vec![path] }
        })
        .collect()
}

#[tokio::test]
async fn a_broken_backup_is_refused_with_its_reason_and_leaves_nothing() {
    let (_folder, _store, whole) = small().await;
    let clock = thursday();
    let bare = Folder::new();
    let target = bare.0.join("deep/below");
    let mut flipped = Vec::new();
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 4;
        flipped.push((spoilt, "damaged|not an age file|header|asks for|encrypted to a key|the passphrase"));
    }
    for length in (0..whole.len()).step_by(whole.len() / 40) {
        flipped.push((whole[..length].to_vec(), "cut short|damaged|not an age file|header"));
    }
    let foreign = |content: &[u8]| {
        let mut file = tremen_age::encrypt(Vec::new(), &passphrase(), Cost::new(1), &mut |_| {}).unwrap();
        std::io::Write::write_all(&mut file, content).unwrap();
        file.finish().unwrap()
    };
    flipped.push((foreign(b"a letter"), "this is no backup"));
    flipped.push((b"SQLite format 3\0".to_vec(), "not an age file"));
    for (spoilt, expected) in flipped {
        let told = restore_to(&spoilt, &target, &clock).await.unwrap_err().to_string();
        assert!(expected.split('|').any(|part| told.contains(part)), "{told}");
        assert_eq!(all_in(&bare.0), Vec::<PathBuf>::new());
    }
    let stranger = Passphrase::new("something else entirely");
    let (database, keys) = (target.join("tremen.db"), target.join("keys"));
    let place = Target { database: &database, keys: &keys };
    let refused =
        restore(whole.as_slice(), &place, Since::Lost, &stranger, clock.clone(), &mut |_| {}).await.unwrap_err();
    assert!(refused.to_string().contains("passphrase"), "{refused}");
    assert_eq!(all_in(&bare.0), Vec::<PathBuf>::new());
    restore_to(&whole, &target, &clock).await.unwrap();
}

#[tokio::test]
async fn nothing_is_overwritten_neither_by_a_backup_nor_by_a_restore() {
    let (folder, store, whole) = small().await;
    let file = folder.0.join("tremen.age");
    assert!(matches!(back_up(&store, &folder.0, &file).unwrap_err(), BackupError::Exists(_)));
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    assert!(matches!(restore_to(&whole, &folder.0, &thursday()).await.unwrap_err(), BackupError::Taken(_)));
    assert!(store.read_here(|tx| tx.card_by_uid(&YANN)).unwrap().is_some());
    let keys_only = Folder::new();
    std::fs::create_dir(keys_only.0.join("keys")).unwrap();
    std::fs::write(keys_only.0.join("keys/sealing.key"), "00").unwrap();
    assert!(matches!(restore_to(&whole, &keys_only.0, &thursday()).await.unwrap_err(), BackupError::Taken(_)));
    assert_eq!(std::fs::read_to_string(keys_only.0.join("keys/sealing.key")).unwrap(), "00");
}

#[tokio::test]
async fn a_backup_that_would_not_open_its_own_cards_gets_no_name() {
    let (folder, store, _) = small().await;
    let file = folder.0.join("another.age");
    std::fs::write(folder.0.join("keys/sealing.key"), "00".repeat(32)).unwrap();
    let refused = back_up(&store, &folder.0, &file).unwrap_err();
    assert!(refused.to_string().contains("the keys do not open"), "{refused}");
    std::fs::remove_file(folder.0.join("keys/sealing.key")).unwrap();
    let refused = back_up(&store, &folder.0, &file).unwrap_err();
    assert!(refused.to_string().contains("sealing.key"), "{refused}");
    let names: Vec<_> = all_in(&folder.0).into_iter().map(|path| path.display().to_string()).collect();
    assert!(names.iter().all(|name| !name.contains("another") && !name.contains(".backup")), "{names:?}");
}
