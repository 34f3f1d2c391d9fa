//! From where a key may be used.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use crate::Invalid;

/// Networks of which one must hold the caller's address. Never empty: an empty list would
/// be read as "everywhere" by some and as "nowhere" by others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRules(Vec<IpNet>);

impl AddressRules {
    /// Networks that a key may have.
    pub const MAX: usize = 100;

    /// The rules of a list of networks.
    ///
    /// # Errors
    /// [`Invalid`] for none, and for more than [`Self::MAX`].
    pub fn new(networks: Vec<IpNet>) -> Result<Self, Invalid> {
        if networks.is_empty() || networks.len() > Self::MAX {
            let count = networks.len().to_string();
            return Err(Invalid::new(
                "a number of networks",
                &count,
                "1 to 100; leave the list out to allow every address",
            ));
        }
        Ok(Self(networks))
    }

    /// Reads a network in CIDR notation, or a single address.
    ///
    /// # Errors
    /// [`Invalid`], also where bits are set behind the prefix: `10.0.0.1/8` is more likely
    /// a slip than a wish.
    pub fn parse_network(text: &str) -> Result<IpNet, Invalid> {
        const ALLOWED: &str = "an IPv4 or IPv6 address, or a network such as 10.0.0.0/8 with no bit set behind its prefix";
        let invalid = || Invalid::new("a network", text, ALLOWED);
        let address = text.split('/').next().unwrap_or_default();
        // Of 010.0.0.0 nobody can say whether it is 10 or, in octal digits, 8: IpNet takes it.
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let network = match text.contains('/') {
            true => text.parse::<IpNet>().map_err(|_| invalid())?,
            false => IpNet::from(address.to_canonical()),
        };
        if network.addr() != network.network() {
            return Err(Invalid::new("a network", text, ALLOWED));
        }
        Ok(canonical(network))
    }

    pub(crate) fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Whether a call from `source` is allowed. An address that the event does not tell is
    /// in no network; an IPv4 address written as IPv6 is IPv4.
    pub fn allow(&self, source: Option<IpAddr>) -> bool {
        source.is_some_and(|address| {
            let address = address.to_canonical();
            self.0.iter().any(|network| network.contains(&address))
        })
    }

    /// The networks, in the order given.
    pub fn networks(&self) -> &[IpNet] {
        &self.0
    }
}

/// A network of IPv4 addresses that is written as IPv6 is one of IPv4 (RFC 4291, 2.5.5.2), as
/// the addresses are that it is held against.
fn canonical(network: IpNet) -> IpNet {
    const MAPPED: u8 = 96;
    let IpNet::V6(mapped) = network else {
        return network;
    };
    let address = mapped.addr().to_ipv4_mapped();
    let prefix = mapped.prefix_len().checked_sub(MAPPED);
    address
        .zip(prefix)
        .and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok())
        .map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(networks: &[&str]) -> AddressRules {
        AddressRules::new(
            networks
                .iter()
                .map(|n| AddressRules::parse_network(n).unwrap())
                .collect(),
        )
        .unwrap()
    }

    #[test]
    fn an_address_must_be_in_one_of_the_networks() {
        let rules = rules(&["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
        let allows = |text: &str| rules.allow(text.parse().ok());
        assert!(allows("10.1.2.3") && allows("192.0.2.7") && allows("2001:db8::1"));
        assert!(allows("::ffff:10.1.2.3"), "IPv4-mapped IPv6 is IPv4");
        assert!(!allows("11.0.0.1") && !allows("192.0.2.8") && !allows("2001:db9::1"));
        assert!(
            !allows("test-invoke-source-ip"),
            "what is no address is in no network"
        );
    }

    #[test]
    fn a_network_of_ipv4_addresses_that_is_written_as_ipv6_is_one_of_ipv4() {
        for (written, read) in [
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("::ffff:192.0.2.7/128", "192.0.2.7/32"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("::/0", "::/0"),
            ("2001:db8::/32", "2001:db8::/32"),
        ] {
            let network = AddressRules::parse_network(written).unwrap();
            assert_eq!(network.to_string(), read, "{written}");
        }
        let mapped = rules(&["::ffff:10.0.0.0/104"]);
        for own in ["10.1.2.3", "::ffff:10.1.2.3"] {
            assert!(mapped.allow(own.parse().ok()), "{own}");
        }
        for foreign in ["11.0.0.1", "::10.1.2.3", "64:ff9b::a01:203"] {
            assert!(!mapped.allow(foreign.parse().ok()), "{foreign}");
        }
    }

    #[test]
    fn as_many_networks_as_are_allowed() {
        let network = AddressRules::parse_network("10.0.0.0/8").unwrap();
        let of = |number| AddressRules::new(vec![network; number]);
        assert!(of(AddressRules::MAX).is_ok() && of(AddressRules::MAX + 1).is_err());
        assert_eq!(of(2).unwrap().networks(), [network, network]);
    }

    #[test]
    fn slips_are_refused() {
        for slip in [
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0",
            "",
            "*",
            "2001:db8::1/32",
            "010.0.0.0/8",
            "10.00.0.0/8",
            "010.0.0.1",
            "10.0.0.0/8/8",
        ] {
            assert!(AddressRules::parse_network(slip).is_err(), "{slip}");
        }
        assert!(AddressRules::new(vec![]).is_err());
    }
}
