//! Numbers as people write them.

/// A number without exponent and without zeros behind the point, if it has one of them: `4.1e3` is `4100`, `12.00` is `12`.
pub(in crate::wire) fn plain_number(number: &str) -> Option<String> {
    /// Larger ones are nobody's.
    const MOST: usize = 64;
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: usize =
        exponent.trim_start_matches('+').parse().ok().filter(|exponent| *exponent <= MOST)?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let moved: String = fraction.chars().chain(std::iter::repeat('0')).take(exponent).collect();
    let rest = fraction.get(exponent..).unwrap_or_default().trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    let plain = format!("{whole}{moved}{point}{rest}");
    (plain != number).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_loses_what_says_nothing() {
        for (number, plain) in [
            ("4.1e3", "4100"),
            ("4.155550177E+9", "4155550177"),
            ("41555501775e0", "41555501775"),
            ("12.00", "12"),
            ("12.340", "12.34"),
            ("-1.25e1", "-12.5"),
        ] {
            assert_eq!(plain_number(number).as_deref(), Some(plain));
        }
        for number in ["12", "-12.5", "1e-3", "1e999"] {
            assert_eq!(plain_number(number), None);
        }
    }
}
