//! How a measured quantity is spread, in a histogram of high dynamic range (Gil Tene, hdrhistogram.org): three digits are kept of every value.

use hdrhistogram::Histogram;
use serde::Serialize;
use serde::ser::SerializeStruct;

/// Values between 0 and 2⁴⁰: nanoseconds up to eighteen minutes, bytes, tokens.
#[derive(Clone)]
pub(super) struct Spread(Histogram<u64>);

const MOST: u64 = 1 << 40;

impl Spread {
    pub(super) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, MOST, 3).expect("the bounds are valid"))
    }

    #[inline]
    pub(super) fn record(&mut self, value: u64) {
        self.0.saturating_record(value);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the bounds are the same");
    }

    pub(super) fn n(&self) -> u64 {
        self.0.len()
    }

    pub(super) fn mean(&self) -> f64 {
        self.0.mean()
    }

    pub(super) fn p50(&self) -> f64 {
        self.at(0.5)
    }

    pub(super) fn p99(&self) -> f64 {
        self.at(0.99)
    }

    pub(super) fn p999(&self) -> f64 {
        self.at(0.999)
    }

    pub(super) fn max(&self) -> f64 {
        self.at(1.0)
    }

    /// The value that this share of all values does not exceed.
    pub(super) fn at(&self, share: f64) -> f64 {
        if self.0.is_empty() { 0.0 } else { self.0.value_at_quantile(share).min(self.0.max()) as f64 }
    }

    /// How many values are at least `low` and at most `high`.
    pub(super) fn between(&self, low: u64, high: u64) -> u64 {
        self.0
            .iter_recorded()
            .filter(|step| (low..=high).contains(&step.value_iterated_to()))
            .map(|step| step.count_at_value())
            .sum()
    }
}

impl Serialize for Spread {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut spread = serializer.serialize_struct("Spread", 6)?;
        spread.serialize_field("n", &self.n())?;
        spread.serialize_field("mean", &((self.mean() * 1000.0).round() / 1000.0))?;
        spread.serialize_field("p50", &(self.p50() as u64))?;
        spread.serialize_field("p99", &(self.p99() as u64))?;
        spread.serialize_field("p999", &(self.p999() as u64))?;
        spread.serialize_field("max", &(self.max() as u64))?;
        spread.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_values() {
        let mut spread = Spread::new();
        assert_eq!((spread.n(), spread.p99(), spread.max()), (0, 0.0, 0.0));
        (0..1_000).for_each(|value| spread.record(value));
        assert_eq!((spread.p50(), spread.p99(), spread.p999(), spread.max()), (499.0, 989.0, 998.0, 999.0));
        assert_eq!((spread.between(0, 9), spread.between(990, 2_000)), (10, 10));
        spread.record(u64::MAX);
        assert!(spread.max() >= MOST as f64, "too large a value is the largest");
    }
}
