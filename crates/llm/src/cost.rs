//! What an answer cost.
//!
//! Owns the arithmetic from tokens and prices to US dollars, in decimals of 28 digits: within them it is exact,
//! and no price or bill of a provider's needs more. Must not go through floating point.

use rust_decimal::Decimal;

use crate::{Pricing, Usage};

/// A trillion dollars: no answer costs as much, and as many of them as there can be have a sum.
const MOST_USD: u64 = 1_000_000_000_000;

/// A cost in US dollars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Plain decimal text.
    pub usd: String,
    /// Whether it was computed from the catalogue's prices, for want of what the provider billed.
    pub is_estimate: bool,
}

/// What the provider billed, else what its prices make of the tokens; `None` if neither is known.
///
/// An estimate leaves out what the usage does not tell: images, tools, and dearer long contexts.
#[must_use]
pub fn cost(usage: &Usage, pricing: Option<&Pricing>) -> Option<Cost> {
    let billed = usage.cost_usd.as_ref();
    if let Some(usd) = billed.filter(|usd| amount(usd).is_some()) {
        return Some(Cost {
            usd: usd.clone(),
            is_estimate: false,
        });
    }
    let usd = estimate(usage, pricing?).filter(is_money)?;
    Some(Cost {
        usd: usd.normalize().to_string(),
        is_estimate: true,
    })
}

/// Costs added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CostSum {
    /// Plain decimal text. Digits beyond the 28th are rounded, which no provider's bill has.
    pub usd: String,
    /// How many of them are no amount of money, and not in it.
    pub unknown: i64,
}

/// The sum of costs in plain decimal text.
#[must_use]
pub fn sum_costs<'a>(costs: impl IntoIterator<Item = &'a str>) -> CostSum {
    let (mut sum, mut unknown) = (Decimal::ZERO, 0);
    for cost in costs {
        match amount(cost).and_then(|cost| sum.checked_add(cost)) {
            Some(more) => sum = more,
            None => unknown += 1,
        }
    }
    CostSum {
        usd: sum.normalize().to_string(),
        unknown,
    }
}

/// A cost, unless it is beyond all money.
fn amount(usd: &str) -> Option<Decimal> {
    usd.parse().ok().filter(is_money)
}

fn is_money(usd: &Decimal) -> bool {
    *usd <= Decimal::from(MOST_USD)
}

fn estimate(usage: &Usage, pricing: &Pricing) -> Option<Decimal> {
    let prompt = usage.prompt_tokens?;
    // Providers have been seen to count more in the cache than there was.
    let cached = usage.cached_tokens.unwrap_or(0).min(prompt);
    let written = usage.cache_write_tokens.unwrap_or(0).min(prompt - cached);
    let parts = [
        (prompt - cached - written, pricing.prompt.as_ref()),
        (
            cached,
            pricing.cache_read.as_ref().or(pricing.prompt.as_ref()),
        ),
        (
            written,
            pricing.cache_write.as_ref().or(pricing.prompt.as_ref()),
        ),
        (usage.completion_tokens?, pricing.completion.as_ref()),
    ];
    let per_request = match &pricing.request {
        Some(price) => Decimal::from_str_exact(price).ok()?,
        None => Decimal::ZERO,
    };
    parts
        .into_iter()
        .filter(|(tokens, _)| *tokens > 0)
        .try_fold(per_request, |sum, (tokens, price)| {
            let price = Decimal::from_str_exact(price?).ok()?;
            sum.checked_add(price.checked_mul(Decimal::from(tokens))?)
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pricing(prompt: &str, completion: &str) -> Pricing {
        Pricing {
            prompt: Some(prompt.to_owned()),
            completion: Some(completion.to_owned()),
            ..Pricing::default()
        }
    }

    fn usage(prompt: u64, completion: u64) -> Usage {
        Usage {
            prompt_tokens: Some(prompt),
            completion_tokens: Some(completion),
            ..Usage::default()
        }
    }

    fn estimated(usd: &str) -> Option<Cost> {
        Some(Cost {
            usd: usd.to_owned(),
            is_estimate: true,
        })
    }

    #[test]
    fn tokens_times_prices_is_exact() {
        let cheap = pricing("0.00000015", "0.0000006");
        assert_eq!(cost(&usage(1000, 2000), Some(&cheap)), estimated("0.00135"));
        assert_eq!(cost(&usage(0, 0), Some(&cheap)), estimated("0"));
        // A float would make 0.30000000000000004 of this.
        assert_eq!(
            cost(&usage(1, 2), Some(&pricing("0.1", "0.1"))),
            estimated("0.3")
        );
        let with_cache = Pricing {
            cache_read: Some("0.01".to_owned()),
            cache_write: Some("0.2".to_owned()),
            request: Some("1".to_owned()),
            ..pricing("0.1", "0.5")
        };
        let cached = Usage {
            cached_tokens: Some(60),
            cache_write_tokens: Some(30),
            ..usage(100, 1)
        };
        // 10 × 0.1 + 60 × 0.01 + 30 × 0.2 + 0.5 + 1
        assert_eq!(cost(&cached, Some(&with_cache)), estimated("9.1"));
        assert_eq!(
            cost(&cached, Some(&pricing("0.1", "0.5"))),
            estimated("10.5")
        );
        let absurd = Usage {
            cached_tokens: Some(600),
            ..cached
        };
        assert_eq!(cost(&absurd, Some(&with_cache)), estimated("2.5"));
    }

    #[test]
    fn what_was_billed_counts() {
        let billed = Usage {
            cost_usd: Some("0.0001710".to_owned()),
            ..usage(1, 1)
        };
        let expected = Cost {
            usd: "0.0001710".to_owned(),
            is_estimate: false,
        };
        assert_eq!(
            cost(&billed, Some(&pricing("9", "9"))),
            Some(expected.clone())
        );
        assert_eq!(cost(&billed, None), Some(expected));
    }

    #[test]
    fn nothing_is_made_up() {
        let prices = pricing("1", "1");
        assert_eq!(cost(&usage(1, 1), None), None);
        assert_eq!(cost(&usage(1, 1), Some(&Pricing::default())), None);
        assert_eq!(cost(&Usage::default(), Some(&prices)), None);
        assert_eq!(cost(&usage(1, 1), Some(&pricing("1", "dear"))), None);
        assert_eq!(
            cost(&usage(1, 1), Some(&pricing("1", &"9".repeat(40)))),
            None
        );
        // What is free of tokens needs no price.
        let free = Pricing {
            completion: None,
            ..prices
        };
        assert_eq!(cost(&usage(2, 0), Some(&free)), estimated("2"));
    }

    #[test]
    fn an_absurd_bill_is_none() {
        for usd in ["9".repeat(40), "79228162514264337593543950335".to_owned()] {
            let absurd = Usage {
                cost_usd: Some(usd),
                ..usage(1, 1)
            };
            assert_eq!(cost(&absurd, None), None);
            assert_eq!(cost(&absurd, Some(&pricing("1", "1"))), estimated("2"));
            let dear = pricing("1000000000000", "1");
            assert_eq!(cost(&absurd, Some(&dear)), None);
        }
    }

    #[test]
    fn sums_are_exact() {
        let sum = |usd: &str, unknown| CostSum {
            usd: usd.to_owned(),
            unknown,
        };
        assert_eq!(sum_costs(["0.1", "0.2"]), sum("0.3", 0));
        assert_eq!(sum_costs([]), sum("0", 0));
        assert_eq!(sum_costs(["0.1", "x"]), sum("0.1", 1));
        let absurd = "79228162514264337593543950335";
        assert_eq!(sum_costs([absurd, "0.1", absurd]), sum("0.1", 2));
        let many = std::iter::repeat_n("0.00000000000000000000000001", 100_000);
        assert_eq!(sum_costs(many), sum("0.000000000000000000001", 0));
    }

    proptest! {
        #[test]
        fn the_estimate_is_what_whole_numbers_say(prompt in 0_u64..2_000_000, completion in 0_u64..200_000, price in 0_u64..1_000_000) {
            // Prices in billionths of a dollar.
            let text = format!("0.{price:09}");
            let found = cost(&usage(prompt, completion), Some(&pricing(&text, &text))).unwrap().usd;
            let expected = Decimal::from_i128_with_scale(i128::from((prompt + completion) * price), 9);
            prop_assert_eq!(found, expected.normalize().to_string());
        }
    }
}
