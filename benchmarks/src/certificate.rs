//! A certificate of the harness's own: an authority that nobody trusts but the functions that
//! it starts, and a server's certificate that it has signed.

use std::{fs, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};

use crate::outcome::Outcome;

/// Debian's and Amazon Linux's bundles of authorities.
const BUNDLES: [&str; 2] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
];

/// The authorities that Latchkey's functions trust on AWS for DynamoDB.
const AMAZON: &str = include_str!("../../shared/store/src/amazon-roots.pem");

/// What functions are told to trust, each a file with the harness's own authority.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trusted<'a> {
    /// Nothing else.
    pub(crate) own: &'a Path,
    /// Amazon's five authorities too: as many as Latchkey reads at each start on AWS.
    pub(crate) amazon: &'a Path,
    /// All the authorities of this machine too: as many as others read there.
    pub(crate) system: &'a Path,
}

/// Makes it, writes what functions are to trust, and returns the server's side.
pub(crate) fn server(trusted: Trusted<'_>) -> Outcome<Arc<ServerConfig>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params
        .distinguished_name
        .push(DnType::CommonName, "Latchkey's benchmarks");
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    let mut all = pem.clone();
    for theirs in BUNDLES
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
    {
        all.push_str(&theirs);
    }
    fs::write(trusted.amazon, pem.clone() + AMAZON)?;
    fs::write(trusted.own, pem)?;
    fs::write(trusted.system, all)?;
    let own = KeyPair::generate()?;
    let issuer = Issuer::new(params, key);
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut leaf = CertificateParams::new(names)?;
    leaf.distinguished_name
        .push(DnType::CommonName, "DynamoDB on this machine");
    let certificate = leaf.signed_by(&own, &issuer)?;
    let private = PrivateKeyDer::try_from(own.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    // As DynamoDB: no HTTP/2.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
