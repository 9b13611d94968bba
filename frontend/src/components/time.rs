//! Points in time in a reader's words and zone.

use leptos::prelude::*;
use prompthub_dto::Timestamp;

use crate::state::clock::use_clock;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A point in time on the reader's calendar and clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalMoment {
    /// Milliseconds since the Unix epoch.
    pub epoch_ms: f64,
    pub year: u32,
    /// 0 to 11.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
}

impl LocalMoment {
    #[must_use]
    pub fn of(timestamp: &Timestamp) -> Self {
        Self::from_date(&js_sys::Date::new(&timestamp.as_str().into()))
    }

    #[must_use]
    pub fn at(epoch_ms: f64) -> Self {
        Self::from_date(&js_sys::Date::new(&epoch_ms.into()))
    }

    fn from_date(date: &js_sys::Date) -> Self {
        Self {
            epoch_ms: date.get_time(),
            year: date.get_full_year(),
            month: date.get_month(),
            day: date.get_date(),
            hour: date.get_hours(),
            minute: date.get_minutes(),
        }
    }

    /// How many midnights lie between this and `later`.
    #[must_use]
    pub fn days_before(&self, later: &Self) -> i64 {
        later.day_number() - self.day_number()
    }

    /// A number that grows by one each day of the Gregorian calendar.
    fn day_number(&self) -> i64 {
        let (year, month, day) = (
            i64::from(self.year),
            i64::from(self.month),
            i64::from(self.day),
        );
        // The year begins in March, so that the leap day is its last.
        let (year, month) = if month >= 2 {
            (year, month - 2)
        } else {
            (year - 1, month + 10)
        };
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day
    }

    /// `November`, or `November 2025` in another year than `now`.
    #[must_use]
    pub fn month_name(&self, now: &Self) -> String {
        let name = self.month_text();
        if self.year == now.year {
            name.to_owned()
        } else {
            format!("{name} {}", self.year)
        }
    }

    fn month_text(&self) -> &'static str {
        usize::try_from(self.month)
            .ok()
            .and_then(|month| MONTHS.get(month))
            .copied()
            .unwrap_or("")
    }

    /// All of it: `22 November 2026, 08:30`.
    #[must_use]
    pub fn full(&self) -> String {
        let Self {
            year,
            day,
            hour,
            minute,
            ..
        } = self;
        format!("{day} {} {year}, {hour:02}:{minute:02}", self.month_text())
    }

    /// How long before `now` it was, in as few words as serve: `2 min ago`, `yesterday`, `12 Nov`.
    #[must_use]
    pub fn relative(&self, now: &Self) -> String {
        let minutes = ((now.epoch_ms - self.epoch_ms) / 60_000.0).floor();
        if minutes < 1.0 {
            return "just now".to_owned();
        }
        if minutes < 60.0 {
            return format!("{minutes:.0} min ago");
        }
        match self.days_before(now) {
            0 => format!("{:.0} h ago", (minutes / 60.0).floor()),
            1 => "yesterday".to_owned(),
            _ => {
                let month = self.month_text().get(..3).unwrap_or_default();
                let day = format!("{} {month}", self.day);
                if self.year == now.year {
                    day
                } else {
                    format!("{day} {}", self.year)
                }
            }
        }
    }
}

/// How long ago something was, kept current, with the full time as its tooltip.
#[component]
pub fn Ago(time: Timestamp) -> impl IntoView {
    let clock = use_clock();
    let moment = LocalMoment::of(&time);
    view! {
        <time datetime=move || time.as_str().to_owned() title=moment.full()>
            {move || moment.relative(&LocalMoment::at(clock.now()))}
        </time>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(year: u32, month: u32, day: u32, hour: u32, epoch_ms: f64) -> LocalMoment {
        LocalMoment {
            epoch_ms,
            year,
            month,
            day,
            hour,
            minute: 5,
        }
    }

    const HOUR: f64 = 3_600_000.0;

    #[test]
    fn recent_moments_are_told_by_their_distance() {
        let now = moment(2026, 10, 22, 12, 100.0 * HOUR);
        let at = |distance: f64| moment(2026, 10, 22, 11, 100.0 * HOUR - distance).relative(&now);
        assert_eq!(at(-5_000.0), "just now");
        assert_eq!(at(59_000.0), "just now");
        assert_eq!(at(119_000.0), "1 min ago");
        assert_eq!(at(3.5 * HOUR), "3 h ago");
    }

    #[test]
    fn days_are_counted_by_midnights() {
        let now = moment(2024, 2, 1, 0, 0.0);
        assert_eq!(
            moment(2024, 1, 29, 23, -2.0 * HOUR).relative(&now),
            "yesterday"
        );
        assert_eq!(
            moment(2024, 1, 28, 23, -26.0 * HOUR).relative(&now),
            "28 Feb"
        );
        assert_eq!(
            moment(2023, 11, 31, 23, -9_999.0 * HOUR).relative(&now),
            "31 Dec 2023"
        );
        assert_eq!(moment(2023, 2, 1, 0, 0.0).days_before(&now), 366);
    }
}
