//! Joins the page's stylesheets into one: a tenth of the requests, and brotli sees them together.
//!
//! They stay apart in `frontend/style`, and `trunk serve` serves them apart; their order is that of
//! `index.html`.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use anyhow::{Context, Result};

/// Rewrites `dist/index.html` to link one stylesheet instead of those that it links now.
pub(crate) fn stylesheets(dist: &Path) -> Result<()> {
    let index = dist.join("index.html");
    let html =
        fs::read_to_string(&index).with_context(|| format!("cannot read {}", index.display()))?;
    let mut css = String::new();
    let mut kept = Vec::new();
    let mut place = None;
    for tag in html.split_inclusive('>') {
        let Some(name) = stylesheet(tag) else {
            kept.push(tag);
            continue;
        };
        let file = dist.join(name);
        css += &fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        css.push('\n');
        fs::remove_file(&file)?;
        place.get_or_insert(kept.len());
    }
    let Some(place) = place else { return Ok(()) };
    let mut hasher = DefaultHasher::new();
    css.hash(&mut hasher);
    let name = format!("style-{:016x}.css", hasher.finish());
    let link = format!("<link rel=\"stylesheet\" href=\"/{name}\">");
    kept.insert(place, &link);
    fs::write(dist.join(&name), css)?;
    fs::write(&index, kept.concat())?;
    Ok(())
}

/// The file that a tag links as a stylesheet. Minified, attributes have no quotes.
fn stylesheet(tag: &str) -> Option<&str> {
    let attributes = tag.trim_start().strip_prefix("<link ")?;
    let (_, href) = attributes.split_once("href=")?;
    let name = href.trim_start_matches(['"', '/']);
    let name = name.split(['"', ' ', '>']).next()?;
    (attributes.contains("stylesheet") && name.ends_with(".css")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::TemporaryFolder;

    #[test]
    fn one_sheet_takes_the_place_of_all_in_their_order() {
        let folder = TemporaryFolder::new("bundle").unwrap();
        let dist = folder.path();
        fs::write(
            dist.join("index.html"),
            "<head>\n<link rel=\"stylesheet\" href=\"/b-1.css\" integrity=\"x\"/>\n\
             <link rel=stylesheet href=/a-2.css><title>T</title>",
        )
        .unwrap();
        fs::write(dist.join("b-1.css"), "b{}").unwrap();
        fs::write(dist.join("a-2.css"), "a{}").unwrap();

        stylesheets(dist).unwrap();

        let html = fs::read_to_string(dist.join("index.html")).unwrap();
        let name = html.split('/').nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(fs::read_to_string(dist.join(name)).unwrap(), "b{}\na{}\n");
        assert_eq!(
            html,
            format!("<head><link rel=\"stylesheet\" href=\"/{name}\"><title>T</title>")
        );
        assert_eq!(fs::read_dir(dist).unwrap().count(), 2);
    }
}
