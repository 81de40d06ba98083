//! Searches for bytes that are probably near.
//!
//! What `memchr` needs to get going is more than most names and values are long, so the first
//! bytes are looked at in words of eight.

const ONES: u64 = u64::MAX / 255;
/// After so many words `memchr` is faster.
const WORDS: usize = 4;

/// The high bit of every byte of `word` that is less than `n` (at most 128), and perhaps of some after the first such.
pub(crate) fn less(word: u64, n: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(n)) & !word & (ONES << 7)
}

/// The high bit of every byte of `word` that is `byte`, and perhaps of some after the first such.
pub(crate) fn equal(word: u64, byte: u8) -> u64 {
    less(word ^ (ONES * u64::from(byte)), 1)
}

/// Where the first byte of a word is whose high bit is set.
pub(crate) fn first(high_bits: u64) -> usize {
    (high_bits.trailing_zeros() / 8) as usize
}

/// The first place of any of these (one to three) bytes.
pub(crate) fn find<const N: usize>(needles: [u8; N], bytes: &[u8]) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().take(WORDS).enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = needles.iter().fold(0, |found, byte| found | equal(word, *byte));
        if found != 0 {
            return Some(i * 8 + first(found));
        }
    }
    let (start, rest) = if words.len() <= WORDS {
        (words.len() * 8, rest)
    } else {
        (WORDS * 8, &bytes[WORDS * 8..])
    };
    let far = match needles.as_slice() {
        _ if rest.len() < 8 => rest.iter().position(|byte| needles.contains(byte)),
        [a] => memchr::memchr(*a, rest),
        [a, b] => memchr::memchr2(*a, *b, rest),
        [a, b, c] => memchr::memchr3(*a, *b, *c, rest),
        _ => rest.iter().position(|byte| needles.contains(byte)),
    };
    far.map(|at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_and_byte() {
        for len in 0..80 {
            for at in 0..len {
                for byte in [0, b'"', 0x7f, 0x80, 0xff] {
                    let mut bytes = vec![b'a'; len];
                    bytes[at] = byte;
                    bytes[len - 1] = byte;
                    let expected = Some(at);
                    assert_eq!(find([byte], &bytes), expected, "{byte} at {at} of {len}");
                    assert_eq!(find([1, byte], &bytes), expected);
                    assert_eq!(find([1, byte, 0x81], &bytes), expected);
                    assert_eq!(find([b'b', b'\'', 0x60], &bytes), None);
                }
            }
        }
    }
}
