//! Builds the crate again when the page that it carries has changed.

fn main() {
    println!("cargo::rerun-if-changed=../../frontend/dist");
}
