//! TLS: what an address asks for is had, or there is no connection.

use std::fs;
use std::net::TcpListener;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tripartite::drive::block_on;
use tripartite::failure::{Classify, Failure};
use tripartite_postgres::address::{Address, AddressError};
use tripartite_postgres::jobs::PostgresJobStore;

use crate::server::{Cluster, Sql, runtime};

/// An authority, with the certificate of a host.
fn authority(host: &str) -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (issuer.pem(), certificate.pem(), key.serialize_pem())
}

#[test]
fn an_address_gets_the_certainty_it_asks_for_or_no_connection() {
    let (trusted, certificate, key) = authority("localhost");
    let mut cluster = Cluster::new(&["-c", "fsync=off"]);
    let [certificate, key] =
        [("server.crt", certificate), ("server.key", key)].map(|(name, text)| cluster.keep(name, &text));
    let ca = cluster.keep("ca.pem", &trusted);
    let other = cluster.keep("other.pem", &authority("localhost").0);
    let empty = cluster.keep("empty.pem", "");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    cluster.restart(&[
        ("ssl", "on"),
        ("ssl_cert_file", certificate.to_str().unwrap()),
        ("ssl_key_file", key.to_str().unwrap()),
        ("listen_addresses", "127.0.0.1"),
        ("port", &port.to_string()),
    ]);
    let connect = |host: &str, options: &str| {
        let text = format!("postgres://postgres@{host}:{port}/postgres?{options}");
        let address: Address = text.parse().unwrap();
        let pool = address.pool(runtime())?;
        // There are no tables, so whoever is told so has a connection.
        match block_on(PostgresJobStore::open(pool)).unwrap_err() {
            error if error.to_string().contains("has no tables") => Ok(Ok(())),
            error => {
                assert_eq!(error.failure(), Failure::Retry { after: None }, "{error}");
                Ok(Err(error.to_string()))
            }
        }
    };
    let (ca, other) = (format!("&sslrootcert={}", ca.display()), format!("&sslrootcert={}", other.display()));
    for (host, mode, root, is_trusted) in [
        ("localhost", "disable", "", true),
        ("localhost", "require", "", true),
        ("localhost", "require", &*other, false),
        ("localhost", "verify-ca", &*ca, true),
        ("127.0.0.1", "verify-ca", &*ca, true),
        ("localhost", "verify-ca", &*other, false),
        ("localhost", "verify-full", &*ca, true),
        ("127.0.0.1", "verify-full", &*ca, false),
        ("localhost", "verify-full", &*other, false),
    ] {
        let connected: Result<_, AddressError> = connect(host, &format!("sslmode={mode}{root}"));
        assert_eq!(connected.unwrap().is_ok(), is_trusted, "{host} {mode} {root}");
    }
    let none = connect("localhost", &format!("sslmode=verify-full&sslrootcert={}", empty.display())).unwrap_err();
    assert!(none.to_string().ends_with("there is no certificate in it"), "{none}");
    let missing = connect("localhost", "sslmode=verify-full&sslrootcert=/none/there.pem").unwrap_err();
    assert!(missing.to_string().starts_with("sslrootcert: /none/there.pem: "), "{missing}");
    drop(fs::remove_file(empty));
}

#[test]
fn a_server_without_tls_is_not_spoken_to_when_tls_is_asked_for() {
    let cluster = Cluster::new(&["-c", "fsync=off"]);
    let text = format!("{} sslmode=require", cluster.address());
    let pool = text.parse::<Address>().unwrap().pool(runtime()).unwrap();
    let error = block_on(PostgresJobStore::open(pool)).unwrap_err();
    assert!(!error.to_string().contains("has no tables"), "{error}");
    let said = Sql::at(&cluster.address()).value("SELECT count(*) FROM pg_stat_ssl WHERE ssl");
    assert_eq!(said.as_deref(), Some("0"));
}
