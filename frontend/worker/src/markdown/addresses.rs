//! Addresses that stand in the text without any mark: `see https://example.com.` links as well.

use linkify::{LinkFinder, LinkKind};

use super::{
    ast::{Kind, Node, push_text},
    link::safe_href,
};

/// `nodes` with a link for each web address in their own text, for as long as `room` lets one more in. Where an address ends is
/// `linkify`'s business: a full stop or a bracket after it is no part of it.
pub fn linked(nodes: Vec<Node>, mut room: impl FnMut() -> bool) -> Vec<Node> {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]).url_must_have_scheme(true);
    let mut linked = Vec::with_capacity(nodes.len());
    for node in nodes {
        let text = match node {
            Node::Text(text) if text.contains("://") => text,
            other => {
                linked.push(other);
                continue;
            }
        };
        for span in finder.spans(&text) {
            let href = span.kind().and_then(|_| safe_href(span.as_str()));
            match href.filter(|_| room()) {
                Some(href) => {
                    let href = href.to_owned();
                    linked.push(Node::with_text(Kind::Link { href }, span.as_str()));
                }
                None => push_text(&mut linked, span.as_str()),
            }
        }
    }
    linked
}
