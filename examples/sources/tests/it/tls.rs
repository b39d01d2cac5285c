//! TLS: a source is spoken to where an authority that is trusted has signed for its name, and nowhere else.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tripartite::failure::{Classify, Failure};
use tripartite_sources::http::{Asking, HttpListing, Paging};

use crate::support::records;

/// A server of one member with a certificate of its own authority for this name: its port, the authority, and how many
/// requests it has read.
fn server(host: &str) -> (u16, tempfile::NamedTempFile, Arc<AtomicUsize>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let mut authority = tempfile::NamedTempFile::new().unwrap();
    authority.write_all(issuer.pem().as_bytes()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let (log, config) = (Arc::clone(&asked), Arc::new(config));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream =
                BufReader::new(StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream));
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            if line.is_empty() {
                continue; // The other side does not trust it.
            }
            log.fetch_add(1, Ordering::SeqCst);
            let body = "[{\"id\":7,\"name\":\"Áine\"}]";
            let answer =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.get_mut().write_all(answer.as_bytes()).and_then(|()| stream.get_mut().flush());
        }
    });
    (port, authority, asked)
}

#[test]
fn a_source_is_trusted_by_the_authority_that_is_stated_and_for_its_own_name() {
    let (port, authority, asked) = server("localhost");
    let (_, other, _) = server("localhost");
    let page = |host: &str, asking: Asking| {
        let url = format!("https://{host}:{port}/members");
        let listing = HttpListing::new(&url, Paging::Link, asking, records()).unwrap();
        listing.page(None).map(|page| page.items.len())
    };
    let trusting = || Asking::default().authority(authority.path());
    assert_eq!(page("localhost", trusting()).unwrap(), 1);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    for (host, asking, why) in [
        ("localhost", Asking::default(), "nobody has heard of the authority"),
        ("localhost", Asking::default().authority(other.path()), "another authority"),
        ("127.0.0.1", trusting(), "another name"),
    ] {
        let error = page(host, asking).unwrap_err();
        assert_eq!(error.failure(), Failure::Retry { after: None }, "{why}: {error}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "nothing is sent to whom nobody trusts");
}
