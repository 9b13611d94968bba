//! Finding out whether an account works.

use std::time::{Duration, Instant};

use prompthub_dto::{
    ids::{ProviderId, UserId},
    providers::ProviderTest,
};
use prompthub_llm::{
    AccountCheck, ChatMessage, CompletionRequest, ErrorKind, Parameters, ProviderError, Role,
};

use super::find;
use crate::{
    error::ApiError,
    providers::{Audience, sentence, verdict},
    state::App,
};

/// Makes one cheap call and says in words what came of it.
///
/// # Errors
/// `not_found`, `rate_limited`. That the provider fails is no error.
pub async fn test(app: &App, owner: UserId, id: ProviderId) -> Result<ProviderTest, ApiError> {
    let account = find(app, owner, id).await?;
    app.limits.check_provider_call(owner)?;
    let provider = match app.providers.adapter(&account.row).await {
        Ok(provider) => provider,
        Err(error @ (ApiError::Refused { .. } | ApiError::Provider { .. })) => {
            return Ok(ProviderTest {
                ok: false,
                message: error.to_problem("").detail,
                latency_ms: None,
            });
        }
        Err(error) => return Err(error),
    };
    let began = Instant::now();
    let outcome = match provider.check().await {
        Err(error) if has_no_list(&error) => {
            let asked = provider.stream(cheapest_question()).await;
            let asked = asked.map(drop);
            asked
                .or_else(|failure| understood(failure, error))
                .map(|()| None)
        }
        outcome => outcome.map(Some),
    };
    let elapsed = began.elapsed();
    app.providers.refresh_own(account.row);
    Ok(match outcome {
        Ok(check) => ProviderTest {
            ok: true,
            message: praise(check.as_ref()),
            latency_ms: Some(milliseconds(elapsed)),
        },
        Err(error) => ProviderTest {
            ok: false,
            latency_ms: error.status.map(|_| milliseconds(elapsed)),
            message: verdict(&error, Audience::Owner).1,
        },
    })
}

fn has_no_list(error: &ProviderError) -> bool {
    matches!(error.status, Some(404 | 405 | 501)) && error.kind != ErrorKind::Auth
}

/// A question of one token, to a server that does not say which models it has.
fn cheapest_question() -> CompletionRequest {
    CompletionRequest {
        model: "test".to_owned(),
        messages: vec![ChatMessage {
            role: Role::User,
            content: "Hi".to_owned().into(),
        }],
        parameters: Parameters {
            max_tokens: Some(1),
            ..Parameters::default()
        },
        ..CompletionRequest::default()
    }
}

/// A refusal in the provider's own words shows that it speaks the format and takes the key: it only does
/// not know the model. Of any other failure, that there is no list says more.
fn understood(failure: ProviderError, no_list: ProviderError) -> Result<(), ProviderError> {
    match failure.kind {
        ErrorKind::Refused if failure.reason.is_some() => Ok(()),
        ErrorKind::Refused | ErrorKind::Protocol => Err(no_list),
        _ => Err(failure),
    }
}

fn praise(check: Option<&AccountCheck>) -> String {
    let Some(check) = check else {
        return "It answers, but lists no models: name them yourself.".to_owned();
    };
    match (check.models, &check.left_usd) {
        (Some(1), _) => "It works. The provider lists 1 model.".to_owned(),
        (Some(models), _) => format!("It works. The provider lists {models} models."),
        (None, Some(left)) => sentence(&format!("It works. The key may still spend ${left}")),
        (None, None) => "It works.".to_owned(),
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
