//! The binary as a user runs it: in a folder of its own, with what it printed and how it ended.

#![allow(dead_code, unreachable_pub)] // every test file uses some of it

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

/// A folder with dictionaries and indexes. Commands run in it.
pub struct Place(TempDir);

/// How a command ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("a command prints UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ended {
    /// It did what it was asked for and had nothing to say about it.
    #[track_caller]
    pub fn quietly(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{}", self.out);
        self.out
    }

    /// It did what it was asked for.
    #[track_caller]
    pub fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self
    }

    /// It refused in one line that says all of `parts`, and printed nothing else.
    #[track_caller]
    pub fn refused(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        let reasons: Vec<&str> = self.err.lines().filter(|line| line.starts_with("tightlip: ")).collect();
        assert_eq!(reasons.len(), 1, "{self:?}");
        assert_eq!(self.err.lines().last(), Some(reasons[0]), "{self:?}");
        assert!(self.err.ends_with('\n') && self.err.len() < 20_000, "{self:?}");
        for part in parts {
            assert!(reasons[0].contains(part), "no {part:?} in {self:?}");
        }
    }

    /// As [`refused`](Self::refused), and that line is all there is.
    #[track_caller]
    pub fn refused_at_once(&self, code: i32, parts: &[&str]) {
        self.refused(code, parts);
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
    }
}

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path(name), content).expect("the folder can be written to");
        self
    }

    /// A place with the index of two people in `index.tlx`.
    pub fn with_index() -> Self {
        let place = Self::new();
        place.write("people.csv", PEOPLE).run("index build people.csv -o index.tlx").well();
        place
    }

    /// The command whose arguments are separated by spaces.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tightlip"));
        command.current_dir(self.0.path()).args(arguments.split_whitespace()).env_remove("TIGHTLIP_LOG");
        command.timeout(std::time::Duration::from_secs(60));
        command
    }

    /// Runs a command and kills it.
    pub fn kill(&self, arguments: &[&str], after: std::time::Duration) {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("tightlip"));
        command.current_dir(self.0.path()).args(arguments);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut running = command.spawn().expect("the binary runs");
        std::thread::sleep(after);
        running.kill().expect("it can be killed");
        running.wait().expect("it ends");
    }

    pub fn run(&self, arguments: &str) -> Ended {
        self.fed(arguments, "")
    }

    pub fn fed(&self, arguments: &str, stdin: impl Into<Vec<u8>>) -> Ended {
        self.command(arguments).write_stdin(stdin).output().expect("the binary runs").into()
    }

    /// The files of a folder, in order.
    pub fn files(&self, folder: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path(folder)).expect("a folder");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths
    }

    /// The content of the file of an index whose name ends like this.
    pub fn file(&self, folder: &str, end: &str) -> Vec<u8> {
        let path = self.files(folder).into_iter().find(|path| path.to_string_lossy().ends_with(end));
        std::fs::read(path.expect("an index has this file")).expect("it can be read")
    }
}

/// Two people, with a value of most kinds.
pub const PEOPLE: &str = "\
customer_id,name,email,phone,username,booking,date_of_birth,postcode
C-1001,Ann Lee,ann@example.com,+1 415 555 0104,ann_lee_77,XK42TQ,1990-04-05,94105
C-1002,Bob Ray,bob@example.com;bob.ray@example.org,+1 415 555 0177,bobray_08,PP81ZD,1985-11-30,10001
";

/// The values of [`PEOPLE`], none of which may ever be on stderr.
pub const VALUES: [&str; 13] = [
    "Ann Lee",
    "ann@example.com",
    "415 555 0104",
    "ann_lee_77",
    "XK42TQ",
    "1990-04-05",
    "94105",
    "Bob Ray",
    "bob@",
    "bob.ray",
    "0177",
    "bobray",
    "PP81ZD",
];

/// Numbers that look random and are the same in every run (SplitMix64).
pub struct Seeded(pub u64);

impl Seeded {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound as u64) as usize
    }
}
