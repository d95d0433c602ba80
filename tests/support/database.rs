//! A PostgreSQL server of a test's own, that can be stopped and started again.

#![allow(dead_code, unreachable_pub)] // every test file uses some of it

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[path = "port.rs"]
mod port;

use port::free_port;
use postgres::{Client, NoTls};

/// What nobody may ever read in an error or a log.
pub const PASSWORD: &str = "hunter2-s3cret";

/// A server with an empty database.
pub struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
}

impl Server {
    /// Starts a server. `None`, with a sentence on stderr: PostgreSQL is not installed, and TIGHTLIP_REQUIRE_POSTGRES is not set.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let why = "PostgreSQL is not installed (apt-get install postgresql)";
            assert!(std::env::var_os("TIGHTLIP_REQUIRE_POSTGRES").is_none(), "{why}");
            eprintln!("skipped: {why}");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let server = Self { folder, programs, port: free_port() };
        std::fs::write(server.path("password"), PASSWORD).unwrap();
        if is_root() {
            // A server does not run as root.
            run(Command::new("chown").arg("-R").arg("postgres").arg(server.folder.path()));
        }
        let (data, password) = (server.path("data"), server.path("password"));
        let init = ["-U", "tester", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"];
        run(server
            .program("initdb")
            .arg("-D")
            .arg(data)
            .arg(format!("--pwfile={}", password.display()))
            .args(init));
        server.go_on(&[]);
        Some(server)
    }

    /// Starts the server again, with settings.
    pub fn go_on(&self, settings: &[&str]) {
        let socket = self.folder.path().display();
        let mut options = format!(
            "-p {} -k {socket} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=30",
            self.port
        );
        for setting in settings {
            options += &format!(" -c {setting}");
        }
        let mut start = self.program("pg_ctl");
        start.arg("-D").arg(self.path("data")).arg("-l").arg(self.path("log"));
        let start = start.args(["-w", "-o", &options, "start"]);
        let log = || std::fs::read_to_string(self.path("log")).unwrap_or_default();
        assert!(succeeds(start), "{start:?}: {}", log());
    }

    /// Stops the server as a crash would.
    pub fn stop(&self) {
        run(self.program("pg_ctl").arg("-D").arg(self.path("data")).args(["-w", "-m", "immediate", "stop"]));
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its URL, with the password.
    pub fn url(&self) -> String {
        format!("postgres://tester:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// Its URL without the password.
    pub fn bare(&self) -> String {
        format!("postgres://tester@127.0.0.1:{}/postgres", self.port)
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.url(), NoTls).expect("the server runs")
    }

    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        if !is_root() {
            return Command::new(path);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(path);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        let _ = stop
            .arg("-D")
            .arg(self.path("data"))
            .args(["-m", "immediate", "stop"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

fn run(command: &mut Command) {
    assert!(succeeds(command), "{command:?}");
}

fn succeeds(command: &mut Command) -> bool {
    // A server keeps the pipes of what has started it.
    let quiet = command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    quiet.status().expect("it runs").success()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("there is id");
    id.stdout == b"0\n"
}

/// Where the programs of the newest version are.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let mut folders: Vec<PathBuf> = versions
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    folders.sort_by_key(|bin| {
        bin.parent().and_then(|version| version.file_name()?.to_str()?.parse::<u32>().ok())
    });
    folders.pop()
}
