//! Address rules against arithmetic on bits.

use std::net::{IpAddr, Ipv6Addr};

use latchkey_domain::AddressRules;

use crate::text;

/// A line with a network or an address, and one with a caller's address. A network is written
/// so that it reads back, and holds the addresses with its first bits, an IPv4 address being
/// the same however it is written.
pub fn address(data: &[u8]) {
    let Some((network, caller)) = text(data).and_then(|text| text.split_once('\n')) else {
        return;
    };
    let Ok(read) = AddressRules::parse_network(network) else {
        return;
    };
    let again = AddressRules::parse_network(&read.to_string());
    assert_eq!(again, Ok(read), "{network} is not read as it is written");
    let rules = AddressRules::new(vec![read]).unwrap();
    assert!(!rules.allow(None), "{network}: no address is in no network");
    let caller = caller.trim().parse::<IpAddr>().ok();
    let expected = caller.is_some_and(|caller| holds(network, caller));
    assert_eq!(rules.allow(caller), expected, "{caller:?} in {network}");
}

/// The first bits of both, IPv4 as it is within IPv6; but no network of IPv6 that is wider
/// than all of IPv4 holds an IPv4 address: `::/0` says nothing of it.
fn holds(network: &str, caller: IpAddr) -> bool {
    let (address, prefix) = match network.split_once('/') {
        Some((address, prefix)) => (address, prefix.parse::<u32>().ok()),
        None => (network, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let given = if address.is_ipv4() { 96 } else { 0 };
    let prefix = prefix.map_or(128, |prefix| given + prefix);
    let is_v4 = |address: IpAddr| bits(address) >> 32 == 0xffff;
    let kind = is_v4(address) && prefix >= 96;
    kind == is_v4(caller)
        && (bits(address) ^ bits(caller))
            .checked_shr(128 - prefix)
            .unwrap_or(0)
            == 0
}

fn bits(address: IpAddr) -> u128 {
    let wide: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    u128::from(wide)
}
