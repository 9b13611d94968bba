//! The page's building blocks: what is used in more than one place, and knows nothing of where.
//!
//! Must not call the API; what they show of it comes from `state` or from the caller. Only `mark` and
//! `account_menu`, which are the same on every page, lead to places of their own knowledge.

pub mod account_menu;
pub mod asking;
pub mod button;
pub mod combobox;
pub mod dialog;
pub mod feedback;
pub mod field;
pub mod focus;
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
