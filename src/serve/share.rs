//! For how many conversations a policy is enforced.

use std::sync::atomic::{AtomicU64, Ordering};

use xxhash_rust::xxh3::xxh3_64;

/// A share of all conversations: always the same ones, on every machine.
pub(super) struct Share {
    share: f64,
    /// Those that nothing is known of are counted through.
    strangers: AtomicU64,
}

impl Share {
    pub(super) fn new(share: f64) -> Self {
        Self { share, strangers: AtomicU64::new(0) }
    }

    /// Whether a conversation is in the share.
    pub(super) fn has(&self, sticky: Option<u64>) -> bool {
        let number = sticky.unwrap_or_else(|| self.strangers.fetch_add(1, Ordering::Relaxed));
        // The first 53 bits, which is what a float holds, as a number from 0 up to 1.
        let place = (xxh3_64(&number.to_le_bytes()) >> 11) as f64 / (1_u64 << 53) as f64;
        place < self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_share_and_stays() {
        for (share, expected) in [(0.0, 0..=0), (0.25, 2_300..=2_700), (1.0, 10_000..=10_000)] {
            let share = Share::new(share);
            let count = || (0..10_000).filter(|number| share.has(Some(*number))).count();
            assert!(expected.contains(&count()), "{}", count());
            assert_eq!(count(), count());
            assert!(expected.contains(&(0..10_000).filter(|_| share.has(None)).count()));
        }
        let (small, large) = (Share::new(0.2), Share::new(0.6));
        assert!((0..10_000).all(|number| !small.has(Some(number)) || large.has(Some(number))), "it grows");
    }
}
