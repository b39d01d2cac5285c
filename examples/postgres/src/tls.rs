//! TLS by rustls: what an [`Address`](crate::address::Address) asks for.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::runtime::Handle;
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::address::{AddressError, Check};
use crate::pool::Pool;

/// Connections with TLS.
pub(crate) fn pool(
    runtime: &Handle,
    config: Config,
    check: Check,
    authority: Option<&Path>,
) -> Result<Pool, AddressError> {
    let tls = connect(check, authority)?;
    Ok(Pool::with(runtime, move || {
        let (config, tls) = (config.clone(), tls.clone());
        async move {
            let (client, connection) = config.connect(tls).await?;
            tokio::spawn(connection);
            Ok(client)
        }
    }))
}

/// How a connection is protected.
pub(crate) fn connect(check: Check, authority: Option<&Path>) -> Result<MakeRustlsConnect, AddressError> {
    Ok(MakeRustlsConnect::new(client(check, authority)?))
}

fn client(check: Check, authority: Option<&Path>) -> Result<ClientConfig, AddressError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |problem: String| AddressError::Authority {
        file: authority.map_or_else(|| "the system's".to_owned(), |file| file.display().to_string()),
        problem,
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| failed(error.to_string()))?;
    let verifier: Arc<dyn ServerCertVerifier> = match check {
        Check::Nothing => Arc::new(Verifier(Lenient::AnyCertificate, provider)),
        Check::Authority | Check::Full => {
            let roots = Arc::new(roots(authority)?);
            let full = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
            let full = full.map_err(|error| failed(error.to_string()))?;
            if check == Check::Full { full } else { Arc::new(Verifier(Lenient::AnyName(full), provider)) }
        }
    };
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// The authorities that are trusted: those of a file, or the system's.
fn roots(authority: Option<&Path>) -> Result<RootCertStore, AddressError> {
    let mut roots = RootCertStore::empty();
    let Some(file) = authority else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        return match roots.is_empty() {
            false => Ok(roots),
            true => Err(AddressError::Authority {
                file: "the system's".to_owned(),
                problem: "no authority is trusted here; name one by sslrootcert".to_owned(),
            }),
        };
    };
    let failed = |problem: String| AddressError::Authority { file: file.display().to_string(), problem };
    let all = CertificateDer::pem_file_iter(file).map_err(|error| failed(error.to_string()))?;
    for certificate in all {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    if roots.is_empty() { Err(failed("there is no certificate in it".to_owned())) } else { Ok(roots) }
}

/// What less than `sslmode=verify-full` asks of a certificate. That the peer has its key is proven all the same.
#[derive(Debug)]
enum Lenient {
    /// `sslmode=require`: whoever has one.
    AnyCertificate,
    /// `sslmode=verify-ca`: signed by an authority that is trusted, for whichever host.
    AnyName(Arc<WebPkiServerVerifier>),
}

#[derive(Debug)]
struct Verifier(Lenient, Arc<CryptoProvider>);

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Lenient::AnyName(full) = &self.0 else { return Ok(ServerCertVerified::assertion()) };
        // The name is looked at last, when the signatures were found good.
        match full.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.1.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.1.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.signature_verification_algorithms.supported_schemes()
    }
}
