//! What a connection to a database is protected by.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::egress::{TrustError, TrustRoots};
use crate::ledger::place::Encryption;

/// What a server may demand of a client that speaks no other protocol.
const PROTOCOL: &[u8] = b"postgresql";

/// Prepares TLS; what is not needed is prepared as well.
pub(super) fn connector(
    encryption: &Encryption,
) -> Result<(SslMode, MakeRustlsConnect), TrustError> {
    let (mode, mut tls) = match encryption {
        Encryption::Disable => (SslMode::Disable, unverified()?),
        Encryption::Prefer => (SslMode::Prefer, unverified()?),
        Encryption::Require => (SslMode::Require, unverified()?),
        Encryption::VerifyFull(root) => {
            let roots = TrustRoots::load(root.as_slice())?;
            (SslMode::Require, roots.tls())
        }
    };
    tls.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok((mode, MakeRustlsConnect::new(tls)))
}

fn unverified() -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let anybody = Arc::new(Anybody(Arc::clone(&provider)));
    let tls =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(tls
        .dangerous()
        .with_custom_certificate_verifier(anybody)
        .with_no_client_auth())
}

/// Takes every server for the one that is meant, for operators who ask for that.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
