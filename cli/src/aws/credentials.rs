//! Whose calls these are. The environment's variables are read as the functions read them; all
//! else (profiles, SSO, roles) the AWS CLI works out, whose answer is taken: aws-config would
//! link STS and SSO into a command that is built in front of the user's eyes.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
};

use serde::Deserialize;

/// Why AWS cannot be asked, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoCaller {
    #[error(
        "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or install the AWS CLI and sign in with it (aws configure, aws sso login), with --profile for another profile than its default"
    )]
    NoCredentials,
    #[error("no Region is set: name it with --region, or set AWS_REGION")]
    NoRegion,
}

/// The variables by which AWS is reached, whoever set them.
#[derive(Clone, Default)]
pub(crate) struct Variables(BTreeMap<&'static str, String>);

const KEY: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN: &str = "AWS_SESSION_TOKEN";
const REGION: &str = "AWS_REGION";
const ENDPOINTS: [&str; 3] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_API_GATEWAY",
];

/// What `aws configure export-credentials --format process` prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Exported {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

impl Variables {
    /// Those of this process, and of the AWS CLI.
    ///
    /// # Errors
    /// [`NoCaller`].
    pub(crate) fn of_this_machine(
        region: Option<&str>,
        profile: Option<&str>,
    ) -> Result<Self, NoCaller> {
        let variable = |name: &str| Some(std::env::var_os(name)?.to_string_lossy().into_owned());
        Self::find(region, profile, variable, aws_cli)
    }

    /// `get` is the environment; `aws_cli` runs the AWS CLI with these arguments and gives what
    /// it prints, if it is there and succeeds.
    ///
    /// # Errors
    /// Where there are no credentials, or no Region.
    fn find(
        region: Option<&str>,
        profile: Option<&str>,
        get: impl Fn(&str) -> Option<String>,
        aws_cli: impl Fn(&[&str]) -> Option<String>,
    ) -> Result<Self, NoCaller> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let ask = |words: &[&str]| {
            let profile = profile.map(|name| ["--profile", name]);
            let words = words.iter().copied().chain(profile.into_iter().flatten());
            aws_cli(&words.collect::<Vec<_>>())
        };
        let mut variables = BTreeMap::new();
        match (get(KEY), get(SECRET), profile) {
            (Some(key), Some(secret), None) => {
                variables.insert(KEY, key);
                variables.insert(SECRET, secret);
                variables.extend(get(TOKEN).map(|token| (TOKEN, token)));
            }
            _ => {
                let told = ask(&["configure", "export-credentials", "--format", "process"]);
                let told = told.and_then(|told| serde_json::from_str::<Exported>(&told).ok());
                let told = told.ok_or(NoCaller::NoCredentials)?;
                variables.insert(KEY, told.access_key_id);
                variables.insert(SECRET, told.secret_access_key);
                variables.extend(told.session_token.map(|token| (TOKEN, token)));
            }
        }
        let set = || get(REGION).or_else(|| get("AWS_DEFAULT_REGION"));
        let set = region.map(str::to_owned).or_else(|| match profile {
            Some(_) => None,
            None => set(),
        });
        let configured = || {
            let told = ask(&["configure", "get", "region"])?;
            Some(told.trim().to_owned()).filter(|told| !told.is_empty())
        };
        let region = set.or_else(configured).or_else(|| get(REGION));
        variables.insert(REGION, region.ok_or(NoCaller::NoRegion)?);
        for name in ENDPOINTS {
            variables.extend(get(name).map(|url| (name, url)));
        }
        Ok(Self(variables))
    }

    /// One of them.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// The Region.
    pub(crate) fn region(&self) -> &str {
        self.0.get(REGION).map_or("", String::as_str)
    }

    /// The access key, the secret, the session token.
    pub(crate) fn credentials(&self) -> (String, String, Option<String>) {
        let get = |name| self.get(name).unwrap_or_default();
        (get(KEY), get(SECRET), self.get(TOKEN))
    }
}

/// What the AWS CLI prints, if it is there and succeeds; what it complains of is the user's to read.
fn aws_cli(words: &[&str]) -> Option<String> {
    let mut command = Command::new("aws");
    let output = command.args(words).stderr(Stdio::inherit()).output().ok()?;
    let printed = output.status.success().then_some(output.stdout)?;
    String::from_utf8(printed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: [(&str, &str); 0] = [];

    fn find(
        profile: Option<&str>,
        set: &[(&str, &str)],
        answers: &[(&str, &str)],
    ) -> Result<Variables, NoCaller> {
        let of = |pairs: &[(&str, &str)], name: &str| {
            let found = pairs.iter().find(|(theirs, _)| *theirs == name)?;
            Some(found.1.to_owned())
        };
        Variables::find(
            None,
            profile,
            |name| of(set, name),
            |words| of(answers, &words.join(" ")),
        )
    }

    #[test]
    fn the_environment_s_are_taken_first() {
        let set = [
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ];
        let found = find(None, &set, &NOTHING).unwrap();
        assert_eq!(found.credentials(), ("a".into(), "s".into(), None));
        assert_eq!(found.region(), "eu-west-1");
        assert_eq!(found.get("AWS_ENDPOINT_URL").unwrap(), "http://127.0.0.1:1");
    }

    #[test]
    fn a_profile_s_are_asked_of_the_aws_cli() {
        let set = [
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_REGION", "eu-west-1"),
        ];
        let exported =
            r#"{"Version": 1, "AccessKeyId": "p", "SecretAccessKey": "q", "SessionToken": "t"}"#;
        let answers = [
            (
                "configure export-credentials --format process --profile prod",
                exported,
            ),
            ("configure get region --profile prod", "us-east-1\n"),
        ];
        let found = find(Some("prod"), &set, &answers).unwrap();
        assert_eq!(
            found.credentials(),
            ("p".into(), "q".into(), Some("t".into()))
        );
        assert_eq!(found.region(), "us-east-1");
    }

    #[test]
    fn where_there_are_none_it_is_said_what_to_do() {
        let error = find(None, &NOTHING, &NOTHING).map(drop).unwrap_err();
        assert!(error.to_string().contains("aws configure"), "{error}");
        let set = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s")];
        let error = find(None, &set, &NOTHING).map(drop).unwrap_err();
        assert!(error.to_string().contains("--region"), "{error}");
    }
}
