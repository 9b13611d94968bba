//! What answers used and cost.

use prompthub_dto::usage::UsageReport;

use super::{ApiError, client::get};

/// The usage within some days, `from` and `to` as `YYYY-MM-DD`, in groups such as `day,model`.
pub async fn report(from: &str, to: &str, group_by: &str) -> Result<UsageReport, ApiError> {
    get(&format!(
        "/api/usage?from={from}&to={to}&group_by={group_by}"
    ))
    .await
}
