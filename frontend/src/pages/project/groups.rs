//! How conversations are grouped in the rail: pinned ones first, then by day.

use prompthub_dto::chat::Conversation;

use crate::components::time::LocalMoment;

/// The conversations under one heading.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub heading: String,
    pub conversations: Vec<Conversation>,
}

/// Groups `conversations`, which are in order, the last active first. `moment` is when each was
/// last active.
#[must_use]
pub fn group(
    conversations: &[Conversation],
    now: &LocalMoment,
    moment: impl Fn(&Conversation) -> LocalMoment,
) -> Vec<Group> {
    let mut pinned = Vec::new();
    let mut dated: Vec<Group> = Vec::new();
    for conversation in conversations {
        if conversation.pinned {
            pinned.push(conversation.clone());
        } else {
            let heading = day_heading(&moment(conversation), now);
            match dated.last_mut().filter(|group| group.heading == heading) {
                Some(group) => group.conversations.push(conversation.clone()),
                None => dated.push(Group {
                    heading,
                    conversations: vec![conversation.clone()],
                }),
            }
        }
    }
    let pinned = Group {
        heading: "Pinned".to_owned(),
        conversations: pinned,
    };
    std::iter::once(pinned)
        .filter(|group| !group.conversations.is_empty())
        .chain(dated)
        .collect()
}

fn day_heading(moment: &LocalMoment, now: &LocalMoment) -> String {
    match moment.days_before(now) {
        ..=0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        2..=7 => "Last 7 days".to_owned(),
        _ => moment.month_name(now),
    }
}

#[cfg(test)]
mod tests {
    use prompthub_dto::Timestamp;

    use super::*;

    fn conversation(title: &str, day: &str) -> Conversation {
        let time = Timestamp::from_rfc3339(day.to_owned());
        Conversation {
            id: "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f".parse().unwrap(),
            project_id: "019aa9f5-8c00-7cc3-98c4-dc0c0c07398f".parse().unwrap(),
            title: title.to_owned(),
            pinned: false,
            archived: false,
            active_message_id: None,
            last_activity_at: time.clone(),
            created_at: time.clone(),
            updated_at: time,
        }
    }

    fn moment(conversation: &Conversation) -> LocalMoment {
        let part = |range: std::ops::Range<usize>| {
            conversation
                .last_activity_at
                .as_str()
                .get(range)
                .unwrap()
                .parse::<u32>()
                .unwrap()
        };
        LocalMoment {
            epoch_ms: 0.0,
            year: part(0..4),
            month: part(5..7) - 1,
            day: part(8..10),
            hour: 0,
            minute: 0,
        }
    }

    #[test]
    fn days_become_headings_and_pinned_ones_come_first() {
        let now = moment(&conversation("", "2026-11-22"));
        let list = [
            conversation("a", "2026-11-22"),
            conversation("b", "2026-11-21"),
            Conversation {
                pinned: true,
                ..conversation("c", "2026-11-20")
            },
            conversation("d", "2026-11-16"),
            conversation("e", "2026-11-02"),
            conversation("f", "2025-12-24"),
        ];
        let headings: Vec<_> = group(&list, &now, moment)
            .into_iter()
            .map(|group| format!("{}:{}", group.heading, group.conversations.len()))
            .collect();
        assert_eq!(
            headings,
            [
                "Pinned:1",
                "Today:1",
                "Yesterday:1",
                "Last 7 days:1",
                "November:1",
                "December 2025:1",
            ]
        );
    }
}
