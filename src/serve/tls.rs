//! Certificates and keys.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::config::Tls;
use crate::error::{Error, Result};

/// The listener's side.
///
/// # Errors
/// The certificate or its key cannot be read, or do not belong together.
pub(super) fn acceptor(tls: &Tls) -> Result<TlsAcceptor> {
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .map_err(|_| Error::config(format!("{}: expected a private key (PEM)", tls.key.display())))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(certificates(&tls.cert)?, key))
        .map_err(|_| Error::config("tls: expected a certificate and the key that belongs to it"))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The upstream's side: the certificates that the system trusts, and more.
///
/// # Errors
/// A file cannot be read.
pub(super) fn client(more_roots: Option<&Path>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = more_roots {
        let certificates = read_certificates(path)?;
        roots.add_parsable_certificates(certificates);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::config("TLS is not available"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn certificates(
    path: &Path,
) -> std::result::Result<Vec<CertificateDer<'static>>, tokio_rustls::rustls::Error> {
    read_certificates(path).map_err(|_| tokio_rustls::rustls::Error::NoCertificatesPresented)
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let none = || Error::config(format!("{}: expected certificates (PEM)", path.display()));
    let found = CertificateDer::pem_file_iter(path).map_err(|_| none())?;
    let found: Vec<_> = found.collect::<std::result::Result<_, _>>().map_err(|_| none())?;
    if found.is_empty() { Err(none()) } else { Ok(found) }
}
