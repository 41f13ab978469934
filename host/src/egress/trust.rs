//! Whom egress believes: the system's root certificates and the operator's own.

use std::{
    env, fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{
        CertificateDer,
        pem::{self, PemObject},
    },
};

/// Root certificates and the TLS settings that use them; built once, cheap to clone.
#[derive(Clone)]
pub struct TrustRoots {
    tls: Arc<ClientConfig>,
    n_roots: usize,
}

/// Why the root certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A file cannot be read as PEM.
    #[error("cannot read the CA file {}; it must be a PEM file that this user may read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// A file holds no certificate.
    #[error("the CA file {} holds no certificate; expected `-----BEGIN CERTIFICATE-----`", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A certificate of a file is not one.
    #[error("certificate {number} of the CA file {} cannot be used as a root", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Which one, from 1.
        number: usize,
        /// Why.
        source: rustls::Error,
    },
    /// The TLS library refuses its own settings.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

/// The variable by which the system's roots are replaced, as with OpenSSL.
const CERT_FILE_VARIABLE: &str = "SSL_CERT_FILE";

impl TrustRoots {
    /// Reads the system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` replace them) and those of the given PEM
    /// files.
    ///
    /// # Errors
    ///
    /// A given file, or the one that `SSL_CERT_FILE` names, that is unreadable or holds no certificate. A
    /// system without roots is only logged: it may need none.
    pub fn load(ca_files: &[PathBuf]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = env::var_os(CERT_FILE_VARIABLE) {
            // A mistaken name would else go unnoticed until the first request.
            read_pem(Path::new(&path))?;
        }
        add_system(&mut roots);
        for path in ca_files {
            add_file(&mut roots, path)?;
        }
        Self::from_store(roots)
    }

    pub(crate) fn tls(&self) -> ClientConfig {
        ClientConfig::clone(&self.tls)
    }

    fn from_store(roots: RootCertStore) -> Result<Self, TrustError> {
        let n_roots = roots.len();
        // The provider is handed in: a process-wide one would be the embedder's to choose. Early data stays
        // off, for an attacker could send it twice.
        let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            tls: Arc::new(tls),
            n_roots,
        })
    }
}

impl fmt::Debug for TrustRoots {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("TrustRoots");
        debug
            .field("n_roots", &self.n_roots)
            .finish_non_exhaustive()
    }
}

fn add_system(roots: &mut RootCertStore) {
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "cannot read some of the system's root certificates");
    }
    let (n_added, _) = roots.add_parsable_certificates(system.certs);
    if n_added == 0 {
        tracing::warn!("this system has no root certificates; name a file with --ca-file");
    }
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), TrustError> {
    for (idx, certificate) in read_pem(path)?.into_iter().enumerate() {
        roots
            .add(certificate)
            .map_err(|source| TrustError::Certificate {
                path: path.to_owned(),
                number: idx + 1,
                source,
            })?;
    }
    Ok(())
}

fn read_pem(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let path = path.to_owned();
    let certificates =
        CertificateDer::pem_file_iter(&path).and_then(|found| found.collect::<Result<Vec<_>, _>>());
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(TrustError::Empty { path }),
        Ok(certificates) => Ok(certificates),
        Err(source) => Err(TrustError::Read { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error as _, fs};

    use super::*;

    fn fault_of(content: Option<&str>) -> (PathBuf, TrustError) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
        }
        let error = add_file(&mut RootCertStore::empty(), &path).unwrap_err();
        (path, error)
    }

    #[test]
    fn every_fault_of_a_ca_file_names_the_file() {
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for content in [None, Some(""), Some("no certificate"), Some(garbage)] {
            let (path, error) = fault_of(content);
            let message = error.to_string();
            assert!(message.contains(path.to_str().unwrap()), "{message}");
        }
    }

    #[test]
    fn a_missing_file_keeps_its_cause() {
        let (_, error) = fault_of(None);
        assert!(matches!(error, TrustError::Read { .. }), "{error:?}");
        assert!(error.source().is_some());
    }

    #[test]
    fn a_root_of_a_file_is_counted_and_debug_prints_no_settings() {
        let ca = rcgen::generate_simple_self_signed(vec!["ca.example".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        fs::write(&path, ca.cert.pem()).unwrap();
        let mut roots = RootCertStore::empty();
        add_file(&mut roots, &path).unwrap();
        let trust = TrustRoots::from_store(roots).unwrap();
        assert_eq!(format!("{trust:?}"), "TrustRoots { n_roots: 1, .. }");
    }
}
