//! Base62 digits `0-9A-Za-z`, most significant first.

pub(crate) const ALPHABET: &[u8; 62] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The last `N` base62 digits of `number`.
pub(crate) fn digits<const N: usize>(mut number: u128) -> [u8; N] {
    let mut out = [b'0'; N];
    for digit in out.iter_mut().rev() {
        *digit = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    out
}

/// The first `N` of the 43 base62 digits of a 256-bit number, big-endian, `N <= 43`.
pub(crate) fn first_digits<const N: usize>(number: &[u8; 32]) -> [u8; N] {
    const { assert!(N <= 43) }
    let mut rest = *number;
    let mut all = [b'0'; 43];
    for digit in all.iter_mut().rev() {
        let mut remainder = 0u32;
        for byte in &mut rest {
            let value = remainder << 8 | u32::from(*byte);
            *byte = (value / 62) as u8;
            remainder = value % 62;
        }
        *digit = ALPHABET[remainder as usize];
    }
    let mut out = [b'0'; N];
    out.copy_from_slice(&all[..N]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_count_in_base_62() {
        assert_eq!(&digits::<3>(61), b"00z");
        assert_eq!(&digits::<3>(62), b"010");
        assert_eq!(&digits::<2>(62 * 62 * 62 + 5), b"05");
    }

    #[test]
    fn first_digits_are_the_most_significant_of_43() {
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(
            &first_digits::<43>(&one)[..],
            format!("{:0>43}", 1).as_bytes()
        );
        // 2^256 - 1, worked out with bc.
        assert_eq!(&first_digits::<16>(&[255; 32]), b"yhjskwdA6OZ1AL1Y");
    }
}
