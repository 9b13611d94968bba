//! The figures of the plots: which days, which series, how high.
//!
//! Pure data; must not know signals or views. Sums of money are the server's; the numbers here only
//! say how high a bar is.

use prompthub_dto::usage::UsageGroup;

/// How many series have a look of their own; what is left is one more.
pub const MOST: usize = 5;

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

/// One line of the legend, and its value for each day.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub name: String,
    pub values: Vec<Option<f64>>,
}

/// The series of the groups by day, in the order of `names`; what is in none of them is summed up as
/// one more, unless it is `None`, as medians cannot be summed.
#[must_use]
pub fn series(
    days: &[String],
    names: &[String],
    others: Option<&str>,
    groups: &[UsageGroup],
    name_of: fn(&UsageGroup) -> String,
    value: fn(&UsageGroup) -> Option<f64>,
) -> Vec<Series> {
    let names = names.iter().map(String::as_str).chain(others);
    let mut all: Vec<Series> = names
        .map(|name| Series {
            name: name.to_owned(),
            values: vec![None; days.len()],
        })
        .collect();
    for group in groups {
        let day = group
            .day
            .as_ref()
            .and_then(|day| days.binary_search(day).ok());
        let name = name_of(group);
        let place = all.iter().position(|series| series.name == name);
        let place = place.or_else(|| others.and(all.len().checked_sub(1)));
        let cell = place
            .and_then(|place| all.get_mut(place))
            .zip(day)
            .and_then(|(series, day)| series.values.get_mut(day));
        if let (Some(cell), Some(value)) = (cell, value(group)) {
            *cell = Some(cell.unwrap_or_default() + value);
        }
    }
    all.retain(|series| series.values.iter().any(Option::is_some));
    all
}

/// The round number that is at least `most`: 1, 2 or 5 with zeros.
#[must_use]
pub fn top(most: f64) -> f64 {
    let mut unit = 1e-6;
    // Nobody uses more than this in a day.
    while unit < 1e15 {
        for step in [1.0, 2.0, 5.0] {
            if unit * step >= most {
                return unit * step;
            }
        }
        unit *= 10.0;
    }
    most
}

/// The nearest number that a plot can show.
#[must_use]
pub fn number(whole: i64) -> f64 {
    let high = i32::try_from(whole >> 32).unwrap_or(i32::MAX);
    let low = u32::try_from(whole & 0xffff_ffff).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

#[cfg(test)]
mod tests {
    use prompthub_dto::usage::UsageSum;

    use super::*;

    fn group(day: &str, model: &str, tokens: i64) -> UsageGroup {
        UsageGroup {
            day: Some(day.to_owned()),
            model: Some(model.to_owned()),
            project_id: None,
            project_name: None,
            conversation_id: None,
            conversation_title: None,
            sum: UsageSum {
                prompt_tokens: tokens,
                ..UsageSum::default()
            },
        }
    }

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

    #[test]
    fn what_has_no_series_of_its_own_is_summed_up() {
        let days = days("2026-11-01", "2026-11-02");
        let groups = [
            group("2026-11-01", "a", 5),
            group("2026-11-02", "b", 7),
            group("2026-11-02", "c", 1),
        ];
        let name = |group: &UsageGroup| group.model.clone().unwrap();
        let value = |group: &UsageGroup| Some(number(group.sum.prompt_tokens));
        let named = ["a".to_owned(), "unused".to_owned()];
        let all = series(&days, &named, Some("others"), &groups, name, value);
        assert_eq!(
            all,
            [
                Series {
                    name: "a".to_owned(),
                    values: vec![Some(5.0), None]
                },
                Series {
                    name: "others".to_owned(),
                    values: vec![None, Some(8.0)]
                },
            ]
        );
        let only = series(&days, &named, None, &groups, name, value);
        assert_eq!(only.len(), 1);
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (most, end) in [
            (0.0, 1e-6),
            (3.0, 5.0),
            (5.0, 5.0),
            (51.0, 100.0),
            (1_234_567.0, 2_000_000.0),
        ] {
            assert!((top(most) - end).abs() < end * 1e-9, "{most}");
        }
    }

    #[test]
    fn whole_numbers_are_kept() {
        for whole in [0, 1, 4_294_967_295, 4_294_967_296, 12_345_678_901] {
            assert_eq!(format!("{:.0}", number(whole)), whole.to_string());
        }
    }
}
