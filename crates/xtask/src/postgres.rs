//! A PostgreSQL server of our own for the tests: made in a temporary folder, gone with the run.
//!
//! Never touches a cluster that the system runs: only the installed programs are used.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    process::{TemporaryFolder, find_program, human, succeeds},
    system::{is_root, user_id},
};

/// Runs the server until standard input closes, which it does however this program ends, be it by
/// SIGKILL. In a process group of its own, so that Ctrl-C reaches it by that way alone.
const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" -p "$3" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c max_connections=300 -c autovacuum=off -c log_min_messages=error \
    </dev/null >"$2/log" 2>&1 &
server=$!
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

/// A running server, stopped and removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    keeper: Child,
    port: u16,
    // Dropped last, for what the keeper could not remove.
    folder: TemporaryFolder,
}

impl Cluster {
    /// Makes and starts one, and returns when it takes connections.
    pub(crate) fn start() -> Result<Self> {
        let programs = programs().context("PostgreSQL's server programs are not installed")?;
        let folder = TemporaryFolder::new("postgres")?;
        let account = Account::find()?;
        account.own(folder.path())?;

        let initdb = account
            .command(&programs.join("initdb"), folder.path())
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "-D",
            ])
            .arg(folder.path().join("data"))
            .output()
            .context("cannot start initdb")?;
        if !initdb.status.success() {
            bail!(
                "initdb failed: {}",
                String::from_utf8_lossy(&initdb.stderr).trim()
            );
        }

        let port = free_port()?;
        let keeper = account
            .command(Path::new("sh"), folder.path())
            .args(["-c", KEEPER, "sh"])
            .arg(&programs)
            .arg(folder.path())
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cannot start PostgreSQL")?;
        let cluster = Self {
            keeper,
            port,
            folder,
        };
        cluster.await_ready(&programs)?;
        Ok(cluster)
    }

    /// Where its superuser connects; tests make databases of their own from there.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn await_ready(&self, programs: &Path) -> Result<()> {
        let patience = Duration::from_secs(30);
        let deadline = Instant::now() + patience;
        while !succeeds(
            Command::new(programs.join("pg_isready"))
                .args(["--quiet", "--host=127.0.0.1"])
                .arg(format!("--port={}", self.port)),
        ) {
            if Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                bail!(
                    "PostgreSQL took no connection within {}; its log: {}",
                    human(patience),
                    log.trim()
                );
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Closing its input is what tells the keeper to end; a failure leaves nothing else to do.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The folder of `postgres`, `initdb` and the like, of the highest version that is installed.
pub(crate) fn programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path().join("bin");
            folder.join("initdb").is_file().then_some((version, folder))
        });
    if let Some((_, folder)) = debian.max() {
        return Some(folder);
    }
    let initdb = fs::canonicalize(find_program(&["initdb"])?).ok()?;
    Some(initdb.parent()?.to_path_buf())
}

/// Who runs the server: PostgreSQL refuses to be root.
#[derive(Debug, Clone, Copy)]
enum Account {
    Caller,
    Other { user: u32, group: u32 },
}

impl Account {
    fn find() -> Result<Self> {
        if !is_root() {
            return Ok(Self::Caller);
        }
        let name = Some("postgres");
        let (user, group) = user_id("-u", name).zip(user_id("-g", name)).context(
            "PostgreSQL will not run as root, and there is no user `postgres` to run it as",
        )?;
        Ok(Self::Other { user, group })
    }

    fn own(self, folder: &Path) -> Result<()> {
        match self {
            Self::Caller => Ok(()),
            Self::Other { user, group } => chown(folder, Some(user), Some(group))
                .with_context(|| format!("cannot hand {} to the user postgres", folder.display())),
        }
    }

    /// A command that runs as this account, in a folder that it may enter.
    fn command(self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null());
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
        command
    }
}

/// A port that nobody listened on a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;
    use crate::process::output_of;

    #[test]
    fn a_cluster_takes_connections_and_leaves_nothing_behind() {
        let cluster = Cluster::start().unwrap();
        let (folder, port) = (cluster.folder.path().to_path_buf(), cluster.port);

        let psql = programs().unwrap().join("psql");
        let answer = output_of(Command::new(psql).args([
            &cluster.url(),
            "--no-psqlrc",
            "--tuples-only",
            "--command=show fsync",
        ]));
        assert_eq!(answer.as_deref(), Some("off"));

        drop(cluster);
        assert!(!folder.exists());
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }
}
