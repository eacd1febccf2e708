//! The certificate that the pages are served with, where they are served over TLS without a proxy in front.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where a certificate lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain (PEM), the server's own certificate first.
    pub cert_file: PathBuf,
    /// Its private key (PEM).
    pub key_file: PathBuf,
}

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("web.tls: {}: {why}", file.display())]
pub struct BadCertificate {
    file: PathBuf,
    why: String,
}

impl CertificateFiles {
    /// Reads it: what answers handshakes with it.
    ///
    /// # Errors
    /// [`BadCertificate`], with the file and why.
    pub fn read(&self) -> Result<Arc<ServerConfig>, BadCertificate> {
        let bad = |file: &Path, why: String| BadCertificate { file: file.to_owned(), why };
        let chain = CertificateDer::pem_file_iter(&self.cert_file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.map_err(|error| bad(&self.cert_file, error.to_string()))?;
        if chain.is_empty() {
            return Err(bad(&self.cert_file, "there is no certificate in it".to_owned()));
        }
        let key =
            PrivateKeyDer::from_pem_file(&self.key_file).map_err(|error| bad(&self.key_file, error.to_string()))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map(|config| config.with_no_client_auth())
            .and_then(|config| config.with_single_cert(chain, key));
        let mut config = config.map_err(|error| bad(&self.cert_file, error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
