//! A controller that speaks the wire by hand, in both profiles, so that hostile things can be said too.
//!
//! Start at [`Raw::linked`], then [`Raw::tap`]. What the registry does not answer is shown by what it answers next: it
//! takes the messages of one connection in their order.

use tokio::sync::mpsc;
use tremen_server::machines::client::{self, Client, Login};
use tremen_wire::{
    Answer, Ask, Capability, Challenge, Channel, ControllerId, Down, Event, Hello, Intent, Key, Lease, Link, Nonce,
    Order, Outcome, Protection, Reading, Report, SessionId, Topic, Uid, Up, Verdict, Welcome,
};

use crate::world::{KEY, PATIENCE, World};

/// A controller that somebody plays by hand.
pub struct Raw {
    pub id: ControllerId,
    pub client: Client,
    pub link: Option<Link>,
    /// The last counter that was used in this link.
    pub n: u64,
    /// The registry's clock, in Unix seconds, as it is said in an ask.
    pub at_s: u64,
    pub capabilities: Vec<Capability>,
    key: Option<Key>,
    heard: mpsc::UnboundedReceiver<(Channel, Vec<u8>)>,
    said: u64,
    _connection: tokio::task::JoinSet<()>,
}

impl Raw {
    /// Provisions a controller and connects it; it says nothing yet.
    pub async fn connected(world: &World, name: &str, sealed: bool) -> Self {
        let login = world.provision(name, sealed).await;
        Self::dial(world, &login, sealed).await
    }

    /// Connects a controller that has its secrets.
    pub async fn dial(world: &World, login: &Login, sealed: bool) -> Self {
        let (teller, heard) = mpsc::unbounded_channel();
        let (client, connection) = client::connect(login);
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(connection.run(move |topic, _, bytes| {
            if let Some(Topic { channel, .. }) = Topic::parse(topic) {
                let _ = teller.send((channel, bytes.to_vec())); // the story may be over
            }
        }));
        let up = async { client.connected().wait_for(|up| *up).await.map(drop) };
        tokio::time::timeout(PATIENCE, up).await.unwrap().unwrap();
        Self {
            id: ControllerId::parse(&login.client_id).unwrap(),
            client,
            link: None,
            n: 0,
            at_s: world.now().unix_seconds(),
            capabilities: vec![Capability::Lcd],
            key: sealed.then(|| Key::new(KEY)),
            heard,
            said: 0,
            _connection: tasks,
        }
    }

    /// Provisions a controller, connects and links it.
    pub async fn linked(world: &World, name: &str, sealed: bool) -> Self {
        let mut raw = Self::connected(world, name, sealed).await;
        raw.link_up(&[]).await;
        raw
    }

    /// Says hello and takes the link up.
    pub async fn link_up(&mut self, running: &[SessionId]) {
        let hello = self.hello(running);
        let welcome = self.greet(&hello).await;
        self.take_up(welcome.link).await;
    }

    /// Takes a link up.
    pub async fn take_up(&mut self, link: Link) {
        (self.link, self.n) = (Some(link), 0);
        let n = self.say_linked();
        let lease = self.lease().await;
        assert_eq!((lease.n, lease.lease_s, lease.session), (Some(n), 0, None));
    }

    /// A hello with a challenge of its own.
    pub fn hello(&mut self, running: &[SessionId]) -> Hello {
        Hello {
            challenge: Challenge(self.fresh()),
            firmware: "by hand 1".to_owned(),
            capabilities: self.capabilities.clone(),
            last_order: 0,
            running: running.to_vec(),
            at_s: None,
        }
    }

    /// Says hello and hears the welcome.
    pub async fn greet(&mut self, hello: &Hello) -> Welcome {
        self.say(&Up::Hello(hello.clone()));
        let welcome = self.welcome().await;
        assert_eq!(welcome.challenge, hello.challenge);
        welcome
    }

    /// Sixteen bytes that this controller has not used.
    pub fn fresh(&mut self) -> [u8; 16] {
        self.said += 1;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.link.map_or([0; 8], |link| link.0));
        bytes[8..].copy_from_slice(&self.said.to_be_bytes());
        bytes
    }

    pub fn next_n(&mut self) -> Option<u64> {
        self.n += 1;
        self.link.map(|_| self.n)
    }

    pub fn protection(&self) -> Protection<'_> {
        self.key.as_ref().map_or(Protection::Plain, Protection::Sealed)
    }

    pub fn encode(&self, up: &Up) -> Vec<u8> {
        up.encode(&self.id, self.protection())
    }

    /// Publishes a message and gives its bytes.
    pub fn say(&self, up: &Up) -> Vec<u8> {
        let bytes = self.encode(up);
        self.say_bytes(up.channel(), &bytes);
        bytes
    }

    pub fn say_bytes(&self, channel: Channel, bytes: &[u8]) {
        self.client.publish(&channel.topic(&self.id), bytes.to_vec(), false);
    }

    /// Reports that the link is taken up, and gives the report's counter.
    pub fn say_linked(&mut self) -> u64 {
        let n = self.next_n().unwrap();
        self.say(&Up::Report(Report { link: self.link, n: Some(n), ..Report::new(Event::Linked) }));
        n
    }

    /// A report about a session, with a counter of its own.
    pub fn about(&mut self, event: Event, machine: &str, session: SessionId) -> Report {
        Report {
            link: self.link,
            n: self.next_n(),
            machine: Some(machine.to_owned()),
            session: Some(session),
            relay: Some(event != Event::Ended),
            ..Report::new(event)
        }
    }

    pub fn report(&mut self, event: Event, machine: &str, session: SessionId) {
        let report = self.about(event, machine, session);
        self.say(&Up::Report(report));
    }

    /// Says what became of an order.
    pub fn settle(&mut self, event: Event, order: &Order, relay: Option<bool>) {
        let report = Report {
            link: self.link,
            n: self.next_n(),
            order: Some(order.number),
            machine: order.machine.clone(),
            relay,
            ..Report::new(event)
        };
        self.say(&Up::Report(report));
    }

    /// An ask with a nonce and a counter of its own.
    pub fn ask(&mut self, machine: &str, reading: Reading, intent: Intent) -> Ask {
        let sealed = self.key.is_some();
        Ask {
            link: self.link,
            n: self.next_n(),
            nonce: Nonce(self.fresh()),
            machine: machine.to_owned(),
            reading,
            intent,
            at_s: sealed.then_some(self.at_s),
        }
    }

    /// Asks and hears the answer.
    pub async fn asks(&mut self, ask: &Ask) -> Answer {
        self.say(&Up::Ask(ask.clone()));
        let answer = self.answer().await;
        assert_eq!(answer.nonce, ask.nonce);
        answer
    }

    /// A card is held to the reader.
    pub async fn tap(&mut self, machine: &str, reading: Reading, intent: Intent) -> Answer {
        let ask = self.ask(machine, reading, intent);
        self.asks(&ask).await
    }

    /// A card opens a session, and the relay closes.
    pub async fn start(&mut self, machine: &str, reading: Reading) -> SessionId {
        let session = granted(&self.tap(machine, reading, Intent::Use).await);
        self.report(Event::Started, machine, session);
        assert!(self.lease().await.lease_s > 0);
        session
    }

    /// The next message.
    pub async fn hear(&mut self) -> Down {
        let (channel, bytes) = tokio::time::timeout(PATIENCE, self.heard.recv()).await.unwrap().unwrap();
        Down::decode(&self.id, channel, &bytes, self.protection()).unwrap()
    }

    pub async fn welcome(&mut self) -> Welcome {
        match self.hear().await {
            Down::Welcome(welcome) => welcome,
            other => panic!("a welcome was expected: {other:?}"),
        }
    }

    pub async fn answer(&mut self) -> Answer {
        match self.hear().await {
            Down::Answer(answer) => answer,
            other => panic!("an answer was expected: {other:?}"),
        }
    }

    pub async fn lease(&mut self) -> Lease {
        match self.hear().await {
            Down::Lease(lease) => lease,
            other => panic!("a lease was expected: {other:?}"),
        }
    }

    pub async fn order(&mut self) -> Order {
        match self.hear().await {
            Down::Order(order) => order,
            other => panic!("an order was expected: {other:?}"),
        }
    }

    /// What was said before gets no answer: the next word of the registry is for a report that comes after it.
    pub async fn hears_nothing(&mut self) {
        let n = self.say_linked();
        let lease = self.lease().await;
        assert_eq!((lease.n, lease.lease_s), (Some(n), 0));
    }

    /// As [`Raw::hears_nothing`], without a link: the next word is for a hello that comes after it.
    pub async fn hears_nothing_but_a_welcome(&mut self) {
        let hello = self.hello(&[]);
        self.greet(&hello).await;
    }
}

pub fn uid(bytes: &[u8]) -> Reading {
    Reading::Uid(Uid::new(bytes).unwrap())
}

/// The session that a grant names.
pub fn granted(answer: &Answer) -> SessionId {
    match &answer.outcome {
        Outcome::Grant { session, .. } => *session,
        other => panic!("a grant was expected: {other:?}"),
    }
}

/// The session that a `done` names.
pub fn done(answer: &Answer) -> Option<SessionId> {
    match &answer.outcome {
        Outcome::Done { session } => *session,
        other => panic!("a done was expected: {other:?}"),
    }
}

/// All reasons of a denial.
pub fn denied(answer: &Answer) -> Vec<&str> {
    match &answer.outcome {
        Outcome::Deny { reason, reasons } => {
            assert_eq!(reasons.first(), Some(reason));
            reasons.iter().map(String::as_str).collect()
        }
        other => panic!("a denial was expected: {other:?}"),
    }
}

pub fn verdict(answer: &Answer) -> Verdict {
    answer.outcome.verdict()
}
