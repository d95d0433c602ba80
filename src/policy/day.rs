//! Days and moments as they are written in files: `2026-12-31`, `2026-12-31T23:59:59Z`. UTC.
//!
//! By the algorithms of Howard Hinnant, "chrono-compatible low-level date algorithms".

use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the Gregorian calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i64);

impl Day {
    /// The day of a moment.
    pub(crate) fn of(time: SystemTime) -> Self {
        Self(seconds(time).div_euclid(86_400))
    }

    /// `2026-12-31`, if there is such a day.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_day = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_day {
            return None;
        }
        let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().ok();
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let found = Self::new(year, month, day);
        (found.date() == (year, month, day)).then_some(found)
    }

    /// The moment at which it begins.
    #[cfg(feature = "cli")]
    pub(crate) fn begin(self) -> SystemTime {
        UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(self.0).unwrap_or(0) * 86_400)
    }

    fn new(year: i64, month: i64, day: i64) -> Self {
        // Years begin in March, so that the day that some of them have more is their last.
        let year = if month <= 2 { year - 1 } else { year };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    fn date(self) -> (i64, i64, i64) {
        let days = self.0 + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let (day, month) = (of_year - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1);
        (year + era * 400 + i64::from(month <= 2), month, day)
    }
}

/// A moment as RFC 3339 writes it, to the second.
pub(crate) fn written(time: SystemTime) -> String {
    let (seconds, (year, month, day)) = (seconds(time).rem_euclid(86_400), Day::of(time).date());
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn seconds(time: SystemTime) -> i64 {
    let whole = |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_day_is_written_as_it_is_read() {
        for days in -150_000..150_000 {
            let (year, month, day) = Day(days).date();
            assert_eq!(Day::new(year, month, day), Day(days));
        }
        assert_eq!(Day::parse("1970-01-01"), Some(Day(0)));
        assert_eq!(Day::parse("2024-02-29").map(Day::date), Some((2024, 2, 29)));
        for none in [
            "2023-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "31.12.2026",
            "2026-12-31T",
            "+026-12-31",
            "",
        ] {
            assert_eq!(Day::parse(none), None, "{none}");
        }
    }

    #[test]
    fn moments_are_written_in_utc() {
        let moment = |seconds| written(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(moment(0), "1970-01-01T00:00:00Z");
        assert_eq!(moment(1_798_761_599), "2026-12-31T23:59:59Z");
    }
}
