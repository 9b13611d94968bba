//! Which turns of a conversation are left out when it does not fit.
//!
//! Owns one pure decision. Only whole turns go, the oldest first, never the last question.

use crate::Role;

/// A message and the tokens that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SizedMessage {
    pub role: Role,
    pub tokens: u64,
}

/// What there is room for, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    /// The model's context: question and answer together.
    pub context_length: u64,
    /// What is kept free for the answer.
    pub reserve: u64,
    /// What the system prompt takes. It always goes along.
    pub system: u64,
}

/// What is left out of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trim {
    /// The first message that stays; those before it are left out. 0 if all stay.
    pub first_kept: usize,
    /// How many turns are left out: a question and what answers it are one turn.
    pub turns: usize,
    /// The tokens that are left out.
    pub tokens: u64,
    /// Whether the rest fits. If not, the last question alone is too long, and nothing that could
    /// be left out would help.
    pub fits: bool,
}

/// The fewest oldest turns without which the conversation fits.
///
/// A turn begins with the first of the user's messages in a row; what a conversation has before
/// its first question belongs to its first turn.
#[must_use]
pub fn trim(messages: &[SizedMessage], fit: Fit) -> Trim {
    let room = fit
        .context_length
        .saturating_sub(fit.reserve)
        .saturating_sub(fit.system);
    let total = messages
        .iter()
        .fold(0, |sum: u64, message| sum.saturating_add(message.tokens));
    let mut trim = Trim {
        first_kept: 0,
        turns: 0,
        tokens: 0,
        fits: total <= room,
    };
    let mut passed = 0_u64;
    let mut before: Option<Role> = None;
    let mut has_question = false;
    for (at, message) in messages.iter().enumerate() {
        if trim.fits {
            break;
        }
        let begins_turn = message.role == Role::User && before != Some(Role::User);
        if begins_turn && has_question {
            trim = Trim {
                first_kept: at,
                turns: trim.turns + 1,
                tokens: passed,
                fits: total - passed <= room,
            };
        }
        has_question |= message.role == Role::User;
        before = Some(message.role);
        passed = passed.saturating_add(message.tokens);
    }
    trim
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn conversation(text: &str) -> Vec<SizedMessage> {
        text.split_whitespace()
            .map(|message| {
                let (role, tokens) = message.split_at(1);
                let role = if role == "u" {
                    Role::User
                } else {
                    Role::Assistant
                };
                let tokens = tokens.parse().unwrap();
                SizedMessage { role, tokens }
            })
            .collect()
    }

    fn fit(context_length: u64) -> Fit {
        Fit {
            context_length,
            reserve: 10,
            system: 5,
        }
    }

    #[test]
    fn whole_turns_go_oldest_first() {
        for (messages, room, first_kept, turns, tokens, fits) in [
            ("u1 a2 u3 a4 u5", 15, 0, 0, 0, true),
            ("u1 a2 u3 a4 u5", 14, 2, 1, 3, true),
            ("u1 a2 u3 a4 u5", 12, 2, 1, 3, true),
            ("u1 a2 u3 a4 u5", 11, 4, 2, 10, true),
            ("u1 a2 u3 a4 u5", 5, 4, 2, 10, true),
            // The last question stays even where it does not fit.
            ("u1 a2 u3 a4 u5", 4, 4, 2, 10, false),
            ("u5", 4, 0, 0, 0, false),
            ("", 0, 0, 0, 0, true),
            // Two questions in a row are one turn, and an answer under way stays with its question.
            ("u1 u1 a2 u3 u1 a4", 9, 3, 1, 4, true),
            ("u1 a2 u3 a4", 6, 2, 1, 3, false),
            // What stands before the first question goes with it.
            ("a9 u1 a2 u3", 4, 3, 1, 12, true),
            ("a9 u1", 4, 0, 0, 0, false),
        ] {
            let expected = Trim {
                first_kept,
                turns,
                tokens,
                fits,
            };
            let found = trim(&conversation(messages), fit(room + 15));
            assert_eq!(found, expected, "{messages:?} in {room}");
        }
    }

    #[test]
    fn impossible_limits_are_no_panic() {
        let messages = conversation("u1 a1 u1");
        let none = Fit {
            context_length: 0,
            reserve: u64::MAX,
            system: u64::MAX,
        };
        assert!(!trim(&messages, none).fits);
        let endless = [SizedMessage {
            role: Role::User,
            tokens: u64::MAX,
        }; 3];
        assert!(!trim(&endless, none).fits);
    }

    proptest! {
        #[test]
        fn no_more_than_needed_is_left_out(
            messages in proptest::collection::vec((any::<bool>(), 0_u64..50), 0..30),
            room in 0_u64..500,
        ) {
            let messages: Vec<_> = messages.into_iter().map(|(is_user, tokens)| SizedMessage {
                role: if is_user { Role::User } else { Role::Assistant },
                tokens,
            }).collect();
            let sum = |messages: &[SizedMessage]| messages.iter().map(|m| m.tokens).sum::<u64>();
            let found = trim(&messages, fit(room + 15));
            let (gone, kept) = messages.split_at(found.first_kept);
            prop_assert_eq!(found.tokens, sum(gone));
            prop_assert_eq!(found.fits, sum(kept) <= room);
            if !gone.is_empty() {
                prop_assert_eq!(kept[0].role, Role::User);
                // The last question is there, and one turn more would not fit.
                let last = messages.iter().rposition(|m| m.role == Role::User).unwrap();
                prop_assert!(found.first_kept <= last);
                prop_assert!(sum(&messages) > room);
            }
        }
    }
}
