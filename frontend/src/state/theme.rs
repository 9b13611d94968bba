//! The appearance: light, dark, or what the system says. `theme.js` applies it before the first
//! paint; from then on this module does.

use leptos::{ev, prelude::*};

/// The key in `localStorage`, which `theme.js` reads too.
const KEY: &str = "prompthub.theme";

/// How the page is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The value in `localStorage` and in `data-theme`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    fn parse(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// The chosen theme, and how to choose another.
#[derive(Clone, Copy)]
pub struct ThemeState {
    theme: RwSignal<Theme>,
    system_dark: Signal<bool>,
}

impl ThemeState {
    pub fn provide() {
        let state = Self {
            theme: RwSignal::new(stored()),
            system_dark: super::viewport::media_query("(prefers-color-scheme: dark)"),
        };
        provide_context(state);
        // Another tab may have chosen. It listens for as long as there is the page.
        let _ = window_event_listener(ev::storage, move |_| state.show(stored()));
    }

    #[must_use]
    pub fn theme(self) -> Theme {
        self.theme.get()
    }

    /// Whether the page is dark at this moment, whoever decided so.
    #[must_use]
    pub fn is_dark(self) -> bool {
        match self.theme.get() {
            Theme::System => self.system_dark.get(),
            Theme::Light => false,
            Theme::Dark => true,
        }
    }

    /// Shows and remembers a theme.
    pub fn choose(self, theme: Theme) {
        self.show(theme);
        if let Some(storage) = storage() {
            // Storage that is full or forbidden costs the memory of the choice, not the choice.
            let _ = storage.set_item(KEY, theme.as_str());
        }
    }

    fn show(self, theme: Theme) {
        self.theme.set(theme);
        if let Some(root) = document().document_element() {
            // A page without its root element has nothing to show.
            let _ = root.set_attribute("data-theme", theme.as_str());
        }
    }

    /// Goes to the opposite of what is shown.
    pub fn toggle(self) {
        self.choose(if self.is_dark() {
            Theme::Light
        } else {
            Theme::Dark
        });
    }
}

#[must_use]
pub fn use_theme() -> ThemeState {
    expect_context()
}

fn stored() -> Theme {
    let stored = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    stored.as_deref().map_or(Theme::System, Theme::parse)
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
