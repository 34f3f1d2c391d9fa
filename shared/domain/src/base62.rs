//! Base62 digits `0-9A-Za-z`, most significant first.

pub(crate) const ALPHABET: &[u8; 62] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The last `N` base62 digits of `number`.
pub(crate) fn digits<const N: usize>(mut number: u128) -> [u8; N] {
    let mut out = [b'0'; N];
    for five in out.rchunks_mut(5) {
        let mut remainder = (number % u128::from(FIVE_DIGITS)) as u64;
        number /= u128::from(FIVE_DIGITS);
        for digit in five.iter_mut().rev() {
            *digit = ALPHABET[(remainder % 62) as usize];
            remainder /= 62;
        }
    }
    out
}

/// 62^5, the most digits that are divided off at once: it fits 32 bits.
const FIVE_DIGITS: u64 = 62u64.pow(5);

/// Whether there are letters and digits alone. Looks at all of them, which processors do many at
/// a time.
pub(crate) fn is_alphanumeric(text: &[u8]) -> bool {
    text.iter()
        .fold(true, |all, byte| all & byte.is_ascii_alphanumeric())
}

/// The first `N` of the 43 base62 digits of a 256-bit number, big-endian, `N <= 43`.
pub(crate) fn first_digits<const N: usize>(number: &[u8; 32]) -> [u8; N] {
    const { assert!(N <= 43) }
    let (parts, _) = number.as_chunks::<4>();
    let mut rest = [0u32; 8];
    for (limb, bytes) in rest.iter_mut().zip(parts) {
        *limb = u32::from_be_bytes(*bytes);
    }
    // The first two are always 0: 62^43 is more than 2^256.
    let mut all = [b'0'; 45];
    for five in all.rchunks_exact_mut(5) {
        let mut remainder = 0u64;
        for limb in &mut rest {
            let value = remainder << 32 | u64::from(*limb);
            *limb = (value / FIVE_DIGITS) as u32;
            remainder = value % FIVE_DIGITS;
        }
        for digit in five.iter_mut().rev() {
            *digit = ALPHABET[(remainder % 62) as usize];
            remainder /= 62;
        }
    }
    let mut out = [b'0'; N];
    out.copy_from_slice(&all[2..2 + N]);
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
        // 2^32 - 1 and 2^128 - 1, worked out with bc.
        assert_eq!(&digits::<6>(u128::from(u32::MAX)), b"4gfFC3");
        assert_eq!(&digits::<22>(u128::MAX), b"7n42DGM5Tflk9n8mt7Fhc7");
    }

    #[test]
    fn one_other_character_is_seen_wherever_it_stands() {
        for len in 0..70 {
            let mut text = vec![b'x'; len];
            assert!(is_alphanumeric(&text), "{len}");
            for at in 0..len {
                for other in [b'_', b'/', b':', b'@', b'[', b'`', b'{', 0, 0xc3] {
                    text[at] = other;
                    assert!(!is_alphanumeric(&text), "{len} {at} {other}");
                }
                text[at] = b'x';
            }
        }
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
        // The bytes 0 to 31, digit by digit.
        let mut rising = [0; 32];
        for (at, byte) in rising.iter_mut().enumerate() {
            *byte = at as u8;
        }
        assert_eq!(
            &first_digits::<43>(&rising)[..],
            b"003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf"
        );
    }
}
