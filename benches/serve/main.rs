//! The proxy under many streams: `cargo bench --bench serve`.
//!
//! Two proxies run in turn in front of the same upstream: one checks, in the other every route is exempt. First 500 slow streams at once, each
//! of which must get its own text and nothing of another's; then as many as go through. With `-- --test` everything is small.

mod load;

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use load::{Load, Streams};

struct Proxy {
    child: Child,
    address: SocketAddr,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxy {
    fn start(folder: &std::path::Path, upstream: SocketAddr, more: &str) -> Self {
        use std::io::BufRead;
        let config = format!(
            "index = 'index.tlx'\nupstream = 'http://{upstream}'\nlisten = '127.0.0.1:0'\nadmin = '127.0.0.1:0'\n{more}"
        );
        std::fs::write(folder.join("serve.toml"), config).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_tightlip"))
            .current_dir(folder)
            .args(["serve", "--config", "serve.toml"])
            .env("TIGHTLIP_LOG", "error")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("://").nth(1).and_then(|rest| rest.split(',').next()?.parse().ok());
        Self { child, address: address.unwrap_or_else(|| panic!("it does not listen: {line}")) }
    }

    /// Resident memory in KiB; 0 where the system does not say.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    }
}

/// An index of invented people.
fn index(folder: &std::path::Path, people: usize) {
    let mut rows = String::from("customer_id,name,email,phone\n");
    for number in 0..people {
        rows += &format!(
            "C-{number},Givenname{number} Family{number},person{number}@example.com,+1 415 {:03} {:04}\n",
            200 + number / 10_000,
            number % 10_000
        );
    }
    std::fs::write(folder.join("people.csv"), rows).unwrap();
    let built = Command::new(env!("CARGO_BIN_EXE_tightlip"))
        .current_dir(folder)
        .args(["index", "build", "people.csv", "-o", "index.tlx"])
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}

fn main() {
    let small = std::env::args().any(|argument| argument == "--test");
    let folder = tempfile::tempdir().unwrap();
    index(folder.path(), if small { 100 } else { 20_000 });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let upstream = load::upstream().await;
        let checking = Proxy::start(folder.path(), upstream, "");
        let exempt = Proxy::start(folder.path(), upstream, "[[routes]]\npath = '*'\nformat = 'exempt'\n");

        let slow = Streams {
            at_once: if small { 20 } else { 500 },
            in_all: if small { 20 } else { 500 },
            events: if small { 5 } else { 60 },
            pause: Duration::from_millis(if small { 1 } else { 100 }),
        };
        println!(
            "{} slow streams at once, {} events each, one per {:?}",
            slow.at_once, slow.events, slow.pause
        );
        for (name, proxy) in [("exempt", &exempt), ("checked", &checking)] {
            let warm = Streams { at_once: 20, in_all: 20, events: 20, pause: Duration::ZERO };
            load::run(proxy.address, warm).await;
            let before = proxy.memory();
            let running = tokio::spawn(load::run(proxy.address, slow));
            let mut most = before;
            while !running.is_finished() {
                most = most.max(proxy.memory());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            let load = running.await.unwrap();
            report(name, &load);
            println!(
                "           memory: {} KiB, and {:.1} KiB per stream",
                before,
                (most - before) as f64 / slow.at_once as f64
            );
        }

        let fast = Streams {
            at_once: if small { 4 } else { 32 },
            in_all: if small { 8 } else { 640 },
            events: if small { 20 } else { 200 },
            pause: Duration::ZERO,
        };
        println!("as fast as it goes: {} streams at once, {} events each", fast.at_once, fast.events);
        for _ in 0..if small { 1 } else { 3 } {
            for (name, proxy) in [("exempt", &exempt), ("checked", &checking)] {
                report(name, &load::run(proxy.address, fast).await);
            }
        }
    });
}

fn report(name: &str, load: &Load) {
    let first = |share: f64| load.first[((load.first.len() - 1) as f64 * share) as usize];
    println!(
        "  {name:<8} first event: median {:?}, 99th percentile {:?}; {:.0} events/s, {:.1} MB/s; {} streams, none mixed up",
        first(0.5),
        first(0.99),
        load.events as f64 / load.took.as_secs_f64(),
        load.bytes as f64 / 1e6 / load.took.as_secs_f64(),
        load.first.len(),
    );
}
