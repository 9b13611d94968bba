//! The days of a report, one after the other.
//!
//! Pure data. A date is `YYYY-MM-DD`; the browser's own would be in its time zone, and these are UTC's.

/// The days from the first to the last, both `YYYY-MM-DD`.
#[must_use]
pub fn days(from: &str, to: &str) -> Vec<String> {
    let mut days = Vec::new();
    let mut next = parse(from);
    // No report has more days, so a server that errs does not hang the page.
    while let Some((year, month, day)) = next.filter(|_| days.len() < 366) {
        let text = format!("{year:04}-{month:02}-{day:02}");
        if text.as_str() > to {
            break;
        }
        days.push(text);
        next = Some(after(year, month, day));
    }
    days
}

fn parse(date: &str) -> Option<(u32, u32, u32)> {
    // Digits with leading zeros are no JSON, and `parse` would bring its tables.
    let number = |text: &str| {
        text.bytes().try_fold(0_u32, |number, digit| {
            let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
            number.checked_mul(10)?.checked_add(digit.into())
        })
    };
    let mut parts = date.splitn(3, '-').map(number);
    let mut next = || parts.next().flatten();
    Some((next()?, next()?, next()?))
}

fn after(year: u32, month: u32, day: u32) -> (u32, u32, u32) {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    match (month, day) {
        (_, day) if day < length => (year, month, day.saturating_add(1)),
        (12, _) => (year.saturating_add(1), 1, 1),
        _ => (year, month.saturating_add(1), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_follow_the_calendar() {
        assert_eq!(
            days("2024-02-28", "2024-03-01"),
            ["2024-02-28", "2024-02-29", "2024-03-01"]
        );
        assert_eq!(days("2026-12-31", "2027-01-01").len(), 2);
        assert_eq!(days("2026-01-01", "2026-12-31").len(), 365);
        assert_eq!(days("2026-01-01", "9999-12-31").len(), 366);
        assert_eq!(days("yesterday", "2026-01-01"), [""; 0]);
        assert_eq!(days("2026-01-02", "2026-01-01"), [""; 0]);
    }
}
