//! What a plan can and cannot hold a key to, above all one that API Gateway counts.
//!
//! API Gateway keeps the authorizer's answer for a while, and where no authorizer stands in
//! front it knows the native key alone. A rule of the key that would then not be held is
//! refused, before the key is on the plan.

use crate::{Enforcement, Key, NativeKeyValue, Plan, Scope};

/// What is wrong with a key for a plan: mostly a rule that one counted by API Gateway would not
/// hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHeld {
    /// Address rules: the answer for one address would be kept for all.
    #[error(
        "cannot be held on a plan with enforcement apiGateway, where API Gateway keeps the authorizer's answer whatever the caller's address"
    )]
    AllowedIps,
    /// A route that no policy says.
    #[error(
        "cannot be held on a plan with enforcement apiGateway, where a kept policy must say them: no {{name}}, and * as the method only in \"* /*\""
    )]
    Routes,
    /// A route of a key that API Gateway knows by itself.
    #[error(
        "cannot be held on a plan with enforcement apiGateway for a key whose nativeValue is header: API Gateway's own keys know no routes"
    )]
    HeaderRoutes,
    /// The first instant of a key that API Gateway knows by itself.
    #[error(
        "cannot be held on a plan with enforcement apiGateway for a key whose nativeValue is header: API Gateway's own keys know no beginning"
    )]
    NotBefore,
    /// No customer, whose allowance it would use.
    #[error(
        "is needed on a plan with scope customer, where the keys of a customer share its allowance"
    )]
    CustomerId,
    /// The last one.
    #[error(
        "cannot be held on a plan with enforcement apiGateway for a key whose nativeValue is header: API Gateway's own keys do not expire"
    )]
    ExpiresAt,
}

impl NotHeld {
    /// The key's field, in JSON.
    pub fn field(self) -> &'static str {
        match self {
            Self::AllowedIps => "allowedIps",
            Self::Routes | Self::HeaderRoutes => "routes",
            Self::NotBefore => "notBefore",
            Self::ExpiresAt => "expiresAt",
            Self::CustomerId => "customerId",
        }
    }
}

impl Plan {
    /// Why this plan cannot take the key: rules that API Gateway, where it counts, could not hold
    /// the key to, and the customer whose allowance the key would use, where it has none.
    pub fn not_held(&self, key: &Key) -> Vec<NotHeld> {
        let mut rules = match self.enforcement {
            Enforcement::DynamoDb => Vec::new(),
            Enforcement::ApiGateway => key.not_held_natively(),
        };
        let nobody_s = self.scope == Scope::Customer && key.customer_id.is_none();
        rules.extend(nobody_s.then_some(NotHeld::CustomerId));
        rules
    }
}

impl Key {
    /// Its rules that a plan could not hold it to which API Gateway counts.
    pub fn not_held_natively(&self) -> Vec<NotHeld> {
        let key = self;
        let header = key.native_value == NativeKeyValue::Header;
        let routes = key.routes.as_deref();
        let beyond_policies =
            routes.is_some_and(|routes| !routes.iter().all(|route| route.fits_a_policy()));
        [
            (key.allowed_ips.is_some(), NotHeld::AllowedIps),
            (beyond_policies && !header, NotHeld::Routes),
            (header && routes.is_some(), NotHeld::HeaderRoutes),
            (header && key.not_before.is_some(), NotHeld::NotBefore),
            (header && key.expires_at.is_some(), NotHeld::ExpiresAt),
        ]
        .into_iter()
        .filter_map(|(broken, rule)| broken.then_some(rule))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{AddressRules, KeyValue, Prefix};

    fn key(native_value: NativeKeyValue) -> Key {
        let value = KeyValue::generate(&Prefix::default(), &[1; 48]);
        Key {
            native_value,
            ..Key::new(&value, Timestamp::UNIX_EPOCH)
        }
    }

    fn plan(enforcement: Enforcement) -> Plan {
        let (id, name) = ("gold".parse().unwrap(), "Gold".parse().unwrap());
        Plan {
            enforcement,
            ..Plan::new(id, name, Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn a_plan_of_latchkey_s_own_holds_every_rule() {
        let mut key = key(NativeKeyValue::Header);
        key.expires_at = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(plan(Enforcement::DynamoDb).not_held(&key), []);
        assert_eq!(
            plan(Enforcement::ApiGateway).not_held(&key),
            [NotHeld::ExpiresAt]
        );
    }

    #[test]
    fn a_plan_of_customers_takes_only_keys_of_customers() {
        let shared = Plan {
            scope: Scope::Customer,
            ..plan(Enforcement::DynamoDb)
        };
        let mut key = key(NativeKeyValue::Internal);
        assert_eq!(shared.not_held(&key), [NotHeld::CustomerId]);
        key.customer_id = "cus_1".parse().ok();
        assert_eq!(shared.not_held(&key), []);
    }

    #[test]
    fn what_api_gateway_would_not_hold_is_named() {
        let native = plan(Enforcement::ApiGateway);
        let mut key = key(NativeKeyValue::Internal);
        assert_eq!(native.not_held(&key), []);
        key.expires_at = Some(Timestamp::UNIX_EPOCH);
        key.not_before = Some(Timestamp::UNIX_EPOCH);
        key.routes = Some(vec!["GET /orders/*".parse().unwrap()]);
        assert_eq!(native.not_held(&key), [], "the authorizer holds them");
        key.allowed_ips =
            AddressRules::new(vec![AddressRules::parse_network("10.0.0.0/8").unwrap()]).ok();
        key.routes = Some(vec!["GET /orders/{id}".parse().unwrap()]);
        assert_eq!(
            native.not_held(&key),
            [NotHeld::AllowedIps, NotHeld::Routes]
        );
        key.native_value = NativeKeyValue::Header;
        assert_eq!(
            native.not_held(&key),
            [
                NotHeld::AllowedIps,
                NotHeld::HeaderRoutes,
                NotHeld::NotBefore,
                NotHeld::ExpiresAt
            ]
        );
    }

    #[test]
    fn a_route_fits_a_policy_where_a_star_says_the_same_in_both() {
        for (route, fits) in [
            ("GET /orders", true),
            ("GET /orders/*", true),
            ("* /*", true),
            ("GET /", true),
            ("GET /orders/{id}", false),
            ("GET /{a}/b", false),
            ("* /orders", false),
            ("* /orders/*", false),
        ] {
            let route: crate::Route = route.parse().unwrap();
            assert_eq!(route.fits_a_policy(), fits, "{route}");
        }
    }
}
