//! Whose certificates are believed: those of Amazon's own authorities where DynamoDB itself is
//! called from Lambda, the system's everywhere else.
//!
//! The system's file holds some 140 authorities, and reading it is three quarters of what a
//! start works before its first call. AWS's endpoints have certificates of Amazon Trust Services,
//! whose five roots AWS asks clients to trust (amazontrust.com/repository); the other
//! authorities would be trusted for nothing.

use aws_smithy_http_client::tls::{TlsContext, TrustStore};

/// Amazon Root CA 1 to 4 and Starfield Services Root Certificate Authority - G2. The first of
/// them to end ends with 2037.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");
/// What the names of Regions outside of the partition `aws` begin with, where its names begin
/// like theirs. Nothing is published of who certifies these.
const OTHER_PARTITIONS: [&str; 3] = ["us-gov-", "us-iso", "eu-iso"];
/// What the names of Regions of the partition `aws` begin with.
const REGIONS: [&str; 9] = [
    "af-", "ap-", "ca-", "eu-", "il-", "me-", "mx-", "sa-", "us-",
];
/// Variables by which owners name authorities of their own, such as a proxy's.
const OWN_AUTHORITIES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Whose certificates are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Those that Amazon's own authorities have signed.
    Amazon,
    /// Those that any of the system's authorities has, or of `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR`.
    System,
}

impl Trust {
    /// By the environment's variables, for an endpoint in place of AWS's own where there is one.
    pub(crate) fn of(variable: impl Fn(&str) -> Option<String>, endpoint: Option<&str>) -> Self {
        let get = |name| variable(name).filter(|value| !value.is_empty());
        let region = get("AWS_REGION").unwrap_or_default();
        let begins = |names: &[&str]| names.iter().any(|name| region.starts_with(name));
        // An address without TLS needs nobody's word.
        let is_aws = endpoint.is_none_or(|endpoint| endpoint.starts_with("http://"));
        let is_lambda = get("AWS_LAMBDA_FUNCTION_NAME").is_some();
        let has_own = OWN_AUTHORITIES.iter().any(|name| get(name).is_some());
        if is_aws && is_lambda && !has_own && begins(&REGIONS) && !begins(&OTHER_PARTITIONS) {
            Self::Amazon
        } else {
            Self::System
        }
    }

    pub(crate) fn context(self) -> TlsContext {
        let store = match self {
            Self::Amazon => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
            Self::System => TrustStore::default(),
        };
        let context = TlsContext::builder().with_trust_store(store);
        context.build().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// In Lambda in Ireland, with these variables set as well or otherwise.
    fn trust(set: &[(&str, &str)], endpoint: Option<&str>) -> Trust {
        let lambda = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_LAMBDA_FUNCTION_NAME", "authorizer"),
        ];
        let find = |name: &str| {
            let mut variables = set.iter().chain(&lambda);
            let found = variables.find(|(theirs, _)| *theirs == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Trust::of(find, endpoint)
    }

    #[test]
    fn dynamodb_is_believed_by_amazon_s_authorities_alone() {
        assert_eq!(trust(&[], None), Trust::Amazon);
        assert_eq!(trust(&[("SSL_CERT_FILE", "")], None), Trust::Amazon);
        assert_eq!(trust(&[], Some("http://127.0.0.1:8000")), Trust::Amazon);
        for region in [
            "us-east-1",
            "ap-southeast-7",
            "mx-central-1",
            "il-central-1",
        ] {
            assert_eq!(trust(&[("AWS_REGION", region)], None), Trust::Amazon);
        }
    }

    #[test]
    fn others_are_believed_by_the_system_s_authorities_or_the_owner_s() {
        assert_eq!(trust(&[], Some("https://127.0.0.1:8000")), Trust::System);
        for set in [
            ("SSL_CERT_FILE", "/opt/proxy.pem"),
            ("SSL_CERT_DIR", "/opt/authorities"),
            ("AWS_LAMBDA_FUNCTION_NAME", ""),
            ("AWS_REGION", "cn-north-1"),
            ("AWS_REGION", "us-gov-west-1"),
            ("AWS_REGION", "us-isob-east-1"),
            ("AWS_REGION", "eu-isoe-west-1"),
            ("AWS_REGION", "eusc-de-east-1"),
        ] {
            assert_eq!(trust(&[set], None), Trust::System, "{set:?}");
        }
    }

    /// The fingerprints of the certificates, as Mozilla's list of authorities has them.
    #[test]
    fn the_roots_are_amazon_s_five() {
        let text = std::str::from_utf8(AMAZON_ROOTS).unwrap();
        let fingerprints: Vec<String> = text
            .split("-----BEGIN CERTIFICATE-----")
            .skip(1)
            .map(|block| {
                let (body, _) = block.split_once("-----END").unwrap();
                let body: String = body.split_whitespace().collect();
                let hash = Sha256::digest(BASE64_STANDARD.decode(body).unwrap());
                hash.iter().map(|byte| format!("{byte:02x}")).collect()
            })
            .collect();
        assert_eq!(
            fingerprints,
            [
                "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
                "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
                "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
                "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
                "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
            ]
        );
    }
}
