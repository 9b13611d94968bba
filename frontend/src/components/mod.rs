//! The page's building blocks: what is used in more than one place, and knows nothing of where.
//!
//! Must not call the API and must not know routes other than those it is given.

pub mod account_menu;
pub mod button;
pub mod combobox;
pub mod dialog;
pub mod feedback;
pub mod field;
pub mod icon;
pub mod landmark;
pub mod list_end;
pub mod mark;
pub mod menu;
pub mod model_list;
pub mod model_name;
pub mod part;
pub mod provider_words;
pub mod rows;
pub mod size;
pub mod tabs;
pub mod theme_button;
pub mod time;
pub mod words;
