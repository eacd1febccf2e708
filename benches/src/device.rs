//! A sealed controller, as thin as can be: it measures the registry, not itself.

use std::time::Instant;

use tokio::sync::mpsc;
use tremen_server::machines::Secret;
use tremen_server::machines::client::{self, Address, Client, Login};
use tremen_server::store::system_random;
use tremen_wire::{
    Answer, Ask, Challenge, Channel, ControllerId, Down, Event, Hello, Intent, Key, Lease, Link, Nonce, Order,
    Protection, Reading, Report, SessionId, Topic, Uid, Up,
};

use crate::people::uid;

/// Every controller's key.
pub(crate) const KEY: [u8; 32] = [7; 32];
/// Every controller's password.
pub(crate) const PASSWORD: &str = "secret";

/// What came in: on which of the wire's channels, and its bytes.
pub(crate) type Message = (Option<Channel>, Vec<u8>);

/// Connects a client and hands over what it hears.
pub(crate) async fn connect(
    broker: &Address,
    user: &str,
    password: Secret,
    filter: String,
) -> (Client, mpsc::UnboundedReceiver<Message>) {
    let (teller, heard) = mpsc::unbounded_channel();
    let (client, connection) = client::connect(&Login {
        address: broker.clone(),
        client_id: user.to_owned(),
        credentials: Some((user.to_owned(), password)),
        filters: vec![filter],
        last_will: None,
    });
    tokio::spawn(connection.run(move |topic, _, bytes| {
        let channel = Topic::parse(topic).map(|topic| topic.channel);
        let _ = teller.send((channel, bytes.to_vec())); // the measurement may be over
    }));
    client.connected().wait_for(|up| *up).await.unwrap();
    (client, heard)
}

/// What the registry says to a controller.
#[derive(Debug)]
pub enum Heard {
    /// To an ask.
    Answer(Answer),
    /// By itself.
    Order(Order),
    /// To a report.
    Lease(Lease),
}

/// A connected controller with its link.
#[derive(Debug)]
pub struct Device {
    client: Client,
    heard: mpsc::UnboundedReceiver<Message>,
    id: ControllerId,
    key: Key,
    link: Link,
    n: u64,
    now_s: u64,
    begun: Instant,
}

impl Device {
    /// Connects controller `bench-NUMBER` and takes up a link.
    pub async fn start(broker: &Address, number: u32) -> Self {
        let name = format!("bench-{number}");
        let id = ControllerId::parse(&name).unwrap();
        let filter = format!("tremen/1/c/{name}/down/#");
        let (client, mut heard) = connect(broker, &name, Secret(PASSWORD.to_owned()), filter).await;
        let key = Key::new(KEY);
        let hello = Up::Hello(Hello {
            challenge: Challenge(random()),
            firmware: "bench 1".to_owned(),
            capabilities: Vec::new(),
            last_order: 0,
            running: Vec::new(),
            at_s: None,
        });
        client.publish(&Channel::Hello.topic(&id), hello.encode(&id, Protection::Sealed(&key)), false);
        let (_, bytes) = heard.recv().await.unwrap();
        let Ok(Down::Welcome(welcome)) = Down::decode(&id, Channel::Welcome, &bytes, Protection::Sealed(&key)) else {
            panic!("no welcome")
        };
        let mut device =
            Self { client, heard, id, key, link: welcome.link, n: 0, now_s: welcome.at_s, begun: Instant::now() };
        device.report(Event::Linked, |report| report);
        device.heard.recv().await.unwrap();
        device
    }

    fn next_n(&mut self) -> u64 {
        self.n += 1;
        self.n
    }

    fn publish(&self, up: &Up) {
        self.client.publish(&up.channel().topic(&self.id), up.encode(&self.id, Protection::Sealed(&self.key)), false);
    }

    /// The link, and the next counter in it.
    pub fn next_in_link(&mut self) -> (Link, u64) {
        (self.link, self.next_n())
    }

    /// Publishes the ask of a person's card and tells its nonce.
    pub fn ask(&mut self, machine: &str, who: u32, intent: Intent) -> Nonce {
        let nonce = Nonce(random());
        let ask = Ask {
            link: Some(self.link),
            n: Some(self.next_n()),
            nonce,
            machine: machine.to_owned(),
            reading: Reading::Uid(Uid::new(&uid(who)).unwrap()),
            intent,
            at_s: Some(self.now_s + self.begun.elapsed().as_secs()),
        };
        self.publish(&Up::Ask(ask));
        nonce
    }

    /// Publishes a report, filled in by `fill`.
    pub fn report(&mut self, event: Event, fill: impl FnOnce(Report) -> Report) {
        let report = Report { link: Some(self.link), n: Some(self.next_n()), ..Report::new(event) };
        self.publish(&Up::Report(fill(report)));
    }

    /// Waits for what the registry says next.
    pub async fn hear(&mut self) -> Heard {
        loop {
            let (channel, bytes) = self.heard.recv().await.unwrap();
            match Down::decode(&self.id, channel.unwrap(), &bytes, Protection::Sealed(&self.key)).unwrap() {
                Down::Answer(answer) => return Heard::Answer(answer),
                Down::Order(order) => return Heard::Order(order),
                Down::Lease(lease) => return Heard::Lease(lease),
                Down::Welcome(_) => {}
            }
        }
    }

    /// Waits for the next answer.
    pub async fn answer(&mut self) -> Answer {
        loop {
            if let Heard::Answer(answer) = self.hear().await {
                return answer;
            }
        }
    }

    /// Waits for the next order.
    pub async fn order(&mut self) -> Order {
        loop {
            if let Heard::Order(order) = self.hear().await {
                return order;
            }
        }
    }

    /// A whole tap, from the ask's publishing to its answer.
    pub async fn tap(&mut self, machine: &str, who: u32, intent: Intent) -> Answer {
        self.ask(machine, who, intent);
        self.answer().await
    }

    /// Confirms a stop and reports its session ended; returns once the registry has closed it.
    pub async fn obey(&mut self, order: &Order) {
        let session: Option<SessionId> = order.session;
        let with = |report: Report| Report { machine: order.machine.clone(), relay: Some(false), ..report };
        self.report(Event::Confirmed, |report| Report { order: Some(order.number), ..with(report) });
        self.report(Event::Ended, |report| Report { session, ..with(report) });
        loop {
            if let Heard::Lease(_) = self.hear().await {
                return;
            }
        }
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    system_random()(&mut bytes);
    bytes
}
