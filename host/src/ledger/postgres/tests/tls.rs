//! Encrypted connections, and servers that are not who they should be.

use rcgen::{CertificateParams, Issuer, KeyPair};

use super::*;

/// A certificate authority, and a server with a certificate of it for `localhost`.
struct Encrypted {
    server: Server,
    root: std::path::PathBuf,
}

impl Encrypted {
    fn start() -> Option<Self> {
        let server = Server::start().unwrap()?;
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let server_key = KeyPair::generate().unwrap();
        let name = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let of_server = name.signed_by(&server_key, &issuer).unwrap();

        let root = server.write_file("root.pem", &certificate.pem()).unwrap();
        server
            .write_file("data/server.crt", &of_server.pem())
            .unwrap();
        let key = server_key.serialize_pem();
        server.write_file("data/server.key", &key).unwrap();
        server.configure("ssl = on").unwrap();
        Some(Self { server, root })
    }

    async fn read(&self, host: &str, options: &str) -> Result<(), StoreError> {
        let (port, password) = (self.server.port(), self.server.password());
        let url = format!("postgres://switchboard:{password}@{host}:{port}/postgres?{options}");
        let ledger = Ledger::postgres(&url.parse().unwrap()).unwrap();
        ledger.read(&key("s")).await.map(drop)
    }
}

#[tokio::test]
async fn a_server_is_believed_by_its_certificate_and_its_name_only() {
    let Some(encrypted) = Encrypted::start() else {
        return;
    };
    let root = format!(
        "sslmode=verify-full&sslrootcert={}",
        encrypted.root.display()
    );
    encrypted.read("localhost", &root).await.unwrap();
    for (host, options, why) in [
        ("localhost", "sslmode=verify-full", "UnknownIssuer"),
        ("127.0.0.1", root.as_str(), "not valid for name"),
    ] {
        let refused = encrypted.read(host, options).await.unwrap_err();
        assert!(
            matches!(refused, StoreError::Unavailable { .. }),
            "{refused:?}"
        );
        assert!(chain(&refused).contains(why), "{}", chain(&refused));
    }
}

#[tokio::test]
async fn a_server_that_wants_encryption_gets_it_and_one_that_has_none_is_told() {
    let Some(encrypted) = Encrypted::start() else {
        return;
    };
    let hba = "hostssl all all 127.0.0.1/32 scram-sha-256\n";
    encrypted
        .server
        .write_file("data/pg_hba.conf", hba)
        .unwrap();
    encrypted.server.configure("ssl = on").unwrap();
    for options in ["sslmode=require", "sslmode=prefer", ""] {
        encrypted.read("127.0.0.1", options).await.unwrap();
    }
    let refused = encrypted
        .read("127.0.0.1", "sslmode=disable")
        .await
        .unwrap_err();
    assert!(
        chain(&refused).contains("no encryption"),
        "{}",
        chain(&refused)
    );

    let hba = "host all all 127.0.0.1/32 scram-sha-256\n";
    encrypted
        .server
        .write_file("data/pg_hba.conf", hba)
        .unwrap();
    encrypted.server.configure("ssl = off").unwrap();
    encrypted.read("127.0.0.1", "sslmode=prefer").await.unwrap();
    let refused = encrypted
        .read("127.0.0.1", "sslmode=require")
        .await
        .unwrap_err();
    assert!(
        chain(&refused).contains("server does not support TLS"),
        "{}",
        chain(&refused)
    );
}
