//! How much two runs of bytes have in common, found word by word.

const WORD: usize = 8;

/// How many bytes both begin with.
pub(crate) fn shared_start(one: &[u8], other: &[u8]) -> usize {
    let mut shared = 0;
    for (word, beside) in one.as_chunks::<WORD>().0.iter().zip(other.as_chunks::<WORD>().0) {
        let differs = u64::from_le_bytes(*word) ^ u64::from_le_bytes(*beside);
        if differs != 0 {
            return shared + differs.trailing_zeros() as usize / 8;
        }
        shared += WORD;
    }
    let rest = one[shared..].iter().zip(&other[shared..]);
    shared + rest.take_while(|(byte, beside)| byte == beside).count()
}

/// How many bytes both end with.
pub(crate) fn shared_end(one: &[u8], other: &[u8]) -> usize {
    let mut shared = 0;
    for (word, beside) in one.as_rchunks::<WORD>().1.iter().rev().zip(other.as_rchunks::<WORD>().1.iter().rev()) {
        let differs = u64::from_le_bytes(*word) ^ u64::from_le_bytes(*beside);
        if differs != 0 {
            return shared + differs.leading_zeros() as usize / 8;
        }
        shared += WORD;
    }
    let rest = one[..one.len() - shared].iter().rev().zip(other[..other.len() - shared].iter().rev());
    shared + rest.take_while(|(byte, beside)| byte == beside).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{shared_end, shared_start};

    proptest! {
        #[test]
        fn it_is_what_is_counted_byte_by_byte(
            one in prop::collection::vec(0u8..2, 0..12),
            other in prop::collection::vec(0u8..2, 0..12),
            same in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let pairs = [
                ([&same[..], &one].concat(), [&same[..], &other].concat()),
                ([&one[..], &same].concat(), [&other[..], &same].concat()),
            ];
            for (a, b) in pairs {
                let start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
                let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
                prop_assert_eq!((shared_start(&a, &b), shared_end(&a, &b)), (start, end));
            }
        }
    }
}
