//! A line between controllers and a broker that comes and goes: the controllers' end stays, the other is laid anew.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The line. Controllers dial [`Line::address`]; whoever has the line says where it leads.
pub struct Line {
    pub address: SocketAddr,
    leads_to: watch::Sender<Option<SocketAddr>>,
    _task: tokio::task::JoinSet<()>,
}

impl Line {
    /// A line that leads nowhere yet.
    pub async fn laid() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (leads_to, end) = watch::channel(None);
        let mut task = tokio::task::JoinSet::new();
        task.spawn(async move {
            let mut calls = tokio::task::JoinSet::new();
            while let Ok((caller, _)) = listener.accept().await {
                while calls.try_join_next().is_some() {}
                calls.spawn(carry(caller, end.clone()));
            }
        });
        Self { address, leads_to, _task: task }
    }

    /// Lays the line to a broker.
    pub fn lead_to(&self, broker: SocketAddr) {
        self.leads_to.send_replace(Some(broker));
    }

    /// Cuts it: whoever speaks on it is cut off.
    pub fn cut(&self) {
        self.leads_to.send_replace(None);
    }
}

async fn carry(mut caller: TcpStream, mut end: watch::Receiver<Option<SocketAddr>>) {
    let Some(broker) = *end.borrow_and_update() else { return };
    let Ok(mut called) = TcpStream::connect(broker).await else { return };
    // Without this a round trip costs 45 to 90 ms.
    if caller.set_nodelay(true).and_then(|()| called.set_nodelay(true)).is_err() {
        return;
    }
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut caller, &mut called) => {}
        _ = end.changed() => {}
    }
}
