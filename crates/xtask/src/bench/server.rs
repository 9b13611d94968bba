//! Starting and stopping the release binary on a port and a data folder of its own.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{postgres::free_port, process, workspace::without_settings};

/// A running server, killed when this is dropped without `stop`.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    time_to_ready: Duration,
}

impl Server {
    /// Starts it and returns as soon as it calls itself ready.
    pub(crate) fn start(binary: &Path, data: &Path) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let log: PathBuf = data.join("server.log");
        let mut command = Command::new(binary);
        without_settings(&mut command);
        command
            .arg("serve")
            .env("PROMPTHUB_BIND", address.to_string())
            .env("PROMPTHUB_DATA_DIR", data)
            // All the load comes from one address, which a real storm would not.
            .env("PROMPTHUB_ATTEMPTS_PER_ADDRESS", "1000000")
            .env("PROMPTHUB_ATTEMPTS_PER_ACCOUNT", "1000000")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let start = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut server = Self {
            child,
            address,
            time_to_ready: Duration::ZERO,
        };
        while !server.is_ready() {
            if start.elapsed() > Duration::from_secs(10) || server.child.try_wait()?.is_some() {
                bail!(
                    "the server did not become ready; its log: {}",
                    fs::read_to_string(&log)?.trim()
                );
            }
            thread::sleep(Duration::from_micros(500));
        }
        server.time_to_ready = start.elapsed();
        Ok(server)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From the start of the process to the first good answer of `/api/health/ready`.
    pub(crate) fn time_to_ready(&self) -> Duration {
        self.time_to_ready
    }

    /// Resident memory (`VmRSS`) in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .context("there is no VmRSS")?;
        let count = line.split_whitespace().next().context("VmRSS is empty")?;
        // The kernel says kB and means 1,024 bytes (`man 5 proc_pid_status`).
        Ok(count.parse::<u64>()? * 1024)
    }

    /// Ends it as an operator would.
    pub(crate) fn stop(mut self) -> Result<()> {
        process::stop(&mut self.child, "TERM", Duration::from_secs(10))
    }

    fn is_ready(&self) -> bool {
        let ask = || -> std::io::Result<bool> {
            let mut stream = TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            stream.write_all(
                b"GET /api/health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
            )?;
            let mut status = [0; 12];
            stream.read_exact(&mut status)?;
            Ok(status == *b"HTTP/1.1 200")
        };
        ask().unwrap_or(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `stop`; both calls then do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
