//! Listening at an address, and what to do where that cannot be.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// An address at which nobody can listen.
#[derive(Debug, thiserror::Error)]
#[error("{what} cannot listen on {address}: {why}; {}", advice(.why, .key))]
pub struct CannotListen {
    what: &'static str,
    key: &'static str,
    /// Where.
    pub address: SocketAddr,
    why: std::io::Error,
}

/// Listens: what, by the key of the configuration that says where.
///
/// # Errors
/// [`CannotListen`], with what to do.
pub async fn listen(what: &'static str, key: &'static str, address: SocketAddr) -> Result<TcpListener, CannotListen> {
    TcpListener::bind(address).await.map_err(|why| CannotListen { what, key, address, why })
}

fn advice(why: &std::io::Error, key: &str) -> String {
    let kind = why.kind();
    if kind == ErrorKind::AddrInUse {
        format!("another program listens there (`ss -ltnp` names it): stop it, or choose another `{key}`")
    } else if kind == ErrorKind::AddrNotAvailable {
        format!("this machine has no such address (`ip address` names those that it has): correct `{key}`")
    } else if kind == ErrorKind::PermissionDenied {
        format!("ports below 1024 ask for the capability CAP_NET_BIND_SERVICE: grant it, or choose another `{key}`")
    } else {
        format!("`{key}` chooses another")
    }
}
