//! Decimal numbers as text, exact to the digit.
//!
//! Owns one conversion. Must not go through floating point: money is added up from what it returns.

/// More digits than this are no amount of money.
const MAX_DIGITS: usize = 64;

/// A JSON number, or a JSON string that holds one, as plain decimal text without an exponent:
/// `1.7e-05` is `0.000017`, `0.000171` stays as it is. `None` for anything else, for negative
/// numbers and for absurdly long ones.
pub(crate) fn plain(json: &str) -> Option<String> {
    let number = json.trim();
    let number = number
        .strip_prefix('"')
        .and_then(|n| n.strip_suffix('"'))
        .unwrap_or(number);
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (number, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let shift = usize::try_from(exponent.unsigned_abs()).ok()?;
    if whole.is_empty()
        || !digits.bytes().all(|b| b.is_ascii_digit())
        || digits.len().saturating_add(shift) > MAX_DIGITS
    {
        return None;
    }
    if exponent == 0 {
        return Some(mantissa.trim_end_matches('.').to_owned());
    }

    // The point moves by `exponent` places through `digits`, zeros filling up on either side.
    let point = if exponent < 0 {
        whole.len().checked_sub(shift)
    } else {
        whole.len().checked_add(shift)
    };
    let (whole, fraction) = match point {
        None => {
            let zeros = "0".repeat(shift.saturating_sub(whole.len()));
            ("0".to_owned(), format!("{zeros}{digits}"))
        }
        Some(point) => match digits.split_at_checked(point) {
            Some((whole, fraction)) => (whole.to_owned(), fraction.to_owned()),
            None => {
                let zeros = "0".repeat(point.saturating_sub(digits.len()));
                (format!("{digits}{zeros}"), String::new())
            }
        },
    };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    Some(if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exponents_become_places() {
        for (json, text) in [
            ("0.000171", Some("0.000171")),
            ("0", Some("0")),
            ("1.50", Some("1.50")),
            ("\"0.25\"", Some("0.25")),
            (
                "0.12345678901234567890123",
                Some("0.12345678901234567890123"),
            ),
            ("1.7e-05", Some("0.000017")),
            ("1.7E-5", Some("0.000017")),
            ("12.5e-1", Some("1.25")),
            ("12e-2", Some("0.12")),
            ("0e-3", Some("0.000")),
            ("1.7e+1", Some("17")),
            ("1.75e1", Some("17.5")),
            ("1e2", Some("100")),
            ("0.05e1", Some("0.5")),
            ("-1", None),
            ("-1e-5", None),
            ("1e999999999999", None),
            ("1e-9223372036854775808", None),
            ("null", None),
            ("\"\"", None),
            ("", None),
            ("{}", None),
            ("e5", None),
            (".5", None),
        ] {
            assert_eq!(plain(json).as_deref(), text, "{json}");
        }
    }

    proptest! {
        #[test]
        fn the_value_stays(mantissa in 0_u32..1_000_000, places in 0_usize..6, exponent in -12_i32..12) {
            let digits = format!("{mantissa:07}");
            let (whole, fraction) = digits.split_at(digits.len() - places);
            let json = if fraction.is_empty() {
                format!("{}e{exponent}", whole.parse::<u32>().unwrap())
            } else {
                format!("{}.{fraction}e{exponent}", whole.parse::<u32>().unwrap())
            };
            let text = plain(&json).unwrap();
            prop_assert!(!text.contains('e'));
            let (sent, kept): (f64, f64) = (json.parse().unwrap(), text.parse().unwrap());
            prop_assert!((sent - kept).abs() <= sent.abs() * 1e-12, "{} is not {}", text, json);
        }
    }
}
