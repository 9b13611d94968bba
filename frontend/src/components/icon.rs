//! The icons: strokes on a 24 × 24 grid, always beside or inside something that has a name.

use leptos::prelude::*;

/// Which icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph {
    Archive,
    Bars,
    Check,
    ChevronDown,
    ChevronUp,
    Close,
    Download,
    File,
    Folder,
    Grid,
    Image,
    Info,
    Leave,
    Menu,
    Moon,
    More,
    Pen,
    Person,
    Pin,
    Plus,
    Search,
    Sliders,
    Sun,
    Trash,
    Upload,
    Warning,
}

impl Glyph {
    fn path(self) -> &'static str {
        match self {
            Self::Archive => "M4 5h16v4H4zM6 9v10h12V9M10 13h4",
            Self::Bars => "M5 20v-6M12 20V5M19 20v-9",
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::ChevronDown => "M8 10l4 4 4-4",
            Self::ChevronUp => "M8 14l4-4 4 4",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Download => "M12 4v11M7 10.5l5 4.5 5-4.5M5 20h14",
            Self::File => "M6 3h8l5 5v13H6zM14 3v5h5",
            Self::Image => "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9v.01",
            Self::Info => "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 11v5M12 8v.01",
            Self::Folder => "M3.5 6h6l2 2.5h9V19h-17z",
            Self::Grid => "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z",
            Self::Leave => "M10 4H5v16h5M15 8l4 4-4 4M19 12H10",
            Self::Menu => "M4 7h16M4 12h16M4 17h16",
            Self::Moon => "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z",
            Self::More => "M5 12v.01M12 12v.01M19 12v.01",
            Self::Pen => "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
            Self::Person => "M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8M4.5 20.5a7.5 7.5 0 0 1 15 0",
            Self::Pin => "M9 4h6l-1 6 4 4H6l4-4zM12 14v6",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Search => "M11 5a6 6 0 1 0 0 12a6 6 0 1 0 0-12M20 20l-4.6-4.6",
            Self::Sliders => {
                "M4 6h10M18 6h2M4 12h4M12 12h8M4 18h10M18 18h2\
                 M16 4a2 2 0 1 0 0 4a2 2 0 1 0 0-4\
                 M10 10a2 2 0 1 0 0 4a2 2 0 1 0 0-4\
                 M16 16a2 2 0 1 0 0 4a2 2 0 1 0 0-4"
            }
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2\
                 M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4"
            }
            Self::Trash => "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
            Self::Upload => "M12 16V5M7 9.5L12 4.5l5 5M5 20h14",
            Self::Warning => "M12 4L2.5 20h19zM12 10v4M12 17v.01",
        }
    }
}

/// One icon, hidden from assistive technology.
#[component]
pub fn Icon(#[prop(into)] glyph: Signal<Glyph>) -> impl IntoView {
    view! {
        <svg class="ph-icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=move || glyph.get().path()></path>
        </svg>
    }
}
