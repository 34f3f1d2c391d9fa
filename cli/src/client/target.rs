//! Where the admin API is, and as whom it is called.

use http::Uri;
use latchkey_domain::Clock;

use super::Client;
use crate::aws::{Aws, CallError, NoCaller, Signer, Variables};

/// Of `latchkey dev` as it runs unless told otherwise.
const DEV: &str = "http://127.0.0.1:3000/admin";
/// Variables of the environment that stand for --url and --stack.
const URL: &str = "LATCHKEY_URL";
const STACK: &str = "LATCHKEY_STACK";
/// The output of the stack that has the admin API's address (template.yaml).
const OUTPUT: &str = "AdminUrl";

/// Where the admin API is: that of a running `latchkey dev` unless told otherwise
///
/// Calls are signed with the credentials of the environment, else those that the AWS CLI has for
/// the profile; those to this machine only where --region or --profile is given.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Where")]
pub(crate) struct Target {
    /// Address of the admin API: AdminUrl among a stack's outputs; of `latchkey dev` it is
    /// http://127.0.0.1:PORT/admin [env: LATCHKEY_URL]
    #[arg(long, value_name = "ADDRESS", global = true, conflicts_with = "stack")]
    pub(crate) url: Option<String>,
    /// The stack whose admin API it is [env: LATCHKEY_STACK]
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) stack: Option<String>,
    /// The Region; else the address's, AWS_REGION, AWS_DEFAULT_REGION, or the profile's
    #[arg(long, value_name = "REGION", global = true)]
    pub(crate) region: Option<String>,
    /// A profile of the AWS CLI, whose credentials are taken instead of the environment's
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) profile: Option<String>,
}

/// Where the admin API is said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Url(String),
    Stack(String),
}

/// Why it is not known where or as whom.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    #[error(
        "--url {0}: an address such as {DEV} is expected, with http or https and without a query"
    )]
    Url(String),
    #[error(
        "{URL} and {STACK} are both set: unset one of them, or say which it is with --url or --stack"
    )]
    TwoVariables,
    #[error(transparent)]
    NoCaller(#[from] NoCaller),
    #[error(
        "stack {0} cannot be looked at: {1}: name another with --stack, or another Region with --region"
    )]
    NoStack(String, CallError),
    #[error("stack {0} has no output {OUTPUT}: it is not one of Latchkey's")]
    NoOutput(String),
}

impl Target {
    /// That of a flag, else that of a variable, else `latchkey dev`.
    ///
    /// # Errors
    /// [`TargetError::TwoVariables`].
    pub(crate) fn place(&self) -> Result<Place, TargetError> {
        self.place_in(|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))
    }

    fn place_in(&self, get: impl Fn(&str) -> Option<String>) -> Result<Place, TargetError> {
        let get = |name| get(name).filter(|value| !value.is_empty());
        let (url, stack) = match (&self.url, &self.stack) {
            (None, None) => (get(URL), get(STACK)),
            flags => (flags.0.clone(), flags.1.clone()),
        };
        match (url, stack) {
            (Some(_), Some(_)) => Err(TargetError::TwoVariables),
            (None, Some(stack)) => Ok(Place::Stack(stack)),
            (Some(url), None) => Ok(Place::Url(url)),
            (None, None) => Ok(Place::Url(DEV.to_owned())),
        }
    }

    /// # Errors
    /// [`TargetError`].
    pub(crate) async fn client(&self, clock: Clock) -> Result<Client, TargetError> {
        let url = match self.place()? {
            Place::Stack(stack) => return self.client_of(&stack, clock).await,
            Place::Url(url) => url,
        };
        let host = host(&url).ok_or_else(|| TargetError::Url(url.clone()))?;
        let named = self.region.is_some() || self.profile.is_some();
        let signer = if named || !is_this_machine(&host) {
            let region = self.region.as_deref().or_else(|| region_of(&host));
            Some(Signer::new(&self.variables(region)?))
        } else {
            None
        };
        Ok(Client::new(&url, signer, clock))
    }

    async fn client_of(&self, stack: &str, clock: Clock) -> Result<Client, TargetError> {
        let variables = self.variables(self.region.as_deref())?;
        let aws = Aws::new(&variables, clock.clone());
        let outputs = aws.stack_outputs(stack).await;
        let outputs = outputs.map_err(|error| TargetError::NoStack(stack.to_owned(), error))?;
        let url = outputs.get(OUTPUT);
        let url = url.ok_or_else(|| TargetError::NoOutput(stack.to_owned()))?;
        Ok(Client::new(url, Some(Signer::new(&variables)), clock))
    }

    /// AWS itself, in the Region of the admin API unless told otherwise.
    ///
    /// # Errors
    /// [`NoCaller`].
    pub(crate) fn aws(&self, clock: Clock) -> Result<Aws, NoCaller> {
        let host = match self.place() {
            Ok(Place::Url(url)) => host(&url),
            _ => None,
        };
        let of_url = host.as_deref().and_then(region_of);
        let variables = self.variables(self.region.as_deref().or(of_url))?;
        Ok(Aws::new(&variables, clock))
    }

    fn variables(&self, region: Option<&str>) -> Result<Variables, NoCaller> {
        Variables::of_this_machine(region, self.profile.as_deref())
    }
}

/// The host of an address that can be a base.
fn host(url: &str) -> Option<String> {
    let uri = url.parse::<Uri>().ok()?;
    let fits = matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none();
    fits.then(|| uri.host().map(str::to_owned)).flatten()
}

fn is_this_machine(host: &str) -> bool {
    host == "127.0.0.1" || host == "[::1]" || host.eq_ignore_ascii_case("localhost")
}

/// `eu-west-1` of `{api}.execute-api.eu-west-1.amazonaws.com`.
fn region_of(host: &str) -> Option<&str> {
    let (_, rest) = host.split_once(".execute-api.")?;
    rest.split_once(".amazonaws.com").map(|(region, _)| region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_wins_over_a_variable_and_two_variables_are_refused() {
        let place = |flags: [Option<&str>; 2], variables: [&str; 2]| {
            let [url, stack] = flags.map(|flag| flag.map(str::to_owned));
            let target = Target {
                url,
                stack,
                ..Target::default()
            };
            target.place_in(|name| match name {
                URL => Some(variables[0].to_owned()),
                STACK => Some(variables[1].to_owned()),
                _ => None,
            })
        };
        let url = |url: &str| Ok(Place::Url(url.to_owned()));
        let stack = |stack: &str| Ok(Place::Stack(stack.to_owned()));
        assert_eq!(place([None, None], ["", ""]), url(DEV));
        assert_eq!(place([None, None], ["u", ""]), url("u"));
        assert_eq!(place([None, None], ["", "s"]), stack("s"));
        assert_eq!(place([None, Some("t")], ["u", "s"]), stack("t"));
        assert_eq!(place([Some("v"), None], ["u", "s"]), url("v"));
        assert_eq!(
            place([None, None], ["u", "s"]),
            Err(TargetError::TwoVariables)
        );
    }

    #[test]
    fn an_address_says_which_machine_and_region() {
        let aws = "https://a1.execute-api.eu-west-1.amazonaws.com/admin";
        let aws = host(aws).unwrap();
        assert_eq!(region_of(&aws), Some("eu-west-1"));
        assert_eq!(
            region_of("a1.execute-api.cn-north-1.amazonaws.com.cn"),
            Some("cn-north-1")
        );
        assert_eq!(region_of("admin.example.com"), None);
        assert!(!is_this_machine(&aws));
        for url in [DEV, "http://[::1]:3000/admin", "https://LOCALHOST"] {
            assert!(is_this_machine(&host(url).unwrap()), "{url}");
        }
    }

    #[test]
    fn what_can_be_no_base_is_refused() {
        for url in ["", "127.0.0.1:3000", "ftp://x", "http://x/a?b=c", "http://"] {
            assert_eq!(host(url), None, "{url}");
        }
    }
}
