//! A certificate of the harness's own, of the kind that DynamoDB has: RSA with 2,048 bits, by an
//! authority between it and one that nobody trusts but the functions that are started here. What
//! kind it is says what a client has to work before its first call.

use std::{fs, path::Path, process::Command, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256};
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
    let (root, key) = (authority("Latchkey's benchmarks", 1)?, rsa()?);
    let pem = root.self_signed(&key)?.pem();
    let root = Issuer::new(root, key);
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
    let (between, key) = (authority("Latchkey's benchmarks, between", 0)?, rsa()?);
    let of_between = between.signed_by(&key, &root)?;
    let between = Issuer::new(between, key);
    let own = rsa()?;
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut leaf = CertificateParams::new(names)?;
    leaf.distinguished_name
        .push(DnType::CommonName, "DynamoDB on this machine");
    let certificate = leaf.signed_by(&own, &between)?;
    let chain = vec![certificate.der().clone(), of_between.der().clone()];
    let private = PrivateKeyDer::try_from(own.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)?;
    // As DynamoDB: no HTTP/2.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// One with this name, which may have so many others below it.
fn authority(name: &str, others: u8) -> Outcome<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(others));
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

/// A new key, by OpenSSL's command: ring, which TLS is by here, makes none of RSA.
fn rsa() -> Outcome<KeyPair> {
    let arguments = ["genpkey", "-quiet", "-algorithm", "RSA"];
    let size = ["-pkeyopt", "rsa_keygen_bits:2048"];
    let made = Command::new("openssl").args(arguments).args(size).output();
    let made = made.map_err(|error| format!("openssl, for keys of RSA: {error}"))?;
    if !made.status.success() {
        return Err(String::from_utf8_lossy(&made.stderr).into_owned().into());
    }
    let pem = String::from_utf8(made.stdout)?;
    Ok(KeyPair::from_pkcs8_pem_and_sign_algo(
        &pem,
        &PKCS_RSA_SHA256,
    )?)
}
