//! Durations and sizes as they are written in configuration files.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A duration: "250ms", "30s", "10m", "2h".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// A number of bytes: 65536, "64KiB", "8MiB".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub usize);

impl Span {
    pub(super) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "expected a duration such as \"30s\"";
        let text = String::deserialize(deserializer).map_err(|_| D::Error::custom(expected))?;
        let unit = |unit: &str| match unit {
            "ms" => Some(1),
            "s" => Some(1_000),
            "m" | "min" => Some(60_000),
            "h" => Some(3_600_000),
            _ => None,
        };
        let milliseconds = quantity(&text, unit).ok_or_else(|| D::Error::custom(expected))?;
        Ok(Self(Duration::from_millis(milliseconds)))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }
}

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as \"8MiB\"")
    }

    fn visit_i64<E: Error>(self, bytes: i64) -> Result<Size, E> {
        usize::try_from(bytes).map(Size).map_err(|_| E::custom("expected a size such as \"8MiB\""))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
        let unit = |unit: &str| match unit {
            "" | "B" => Some(1),
            "kB" | "KB" | "KiB" => Some(1 << 10),
            "MB" | "MiB" => Some(1 << 20),
            "GB" | "GiB" => Some(1 << 30),
            _ => None,
        };
        let bytes = quantity(text, unit).and_then(|bytes| usize::try_from(bytes).ok());
        bytes.map(Size).ok_or_else(|| E::custom("expected a size such as \"8MiB\""))
    }
}

/// A number and its unit.
fn quantity(text: &str, unit: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.trim().parse().ok()?;
    number.checked_mul(unit(&text[digits.len()..])?)
}
