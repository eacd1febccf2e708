//! A broker that is not to be trusted with words: it stands between controllers and a real one, and loses, doubles, holds
//! back and says again what either side publishes, by dice for each controller and direction; now and then it hangs up.
//!
//! Every word that it takes it confirms, as if all were well, and it hands words on with QoS 0, so that nobody waits for a
//! confirmation of theirs. All other packets pass as they are.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::dice::Dice;

/// Of so many words one is lost, one is doubled, two are held back, one is followed by an old one.
const OF_WORDS: usize = 12;
/// Of so many words one makes it hang up.
const HANGS_UP: usize = 300;
/// How long a word is held back at most, in milliseconds: longer than a controller waits before it repeats an ask.
const HELD_MS: usize = 1_500;

/// Which way a word goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// From a controller.
    Up,
    /// To a controller.
    Down,
}

/// What it did to words.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    pub taken: usize,
    pub lost: usize,
    pub doubled: usize,
    pub held: usize,
    pub said_again: usize,
    pub hung_up: usize,
}

/// What a controller published, as it did.
#[derive(Debug, Clone)]
pub struct Word {
    pub topic: String,
    pub payload: Vec<u8>,
}

/// The broker. Controllers dial [`HostileBroker::address`].
pub struct HostileBroker {
    pub address: SocketAddr,
    mind: Arc<Mutex<Mind>>,
    _calls: JoinSet<()>,
}

/// What it remembers and intends.
struct Mind {
    seed: u64,
    is_hostile: bool,
    tally: Tally,
    /// For each controller and direction: its dice, and what was said.
    words: BTreeMap<(String, Way), Words>,
    /// What controllers said, in order.
    heard: Vec<Word>,
}

/// One controller's words, one way: the dice that fall for them, and all that was said.
type Words = (Dice, Vec<Vec<u8>>);

impl HostileBroker {
    /// Stands before a real broker.
    pub async fn before(broker: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tally, words, heard) = (Tally::default(), BTreeMap::new(), Vec::new());
        let mind = Arc::new(Mutex::new(Mind { seed, is_hostile: true, tally, words, heard }));
        let mut task = JoinSet::new();
        let shared = mind.clone();
        task.spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((caller, _)) = listener.accept().await {
                while calls.try_join_next().is_some() {}
                let mind = shared.clone();
                calls.spawn(async move { drop(carry(caller, broker, mind).await) }); // either side hung up
            }
        });
        Self { address, mind, _calls: task }
    }

    /// From now on it does what a broker should.
    pub fn calms(&self) {
        self.mind.lock().unwrap().is_hostile = false;
    }

    pub fn tally(&self) -> Tally {
        self.mind.lock().unwrap().tally
    }

    /// All that controllers published so far.
    pub fn heard(&self) -> Vec<Word> {
        self.mind.lock().unwrap().heard.clone()
    }
}

impl Mind {
    /// What becomes of a word: what is handed on, and after how many milliseconds; none to hang up.
    fn fate(&mut self, who: &str, way: Way, word: Vec<u8>) -> Option<Vec<(usize, Vec<u8>)>> {
        self.tally.taken += 1;
        let turn = self.seed.wrapping_mul(1_000).wrapping_add(self.words.len() as u64);
        let (dice, said) = self.words.entry((who.to_owned(), way)).or_insert_with(|| (Dice::of(turn), Vec::new()));
        said.push(word.clone());
        if !self.is_hostile {
            return Some(vec![(0, word)]);
        }
        if dice.below(HANGS_UP) == 0 {
            self.tally.hung_up += 1;
            return None;
        }
        let tally = &mut self.tally;
        Some(match dice.below(OF_WORDS) {
            0 => {
                tally.lost += 1;
                Vec::new()
            }
            1 => {
                tally.doubled += 1;
                vec![(0, word.clone()), (dice.below(HELD_MS), word)]
            }
            2 | 3 => {
                tally.held += 1;
                vec![(1 + dice.below(HELD_MS), word)]
            }
            4 => {
                tally.said_again += 1;
                vec![(0, word), (dice.below(HELD_MS), said[dice.below(said.len())].clone())]
            }
            _ => vec![(0, word)],
        })
    }
}

/// A packet as it travels: its first byte, and what follows the length.
struct Packet {
    head: u8,
    body: Vec<u8>,
}

impl Packet {
    async fn read(from: &mut OwnedReadHalf) -> std::io::Result<Self> {
        let head = from.read_u8().await?;
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let byte = from.read_u8().await?;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 || shift > 21 {
                break;
            }
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body).await?;
        Ok(Self { head, body })
    }

    fn bytes(&self) -> Vec<u8> {
        let (mut bytes, mut length) = (vec![self.head], self.body.len());
        loop {
            let byte = u8::try_from(length & 0x7f).unwrap();
            length >>= 7;
            bytes.push(if length > 0 { byte | 0x80 } else { byte });
            if length == 0 {
                break;
            }
        }
        bytes.extend(&self.body);
        bytes
    }

    const fn is_publish(&self) -> bool {
        self.head >> 4 == 3
    }

    /// Makes a PUBLISH one of QoS 0; what confirms the one that it was, if that is wanted.
    fn lightened(&mut self) -> Option<Vec<u8>> {
        let wants = self.head & 0b0110 != 0;
        self.head &= 0b1111_0001; // keeps whether it is to be retained
        let at = 2 + usize::from(u16::from_be_bytes([self.body[0], self.body[1]]));
        wants.then(|| {
            let number: Vec<u8> = self.body.drain(at..at + 2).collect();
            [vec![0x40, 2], number].concat()
        })
    }

    /// What a PUBLISH of QoS 0 says.
    fn word(&self) -> Word {
        let (topic, rest) = text(&self.body);
        Word { topic, payload: after_properties(rest).to_vec() }
    }

    /// Who says CONNECT.
    fn client_id(&self) -> String {
        let (_protocol, rest) = text(&self.body);
        text(after_properties(&rest[4..])).0 // after level, flags and keep-alive
    }
}

/// A text with its length before it, and what follows.
fn text(bytes: &[u8]) -> (String, &[u8]) {
    let end = 2 + usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    (String::from_utf8(bytes[2..end].to_vec()).unwrap(), &bytes[end..])
}

/// What follows the properties, which are shorter than 128 bytes here.
fn after_properties(bytes: &[u8]) -> &[u8] {
    assert!(bytes[0] < 0x80, "long properties");
    &bytes[1 + usize::from(bytes[0])..]
}

async fn carry(caller: TcpStream, broker: SocketAddr, mind: Arc<Mutex<Mind>>) -> std::io::Result<()> {
    let called = TcpStream::connect(broker).await?;
    // Without this a round trip costs 45 to 90 ms.
    caller.set_nodelay(true)?;
    called.set_nodelay(true)?;
    let (mut from_caller, to_caller) = caller.into_split();
    let (from_called, to_called) = called.into_split();
    let (down, down_waiting) = unbounded_channel();
    let (up, up_waiting) = unbounded_channel();
    let connect = Packet::read(&mut from_caller).await?;
    let who = connect.client_id();
    let _ = up.send(connect.bytes());
    // Whoever ends first ends the call.
    tokio::select! {
        ended = write(down_waiting, to_caller) => ended,
        ended = write(up_waiting, to_called) => ended,
        ended = listen(from_caller, (&who, Way::Up), &mind, (&up, &down)) => ended,
        ended = listen(from_called, (&who, Way::Down), &mind, (&down, &up)) => ended,
    }
}

/// Takes what one side says until it hangs up, or we do.
async fn listen(
    mut from: OwnedReadHalf,
    (who, way): (&str, Way),
    mind: &Mutex<Mind>,
    (on, back): (&UnboundedSender<Vec<u8>>, &UnboundedSender<Vec<u8>>),
) -> std::io::Result<()> {
    let mut held = JoinSet::new();
    loop {
        let mut packet = Packet::read(&mut from).await?;
        while held.try_join_next().is_some() {}
        if !packet.is_publish() {
            let _ = on.send(packet.bytes()); // a side that hung up ends the call
            continue;
        }
        if let Some(confirmation) = packet.lightened() {
            let _ = back.send(confirmation);
        }
        let fate = {
            let mut mind = mind.lock().unwrap();
            if way == Way::Up {
                mind.heard.push(packet.word());
            }
            mind.fate(who, way, packet.bytes())
        };
        let Some(fate) = fate else { return Ok(()) };
        for (after, bytes) in fate {
            if after == 0 {
                let _ = on.send(bytes);
            } else {
                let on = on.clone();
                held.spawn(async move {
                    tokio::time::sleep(Duration::from_millis(after as u64)).await;
                    let _ = on.send(bytes);
                });
            }
        }
    }
}

async fn write(mut waiting: UnboundedReceiver<Vec<u8>>, mut to: OwnedWriteHalf) -> std::io::Result<()> {
    while let Some(bytes) = waiting.recv().await {
        to.write_all(&bytes).await?;
    }
    Ok(())
}
