//! The bridge at work: connection, reader and clock into the device, and what it says out again. Start at [`run`].

use std::time::Duration;

use tokio::sync::mpsc;
use tremen_controller::{Input, Instant};
use tremen_wire::Channel;

use crate::broker::{Address, Client, News, connect};
use crate::device::{Device, DeviceError, Message};
use crate::key_file::KeyFile;
use crate::reader::{SameTap, Seen};

/// How long a stop waits for the registry to note the end, and for the goodbye to be sent.
const GOODBYE: Duration = Duration::from_secs(2);

/// What the bridge is made of.
#[derive(Debug)]
pub struct Parts {
    /// Who it is.
    pub key: KeyFile,
    /// Where the broker is.
    pub broker: Address,
    /// The controller with its relay.
    pub device: Device,
    /// What the reader sees.
    pub cards: mpsc::Receiver<Seen>,
}

/// Works until `shutdown` is done or the device fails; the relay is open when it returns.
///
/// # Errors
/// [`DeviceError`] when the relay does not switch, the memory cannot be stored or the system gives no random bytes.
pub async fn run(parts: Parts, shutdown: impl Future<Output = ()>) -> Result<(), DeviceError> {
    let Parts { key, broker, device, mut cards } = parts;
    let (client, connection) = connect(&broker, &key);
    let (tell, mut news) = mpsc::channel(64);
    let connection = tokio::spawn(connection.run(tell));
    let mut bridge = Bridge { device, client, begun: tokio::time::Instant::now(), same_tap: SameTap::default() };
    tokio::pin!(shutdown);
    let mut reader_works = true;
    loop {
        let wake = bridge.wake();
        let sleep = async {
            match wake {
                Some(wake) => tokio::time::sleep_until(wake).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            told = news.recv() => match told {
                Some(told) => bridge.news(&told)?,
                None => break,
            },
            seen = cards.recv(), if reader_works => match seen {
                Some(seen) => bridge.seen(seen)?,
                None => reader_works = false,
            },
            () = sleep => bridge.input(Input::Tick)?,
        }
    }
    bridge.stop(&mut news).await?;
    // What is not sent by then is lost; the registry closes the session when its lease has run out.
    let _ = tokio::time::timeout(GOODBYE, connection).await;
    Ok(())
}

struct Bridge {
    device: Device,
    client: Client,
    begun: tokio::time::Instant,
    same_tap: SameTap,
}

impl Bridge {
    fn now(&self) -> Instant {
        Instant::from_millis(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn wake(&self) -> Option<tokio::time::Instant> {
        self.device.wake_at().map(|at| self.begun + Duration::from_millis(at.as_millis()))
    }

    fn news(&mut self, news: &News) -> Result<(), DeviceError> {
        match news {
            News::Connected => self.input(Input::Connected),
            News::Disconnected => self.input(Input::Disconnected),
            News::Message(channel, bytes) => self.input(Input::Message { channel: *channel, bytes }),
        }
    }

    fn seen(&mut self, seen: Seen) -> Result<(), DeviceError> {
        let now = self.now();
        match seen {
            Seen::Card(card) if self.same_tap.is_new(card, now.as_millis()) => {
                let messages = self.device.tap(card, now)?;
                self.publish(messages);
            }
            Seen::Card(_) => {} // it still lies there
            Seen::Intent(intent) => self.device.intend(intent, now),
            Seen::Unreadable => {
                tracing::warn!("the reader sent something that is no card in the format it was said to have")
            }
        }
        Ok(())
    }

    fn input(&mut self, input: Input<'_>) -> Result<(), DeviceError> {
        let messages = self.device.handle(input, self.now())?;
        self.publish(messages);
        Ok(())
    }

    fn publish(&self, messages: Vec<Message>) {
        for message in messages {
            self.client.publish(message.channel, message.bytes, message.retained);
        }
    }

    /// Opens the relay, says what has ended, and waits a moment for the registry to note it.
    async fn stop(&mut self, news: &mut mpsc::Receiver<News>) -> Result<(), DeviceError> {
        let messages = self.device.stop(self.now())?;
        let ended = !messages.is_empty();
        self.publish(messages);
        let noted = async {
            while let Some(told) = news.recv().await {
                if matches!(told, News::Message(Channel::Lease, _) | News::Disconnected) {
                    return;
                }
            }
        };
        if ended {
            let _ = tokio::time::timeout(GOODBYE, noted).await; // the registry may be away
        }
        self.client.leave();
        Ok(())
    }
}
