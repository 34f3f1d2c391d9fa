//! Why a call is refused, in words that tools may rely on.

use std::fmt;

/// What kind of refusal it is; answers differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The caller did not show a valid key.
    Credential,
    /// The key may not do this.
    Permission,
    /// The key may do this, but not so much of it.
    Limit,
    /// No decision could be made.
    None,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $class:ident;)+) => {
        /// A stable reason. The name never changes; new ones may come.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            /// All of them, in the order in which they are looked for.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in answers and logs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Its class.
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)+ }
            }
        }
    };
}

reasons! {
    /// The event cannot be understood.
    MalformedEvent = "malformed_event", Credential;
    /// No source holds a key.
    MissingKey = "missing_key", Credential;
    /// What was sent cannot be a key, or two different ones were.
    MalformedKey = "malformed_key", Credential;
    /// No such key; a wrong secret for a real id is the same.
    UnknownKey = "unknown_key", Credential;
    /// Switched off.
    KeyDisabled = "key_disabled", Credential;
    /// Before its `notBefore`.
    KeyNotYetValid = "key_not_yet_valid", Credential;
    /// At or after its `expiresAt`.
    KeyExpired = "key_expired", Credential;
    /// The caller's address is in none of its networks.
    IpNotAllowed = "ip_not_allowed", Permission;
    /// None of its routes opens this call.
    RouteNotAllowed = "route_not_allowed", Permission;
    /// None of its plans covers this API stage.
    NoUsagePlan = "no_usage_plan", Permission;
    /// The quota of this period is used up.
    QuotaExceeded = "quota_exceeded", Limit;
    /// Too many calls at once.
    Throttled = "throttled", Limit;
    /// The store gave no answer in its time.
    Unavailable = "unavailable", None;
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
