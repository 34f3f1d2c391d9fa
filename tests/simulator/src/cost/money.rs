//! Dollars without fractions: whole billionths.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, Sub},
};

const MILLION: u128 = 1_000_000;

/// An amount, in billionths of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Money(u64);

impl Money {
    /// In dollars, to the last decimal, and to the cent at least.
    pub(super) fn exact(self) -> String {
        let (dollars, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        let decimals = format!("{rest:09}");
        let shown = decimals.trim_end_matches('0').len().max(2);
        format!("${dollars}.{}", decimals.get(..shown).unwrap_or_default())
    }

    #[cfg(test)]
    pub(super) const fn nanodollars(nanodollars: u64) -> Self {
        Self(nanodollars)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;

    /// Nothing where `other` is more.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

/// In dollars, to the tenth of a cent, half of one rounded up.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mills = (self.0 + 500_000) / 1_000_000;
        write!(f, "${}.{:03}", mills / 1_000, mills % 1_000)
    }
}

/// What a million of something costs, in billionths of a dollar: what AWS charges for one of it,
/// in millionths of a billionth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Price(u64);

impl Price {
    /// From the dollars that one costs, as the price list has them, such as `"0.0000133334"`.
    /// `None` where that is no decimal number, or has more than 15 decimals.
    pub(super) const fn of_one(dollars: &str) -> Option<Self> {
        let digits = dollars.as_bytes();
        let (mut place, mut units, mut decimals, mut point) = (0, 0_u64, 0, false);
        while place < digits.len() {
            match digits[place] {
                b'.' if !point => point = true,
                digit @ b'0'..=b'9' => {
                    units = units * 10 + (digit - b'0') as u64;
                    decimals += point as u32;
                }
                _ => return None,
            }
            place += 1;
        }
        if digits.is_empty() || decimals > 15 {
            return None;
        }
        match units.checked_mul(10_u64.pow(15 - decimals)) {
            Some(price) => Some(Self(price)),
            None => None,
        }
    }

    /// What `count` cost.
    pub(super) fn times(self, count: u64) -> Money {
        self.times_parts(u128::from(count), 1)
    }

    /// What `count` cost where `parts` of them are one that is charged for.
    pub(super) fn times_parts(self, count: u128, parts: u128) -> Money {
        let divisor = MILLION * parts.max(1);
        let amount = (u128::from(self.0) * count + divisor / 2) / divisor;
        Money(u64::try_from(amount).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(dollars: &str) -> Price {
        Price::of_one(dollars).unwrap()
    }

    #[test]
    fn a_price_is_read_to_its_last_decimal() {
        assert_eq!(price("0.000000625"), Price(625_000_000));
        assert_eq!(price("0.0000001415"), Price(141_500_000));
        assert_eq!(price("0.0000133334"), Price(13_333_400_000));
        assert_eq!(price("0.50"), price("0.5"));
        assert_eq!(price("3"), Price(3_000_000_000_000_000));
    }

    #[test]
    fn what_is_no_price_is_none() {
        let too_many = "0.0000000000000001";
        for text in ["", "1.2.3", "$1", "-1", "1e-6", too_many, "99999999999"] {
            assert_eq!(Price::of_one(text), None, "{text}");
        }
    }

    #[test]
    fn a_million_writes_cost_what_the_list_says_and_one_a_millionth_of_it() {
        let write = price("0.000000625");
        assert_eq!(write.times(1_000_000), Money(625_000_000));
        assert_eq!(write.times(1), Money(625));
        assert_eq!(write.times(0), Money(0));
        // The half of a billionth is rounded up: 141.5 of them.
        assert_eq!(price("0.0000001415").times(1), Money(142));
    }

    #[test]
    fn parts_are_rounded_once() {
        // Five million MB-milliseconds are 4.8828125 GB-seconds.
        let amount = price("0.0000133334").times_parts(5_000_000, 1_024_000);
        assert_eq!(amount, Money(65_104));
        assert_eq!(price("0.5").times_parts(1, 0), price("0.5").times(1));
    }

    #[test]
    fn amounts_are_told_to_the_tenth_of_a_cent() {
        let told = [0, 499_999, 500_000, 999_500_000, 12_345_678_900];
        let told = told.map(|amount| Money(amount).to_string());
        assert_eq!(told, ["$0.000", "$0.000", "$0.001", "$1.000", "$12.346"]);
        let exact = [0, 3_500_000_000, 141_500_000, 1].map(|amount| Money(amount).exact());
        assert_eq!(exact, ["$0.00", "$3.50", "$0.1415", "$0.000000001"]);
    }

    #[test]
    fn sums_are_exact_and_a_difference_is_never_below_nothing() {
        let sum: Money = (1..=4).map(Money).sum();
        assert_eq!(sum, Money(10));
        assert_eq!(Money(3) - Money(4), Money(0));
    }
}
