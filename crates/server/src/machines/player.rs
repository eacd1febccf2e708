//! The other side of the wire: plays a controller over MQTT, for `tap`, the demonstration and the tests.
//!
//! The controller itself is `tremen-controller`, the one that firmware links; here it gets a connection, a clock and
//! random bytes, and its outputs become [`Happening`]s.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tremen_controller::{Controller, Input, Output, Remembered, Settings, TapResult};
use tremen_wire::{Channel, Intent, MachineCard, Presence, Reading, Topic};

use super::access::Secret;
use super::client::{self, Address, Client, Login};

/// What somebody does at the device.
#[derive(Debug, Clone)]
pub enum Act {
    /// Holds a card to the reader.
    Tap {
        /// At which machine.
        machine: String,
        /// What the reader sees.
        reading: Reading,
        /// What for.
        intent: Intent,
    },
    /// The machine draws so much current.
    Load {
        /// Which.
        machine: String,
        /// Milliamperes.
        load_ma: u64,
    },
}

/// What happens at the device.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// It has taken up a link: the registry knows it.
    Linked,
    /// The registry told which machines it serves.
    Machines(Vec<MachineCard>),
    /// What became of a tap.
    Tapped {
        /// At which machine.
        machine: String,
        /// The outcome.
        result: TapResult,
    },
    /// A relay closed or opened.
    Relay {
        /// Of which machine.
        machine: String,
        /// Whether the machine has power now.
        closed: bool,
    },
    /// The display shows two lines.
    Shows {
        /// Of which machine.
        machine: String,
        /// The lines.
        lcd: [String; 2],
    },
    /// An order came in.
    Ordered {
        /// The bytes as they came.
        bytes: Vec<u8>,
        /// When.
        at: Instant,
    },
    /// What it would store now.
    Remembers(Remembered),
}

/// A controller at work. Dropping it cuts its power: the broker speaks its last will.
#[derive(Debug)]
pub struct Player {
    acts: mpsc::UnboundedSender<Act>,
    happenings: mpsc::UnboundedReceiver<Happening>,
    tasks: tokio::task::JoinSet<()>,
}

/// Something for the loop to take in.
enum Event {
    Connected(bool),
    Message(Channel, Vec<u8>),
}

/// How a controller logs in to a broker.
#[must_use]
pub fn login(address: Address, controller: &tremen_wire::ControllerId, password: &str) -> Login {
    Login {
        address,
        client_id: controller.to_string(),
        credentials: Some((controller.to_string(), Secret(password.to_owned()))),
        filters: vec![format!("tremen/1/c/{controller}/down/#")],
        last_will: Some((Channel::Alive.topic(controller), Presence::Offline.as_str().to_owned())),
    }
}

impl Player {
    /// Powers a controller up.
    #[must_use]
    pub fn start(settings: Settings, remembered: Remembered, login: &Login) -> Self {
        let (acts, inbox) = mpsc::unbounded_channel();
        let (teller, happenings) = mpsc::unbounded_channel();
        let (events, event_inbox) = mpsc::unbounded_channel();
        let (client, connection) = client::connect(login);
        let mut connected = client.connected();
        let mut tasks = tokio::task::JoinSet::new();
        let messages = events.clone();
        tasks.spawn(connection.run(move |topic, _, bytes| {
            if let Some(Topic { channel, .. }) = Topic::parse(topic) {
                let _ = messages.send(Event::Message(channel, bytes.to_vec())); // the loop may have ended
            }
        }));
        tasks.spawn(async move {
            while connected.changed().await.is_ok() {
                let up = *connected.borrow_and_update();
                if events.send(Event::Connected(up)).is_err() {
                    return;
                }
            }
        });
        let controller = Controller::new(settings, remembered);
        let device = Device { controller, client, teller, begun: Instant::now(), linked: false };
        tasks.spawn(device.run(inbox, event_inbox));
        Self { acts, happenings, tasks }
    }

    /// Does something at the device.
    pub fn act(&self, act: Act) {
        let _ = self.acts.send(act); // a device without power hears nothing
    }

    /// Holds a card to the reader.
    pub fn tap(&self, machine: &str, reading: Reading, intent: Intent) {
        self.act(Act::Tap { machine: machine.to_owned(), reading, intent });
    }

    /// What happens next; none when that takes longer than `patience` or the device has no power.
    pub async fn next(&mut self, patience: Duration) -> Option<Happening> {
        tokio::time::timeout(patience, self.happenings.recv()).await.ok().flatten()
    }

    /// Waits until something happens that `wanted` takes; none when `patience` runs out first.
    pub async fn wait_for<T>(
        &mut self,
        patience: Duration,
        mut wanted: impl FnMut(&Happening) -> Option<T>,
    ) -> Option<T> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let happening = tokio::time::timeout_at(deadline, self.happenings.recv()).await.ok().flatten()?;
            if let Some(found) = wanted(&happening) {
                return Some(found);
            }
        }
    }

    /// Cuts the device's power.
    pub async fn cut(mut self) {
        self.tasks.shutdown().await;
    }
}

/// The device around the controller.
struct Device {
    controller: Controller,
    client: Client,
    teller: mpsc::UnboundedSender<Happening>,
    begun: Instant,
    linked: bool,
}

impl Device {
    async fn run(mut self, mut acts: mpsc::UnboundedReceiver<Act>, mut events: mpsc::UnboundedReceiver<Event>) {
        loop {
            let wake = self.controller.wake_at().map(|at| self.begun + Duration::from_millis(at.as_millis()));
            let sleep = async {
                match wake {
                    Some(wake) => tokio::time::sleep_until(wake.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(Event::Connected(true)) => self.handle(Input::Connected),
                    Some(Event::Connected(false)) => self.handle(Input::Disconnected),
                    Some(Event::Message(channel, bytes)) => {
                        if channel == Channel::Order {
                            self.tell(Happening::Ordered { bytes: bytes.clone(), at: Instant::now() });
                        }
                        self.handle(Input::Message { channel, bytes: &bytes });
                    }
                    None => return,
                },
                act = acts.recv() => match act {
                    Some(Act::Tap { machine, reading, intent }) => {
                        self.handle(Input::Tap { machine: &machine, reading, intent });
                    }
                    Some(Act::Load { machine, load_ma }) => self.handle(Input::Load { machine: &machine, load_ma }),
                    None => return,
                },
                () = sleep => self.handle(Input::Tick),
            }
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        let elapsed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let now = tremen_controller::Instant::from_millis(elapsed);
        let outputs = self.controller.handle(input, now, &mut |bytes| {
            if getrandom::fill(bytes).is_err() {
                std::process::abort(); // a nonce must never be guessable
            }
        });
        for output in outputs {
            self.put(output);
        }
        if self.controller.is_linked() != std::mem::replace(&mut self.linked, self.controller.is_linked())
            && self.linked
        {
            self.tell(Happening::Linked);
        }
    }

    fn put(&self, output: Output) {
        match output {
            Output::Publish { channel, bytes, retained } => {
                self.client.publish(&channel.topic(self.controller.id()), bytes, retained);
            }
            Output::CloseRelay { machine } => self.tell(Happening::Relay { machine, closed: true }),
            Output::OpenRelay { machine } => self.tell(Happening::Relay { machine, closed: false }),
            Output::Show { machine, lcd } => self.tell(Happening::Shows { machine, lcd }),
            Output::Identify { .. } => {}
            Output::Machines(machines) => self.tell(Happening::Machines(machines)),
            Output::Remember(remembered) => self.tell(Happening::Remembers(remembered)),
            Output::Tapped { machine, result } => self.tell(Happening::Tapped { machine, result }),
        }
    }

    fn tell(&self, happening: Happening) {
        let _ = self.teller.send(happening); // nobody may be looking
    }
}
