//! Building the server and all test programs at once, and knowing where cargo put them.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::Workspace;

/// Suites in `tests/tests` that have steps of their own.
const SUITES: [&str; 3] = ["api", "kill", "web"];

/// What one build left.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The server, built for debugging.
    pub(crate) server: PathBuf,
    /// Every test program of the selection.
    pub(crate) tests: Vec<Test>,
    /// The folder of the package `prompthub-tests`.
    suites: PathBuf,
}

/// A program made of a crate's tests.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    /// What cargo would call it: `lib prompthub_store`, `test api`.
    pub(crate) title: String,
    /// The name of the target alone.
    name: String,
    /// The folder of its package, which tests run in.
    pub(crate) package: PathBuf,
    pub(crate) executable: PathBuf,
}

impl Programs {
    /// Builds them. The server comes out of the same call of cargo, since a call with another
    /// selection of packages would build half of it again with other features.
    pub(crate) fn build(workspace: &Workspace, selection: &[&str]) -> Result<Self> {
        let mut cargo = workspace.cargo();
        cargo
            .arg("build")
            .args(selection)
            .args(["--bins", "--tests"]);
        cargo
            .arg("--message-format=json-render-diagnostics")
            .stderr(Stdio::inherit());
        let output = cargo.output().context("cannot start cargo")?;
        if !output.status.success() {
            bail!("the build failed ({})", output.status);
        }
        let mut server = None;
        let mut tests = Vec::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            match Artifact::parse(line) {
                Some(Artifact::Program { name, executable }) if name == "prompthub" => {
                    server = Some(executable);
                }
                Some(Artifact::Test(test)) => tests.push(test),
                Some(Artifact::Program { .. }) | None => {}
            }
        }
        tests.sort_by(|a, b| (&a.package, &a.title).cmp(&(&b.package, &b.title)));
        let server = server.context("the build made no program `prompthub`")?;
        Ok(Self {
            server,
            tests,
            suites: workspace.root().join("tests"),
        })
    }

    /// A suite of `tests/tests` by its name.
    pub(crate) fn suite(&self, name: &str) -> Result<&Test> {
        self.tests
            .iter()
            .find(|test| test.package == self.suites && test.name == name)
            .with_context(|| format!("there is no tests/tests/{name}"))
    }

    /// All other test programs.
    pub(crate) fn units(&self) -> Vec<Test> {
        let has_step =
            |test: &&Test| test.package == self.suites && SUITES.contains(&test.name.as_str());
        self.tests
            .iter()
            .filter(|test| !has_step(test))
            .cloned()
            .collect()
    }
}

/// What cargo reports of something that can be run.
#[derive(Debug)]
enum Artifact {
    Program { name: String, executable: PathBuf },
    Test(Test),
}

impl Artifact {
    /// Reads a line of cargo's JSON messages; see "External tools" in the Cargo book.
    fn parse(line: &str) -> Option<Self> {
        let message: Value = serde_json::from_str(line).ok()?;
        let text = |pointer: &str| message.pointer(pointer)?.as_str();
        if text("/reason")? != "compiler-artifact" {
            return None;
        }
        let executable = PathBuf::from(text("/executable")?);
        let name = text("/target/name")?.to_owned();
        if !message.pointer("/profile/test")?.as_bool()? {
            return Some(Self::Program { name, executable });
        }
        let package = Path::new(text("/manifest_path")?).parent()?.to_path_buf();
        let title = format!("{} {name}", text("/target/kind/0")?);
        Some(Self::Test(Test {
            title,
            name,
            package,
            executable,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_programs_from_test_programs() {
        let message = |test: bool| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/w/tests/Cargo.toml","executable":"/w/t/api",
                "target":{{"name":"api","kind":["test"]}},"profile":{{"test":{test}}}}}"#
            )
        };
        let Some(Artifact::Test(test)) = Artifact::parse(&message(true)) else {
            panic!("not a test")
        };
        assert_eq!(
            (test.title.as_str(), test.package.as_path()),
            ("test api", Path::new("/w/tests"))
        );
        assert!(matches!(
            Artifact::parse(&message(false)),
            Some(Artifact::Program { .. })
        ));
        assert!(Artifact::parse(r#"{"reason":"build-finished","success":true}"#).is_none());
    }
}
