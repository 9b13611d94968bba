//! The drawer: settings, files and versions of the project, one tab each.

use leptos::prelude::*;

use super::{
    files::FilesPanel,
    settings_form::SettingsForm,
    state::{DrawerTab, use_project},
    versions::VersionsPanel,
};
use crate::components::{
    part::{Part, part},
    tabs::{TabPanel, Tabs},
};

part!(drawer_part, Panels);

/// The drawer, whose code comes when it is first open.
#[component]
pub fn Drawer() -> impl IntoView {
    view! { <Part load=drawer_part lines=6/> }
}

#[component]
fn Panels() -> impl IntoView {
    let state = use_project();
    view! {
        <Tabs label="Project" selected=state.tab/>
        <TabPanel tab=DrawerTab::Settings selected=state.tab><SettingsForm/></TabPanel>
        <TabPanel tab=DrawerTab::Files selected=state.tab><FilesPanel/></TabPanel>
        <TabPanel tab=DrawerTab::Versions selected=state.tab><VersionsPanel/></TabPanel>
    }
}
