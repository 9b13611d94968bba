//! What answers used and cost.

use prompthub_dto::usage::UsageReport;

use super::{
    ApiError,
    client::{encode, get},
};

/// The usage within some days, `from` and `to` as `YYYY-MM-DD`, in groups such as `day,model`. What
/// is not named is the server's choice.
pub async fn report(
    from: Option<&str>,
    to: Option<&str>,
    group_by: &str,
) -> Result<UsageReport, ApiError> {
    let mut path = format!("/api/usage?group_by={}", encode(group_by));
    for (name, day) in [("from", from), ("to", to)] {
        if let Some(day) = day {
            path = format!("{path}&{name}={}", encode(day));
        }
    }
    get(&path).await
}
