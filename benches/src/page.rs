//! A page that somebody looks at while others tap: server-sent events over plain HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An open page. It reads what comes and forgets it.
#[derive(Debug)]
pub struct Page(Arc<AtomicUsize>);

impl Page {
    /// Opens a stream of events.
    pub async fn open(address: SocketAddr, path: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        let read = Arc::new(AtomicUsize::new(0));
        let counter = read.clone();
        let mut buffer = vec![0; 65_536];
        let first = stream.read(&mut buffer).await.unwrap();
        assert!(buffer.starts_with(b"HTTP/1.1 200"), "{path}: {}", String::from_utf8_lossy(&buffer));
        counter.store(first, Ordering::Relaxed);
        tokio::spawn(async move {
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                counter.fetch_add(count, Ordering::Relaxed);
            }
        });
        Self(read)
    }

    /// How many bytes came so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
