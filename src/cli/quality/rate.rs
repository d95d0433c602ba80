//! How often something happened, and how sure that is.

use serde::Serialize;
use serde::ser::SerializeStruct;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) hits: u64,
    pub(super) n: u64,
}

/// The quantile of the normal distribution that leaves 95 % in the middle.
const Z: f64 = 1.959_963_984_540_054;

impl Rate {
    pub(super) fn count(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.n += 1;
    }

    pub(super) fn share(self) -> f64 {
        if self.n == 0 { 0.0 } else { self.hits as f64 / self.n as f64 }
    }

    /// The 95 % interval of Wilson (Probable inference, the law of succession, and statistical inference, 1927), which holds near 0 and 1 too.
    pub(super) fn interval(self) -> (f64, f64) {
        if self.n == 0 {
            return (0.0, 1.0);
        }
        let (n, share) = (self.n as f64, self.share());
        let centre = share + Z * Z / (2.0 * n);
        let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        let low = if self.hits == 0 { 0.0 } else { (centre - half) / scale };
        let high = if self.hits == self.n { 1.0 } else { (centre + half) / scale };
        (low, high)
    }
}

impl std::ops::AddAssign for Rate {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.n += other.n;
    }
}

impl Serialize for Rate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let round = |share: f64| (share * 1e6).round() / 1e6;
        let (low, high) = self.interval();
        let mut rate = serializer.serialize_struct("Rate", 5)?;
        rate.serialize_field("n", &self.n)?;
        rate.serialize_field("hits", &self.hits)?;
        rate.serialize_field("share", &round(self.share()))?;
        rate.serialize_field("low", &round(low))?;
        rate.serialize_field("high", &round(high))?;
        rate.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        let near = |rate: Rate, low: f64, high: f64| {
            let interval = rate.interval();
            assert!((interval.0 - low).abs() < 5e-4 && (interval.1 - high).abs() < 5e-4, "{interval:?}");
        };
        near(Rate { hits: 0, n: 10 }, 0.0, 0.2775);
        near(Rate { hits: 5, n: 10 }, 0.2366, 0.7634);
        near(Rate { hits: 980, n: 1000 }, 0.9693, 0.9870);
        near(Rate { hits: 10, n: 10 }, 0.7225, 1.0);
        assert_eq!(Rate::default().interval(), (0.0, 1.0));
    }
}
