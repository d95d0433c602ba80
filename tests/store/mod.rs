//! A real Valkey or Redis server, and the few words that tests say to it.

#![allow(unreachable_pub)] // a module of a test

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

#[path = "../support/port.rs"]
mod port;

use crate::proxy::until;
use port::free_port;

/// A server of its own, on a port of its own, with nothing in it.
pub struct Store {
    child: Child,
    port: u16,
    program: &'static str,
    options: Vec<String>,
}

impl Store {
    /// `None` where no server is installed; with `TIGHTLIP_TEST_STORE` set there must be one.
    pub fn start() -> Option<Self> {
        let is_there = |program: &&str| {
            Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok()
        };
        let Some(program) = ["valkey-server", "redis-server"].into_iter().find(is_there) else {
            assert!(
                std::env::var_os("TIGHTLIP_TEST_STORE").is_none(),
                "neither valkey-server nor redis-server is installed"
            );
            println!("skipped: neither valkey-server nor redis-server is installed");
            return None;
        };
        let port = free_port();
        let mut store = Self { child: run(program, port, &[]), port, program, options: Vec::new() };
        store.waits();
        Some(store)
    }

    /// The same with TLS, on one more port; the address to reach it by.
    pub fn with_tls(&mut self, folder: &std::path::Path) -> String {
        self.stop();
        let port = free_port();
        let file = |name: &str| folder.join(name).display().to_string();
        self.options = [
            "--tls-port",
            &port.to_string(),
            "--tls-cert-file",
            &file("cert.pem"),
            "--tls-key-file",
            &file("key.pem"),
            "--tls-ca-cert-file",
            &file("cert.pem"),
            "--tls-auth-clients",
            "no",
        ]
        .map(str::to_owned)
        .into();
        self.start_again();
        format!("rediss://127.0.0.1:{port}")
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts again, with nothing in it.
    pub fn start_again(&mut self) {
        self.child = run(self.program, self.port, &self.options);
        self.waits();
    }

    fn waits(&mut self) {
        until("the store answers", || self.try_ask(&["PING"]).filter(|said| said == &["PONG"]));
    }

    /// What it answers: one string for each part.
    pub fn ask(&self, words: &[&str]) -> Vec<String> {
        self.try_ask(words).expect("the store answers")
    }

    fn try_ask(&self, words: &[&str]) -> Option<Vec<String>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let mut command = format!("*{}\r\n", words.len());
        words.iter().for_each(|word| command += &format!("${}\r\n{word}\r\n", word.len()));
        stream.write_all(command.as_bytes()).ok()?;
        let mut said = Vec::new();
        answer(&mut BufReader::new(stream), &mut said)?;
        Some(said)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(program: &str, port: u16, more: &[String]) -> Child {
    let port = port.to_string();
    let options =
        ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"];
    Command::new(program).args(options).args(more).stdout(Stdio::null()).spawn().unwrap()
}

/// Reads an answer in the server's protocol.
fn answer(stream: &mut impl BufRead, said: &mut Vec<String>) -> Option<()> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let (kind, rest) = line.trim_end().split_at_checked(1)?;
    match kind {
        "$" => {
            let Ok(length) = rest.parse::<usize>() else { return Some(()) };
            let mut bytes = vec![0; length + 2];
            stream.read_exact(&mut bytes).ok()?;
            said.push(String::from_utf8_lossy(&bytes[..length]).into_owned());
        }
        "*" => (0..rest.parse().ok()?).try_for_each(|_: u32| answer(stream, said))?,
        _ => said.push(rest.to_owned()),
    }
    Some(())
}
