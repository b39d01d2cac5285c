//! Connections with TLS: who is trusted, and who is not.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use tripartite::drive::block_on;
use tripartite::jobs::{JobStore, StoreKey};
use tripartite_etcd::jobs::EtcdJobStore;

use crate::server::{Cluster, namespace, runtime, until};

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// Writes an authority, and a certificate that it has signed for this machine, with its key.
fn write(dir: &Path, name: &str) {
    let authority = authority(name);
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let signed = parameters.signed_by(&key, &authority).unwrap();
    for (file, text) in [("ca", authority.pem()), ("cert", signed.pem()), ("key", key.serialize_pem())] {
        fs::write(dir.join(format!("{name}-{file}.pem")), text).unwrap();
    }
}

#[test]
fn only_who_shows_a_certificate_of_the_authority_is_let_in() {
    let dir = std::env::temp_dir().join(format!("tripartite-etcd-tls-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    for name in ["ours", "theirs"] {
        write(&dir, name);
    }
    let file = |name: &str| dir.join(format!("{name}.pem")).display().to_string();
    let settings = [
        "--client-cert-auth".to_owned(),
        format!("--trusted-ca-file={}", file("ours-ca")),
        format!("--cert-file={}", file("ours-cert")),
        format!("--key-file={}", file("ours-key")),
    ];
    let settings: Vec<_> = settings.iter().map(String::as_str).collect();
    let cluster = Cluster::with("https", 1, &settings);
    let (node, namespace) = (&cluster.nodes[0].client, namespace());
    let try_open = |scheme: &str, options: &str| {
        let address = format!("{scheme}://{node}/{namespace}{options}").parse().unwrap();
        block_on(EtcdJobStore::open_on(runtime(), &address))
    };
    let (ca, cert, key) = (file("ours-ca"), file("ours-cert"), file("ours-key"));
    let whole = format!("?cacert={ca}&cert={cert}&key={key}");
    until("the node", Duration::from_secs(30), || try_open("etcds", &whole).is_ok());
    let store = try_open("etcds", &whole).unwrap();
    assert_eq!(block_on(store.get(&StoreKey::of("case", ["a"]))).unwrap(), None);
    let (their_ca, their_cert, their_key) = (file("theirs-ca"), file("theirs-cert"), file("theirs-key"));
    let refused = [
        ("etcd", String::new()),
        ("etcds", String::new()),
        ("etcds", format!("?cacert={ca}")),
        ("etcds", format!("?cacert={their_ca}&cert={cert}&key={key}")),
        ("etcds", format!("?cacert={ca}&cert={their_cert}&key={their_key}")),
        ("etcds", format!("?cacert={}&cert={cert}&key={key}", file("none"))),
    ];
    std::thread::scope(|scope| {
        for (scheme, options) in &refused {
            scope.spawn(move || assert!(try_open(scheme, options).is_err(), "{scheme} {options}"));
        }
    });
    fs::remove_dir_all(&dir).unwrap();
}
