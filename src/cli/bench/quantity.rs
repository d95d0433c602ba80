//! Quantities with their units, read and written.

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nanoseconds.
    Time,
    /// Tokens of the model, or as much time as it takes for them.
    Tokens,
    Bytes,
    /// Bytes in a second.
    Speed,
    /// A part of one.
    Share,
    Count,
}

impl Unit {
    /// An example, for whoever wrote something else.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Time => "a time such as \"5us\"",
            Self::Tokens => "tokens such as \"1 token\", or a time such as \"20ms\"",
            Self::Bytes => "bytes such as \"2B\" or \"64KiB\"",
            Self::Speed => "a speed such as \"20MB/s\"",
            Self::Share => "a share such as \"10%\"",
            Self::Count => "a number such as 0.5",
        }
    }

    /// Reads a quantity; of tokens `interval` nanoseconds apart, where they are given as a time.
    pub(super) fn read(self, text: &str, interval: f64) -> Option<f64> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let number: f64 = text[..end].parse().ok()?;
        let unit = text[end..].trim();
        let factor = match self {
            Self::Time => nanoseconds(unit)?,
            Self::Tokens => match unit {
                "token" | "tokens" => 1.0,
                unit => nanoseconds(unit)? / interval,
            },
            Self::Bytes => bytes(unit)?,
            Self::Speed => bytes(unit.strip_suffix("/s")?)?,
            Self::Share => match unit {
                "%" => 0.01,
                _ => return None,
            },
            Self::Count => match unit {
                "" => 1.0,
                _ => return None,
            },
        };
        Some(number * factor).filter(|number| number.is_finite())
    }

    /// Writes a quantity as a reader would.
    pub(super) fn say(self, value: f64) -> String {
        match self {
            Self::Time => scaled(value, &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")]),
            Self::Tokens if value == 1.0 => "1 token".to_owned(),
            Self::Tokens => format!("{} tokens", rounded(value)),
            Self::Bytes => scaled(value, &[(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")]),
            Self::Speed => format!("{}/s", Self::Bytes.say(value)),
            Self::Share if value > 0.0 && value < 5e-5 => "< 0.01 %".to_owned(),
            Self::Share => format!("{} %", rounded(value * 100.0)),
            Self::Count => rounded(value),
        }
    }
}

fn nanoseconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return None,
    })
}

fn bytes(unit: &str) -> Option<f64> {
    Some(match unit {
        "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        _ => return None,
    })
}

fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let (factor, unit) = units.iter().find(|(factor, _)| value >= *factor).unwrap_or(&units[units.len() - 1]);
    format!("{} {unit}", rounded(value / factor))
}

/// Three digits, and none behind a point that say nothing.
pub(super) fn rounded(value: f64) -> String {
    if value >= 1000.0 {
        return crate::cli::grouped(value.round() as u64);
    }
    let places = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.places$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_with_their_units() {
        let read = |unit: Unit, text| unit.read(text, 20e6);
        assert_eq!(read(Unit::Time, "5us"), Some(5_000.0));
        assert_eq!(read(Unit::Time, "1.5 ms"), Some(1_500_000.0));
        assert_eq!(read(Unit::Tokens, "2 tokens"), Some(2.0));
        assert_eq!(read(Unit::Tokens, "40ms"), Some(2.0));
        assert_eq!(read(Unit::Bytes, "64KiB"), Some(65_536.0));
        assert_eq!(read(Unit::Speed, "20MB/s"), Some(20e6));
        assert_eq!(read(Unit::Share, "10%"), Some(0.1));
        assert_eq!(read(Unit::Count, "0.5"), Some(0.5));
        for (unit, text) in [
            (Unit::Time, "5"),
            (Unit::Time, "-5us"),
            (Unit::Bytes, "us"),
            (Unit::Share, "0.1"),
            (Unit::Speed, "2MB"),
        ] {
            assert_eq!(read(unit, text), None, "{text}");
        }
    }

    #[test]
    fn quantities_are_written_with_three_digits() {
        let said = [
            (Unit::Time, 41.0),
            (Unit::Time, 7_249.0),
            (Unit::Time, 0.0),
            (Unit::Bytes, 1.066),
            (Unit::Speed, 123_400_000.0),
            (Unit::Share, 0.1234),
        ];
        let said = said.map(|(unit, value)| unit.say(value));
        assert_eq!(said, ["41 ns", "7.25 µs", "0 ns", "1.07 B", "123 MB/s", "12.3 %"]);
        assert_eq!([Unit::Share.say(0.0), Unit::Share.say(1e-6)], ["0 %", "< 0.01 %"]);
        assert_eq!(
            [Unit::Tokens.say(1.0), Unit::Tokens.say(2.5), Unit::Count.say(12_345.6)],
            ["1 token", "2.5 tokens", "12,346"]
        );
    }
}
