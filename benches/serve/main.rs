//! The proxy under many streams: `cargo bench --bench serve`.
//!
//! Two proxies run in turn in front of the same upstream: one checks, in the other every route is exempt. First 500 slow streams that begin at once, then
//! 500 that begin one after the other; then both again where the upstream answers without a pause, as no model does, so that nothing hides what the proxy
//! takes; then as many events as go through; each stream must get its own text and nothing of another's. Last, the slow streams
//! meet a proxy that takes half as many: the others are refused, and those that are taken get all their text. Clients and
//! upstream share the machine with the proxy, so that clocks say what all three take; what the proxy alone takes is said by its processor time.
//! Figures are the medians of some rounds. With `-- --test` everything is small.

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

    /// Processor time so far, of user and system; 0 where the system does not say.
    fn processor(&self) -> Duration {
        const TICKS_PER_SECOND: u64 = 100; // USER_HZ
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // Behind the name, which may hold anything: state, ten numbers, then the two times.
        let fields = stat.rsplit(')').next().unwrap_or_default().split(' ').skip(12).take(2);
        let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND)
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

/// What was measured of one proxy, a figure of each round.
#[derive(Default)]
struct Figures {
    first: Vec<f64>,
    first_99: Vec<f64>,
    events: Vec<f64>,
    processor: Vec<f64>,
    stream_memory: Vec<f64>,
}

impl Figures {
    fn add(&mut self, load: &Load, processor: Duration, memory: u64) {
        let first = |share: f64| load.first[((load.first.len() - 1) as f64 * share) as usize];
        self.first.push(first(0.5).as_secs_f64() * 1e3);
        self.first_99.push(first(0.99).as_secs_f64() * 1e3);
        self.events.push(load.events as f64 / load.took.as_secs_f64());
        self.processor.push(processor.as_secs_f64() * 1e6 / load.first.len() as f64);
        self.stream_memory.push(memory as f64 / load.first.len() as f64);
    }
}

fn median(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Lets streams through one proxy, and looks at it meanwhile.
async fn measure(proxy: &Proxy, streams: Streams, figures: &mut Figures) {
    let (processor, before) = (proxy.processor(), proxy.memory());
    let running = tokio::spawn(load::run(proxy.address, streams));
    let mut most = before;
    while !running.is_finished() {
        most = most.max(proxy.memory());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    figures.add(&running.await.unwrap(), proxy.processor() - processor, most - before);
}

fn report(exempt: &Figures, checked: &Figures) {
    for (name, figures) in [("exempt", exempt), ("checked", checked)] {
        println!(
            "  {name:<8} first event: median {:.1} ms, 99th percentile {:.1} ms; {:.0} events/s; the proxy: {:.0} us of processor and {:.1} KiB more per stream",
            median(&figures.first),
            median(&figures.first_99),
            median(&figures.events),
            figures.processor.iter().sum::<f64>() / figures.processor.len() as f64,
            median(&figures.stream_memory),
        );
    }
    let ratio = |of: fn(&Figures) -> &Vec<f64>| median(of(checked)) / median(of(exempt));
    println!(
        "  checked / exempt: first event {:.2} and {:.2}, events/s {:.2}; no stream was mixed up or cut",
        ratio(|figures| &figures.first),
        ratio(|figures| &figures.first_99),
        ratio(|figures| &figures.events),
    );
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
        let warm =
            Streams { at_once: 20, in_all: 40, events: 20, before: Duration::ZERO, pause: Duration::ZERO, within: Duration::ZERO };
        for proxy in [&exempt, &checking] {
            load::run(proxy.address, warm).await;
            println!("memory at rest: {} KiB", proxy.memory());
        }

        let slow = Streams {
            at_once: if small { 20 } else { 500 },
            in_all: if small { 20 } else { 500 },
            events: if small { 5 } else { 30 },
            before: Duration::from_millis(if small { 1 } else { 100 }),
            pause: Duration::from_millis(if small { 1 } else { 100 }),
            within: Duration::ZERO,
        };
        let apart = Streams { within: slow.pause * slow.events as u32 / 2, ..slow };
        let fast = Streams {
            at_once: if small { 4 } else { 32 },
            in_all: if small { 8 } else { 640 },
            events: if small { 20 } else { 200 },
            before: Duration::ZERO,
            pause: Duration::ZERO,
            within: Duration::ZERO,
        };
        let answered = |streams| Streams { before: Duration::ZERO, ..streams };
        let rounds = if small { 1 } else { 7 };
        for (what, streams) in [
            ("slow streams that begin at once", slow),
            ("slow streams that begin one after the other", apart),
            ("slow streams that begin at once and are answered at once", answered(slow)),
            ("slow streams that begin one after the other and are answered at once", answered(apart)),
            ("streams as fast as they go", fast),
        ] {
            let (mut without, mut with) = (Figures::default(), Figures::default());
            for round in 0..rounds {
                let mut pair = [(&exempt, &mut without), (&checking, &mut with)];
                // Neither of them always comes first.
                if round % 2 == 1 {
                    pair.reverse();
                }
                for (proxy, figures) in pair {
                    measure(proxy, streams, figures).await;
                }
            }
            let Streams { in_all, at_once, events, before, pause, within } = streams;
            println!(
                "{in_all} {what}: at most {at_once} at once, {events} events each, the first after {before:?}, then one per {pause:?}, begun within {within:?}; {rounds} rounds"
            );
            report(&without, &with);
        }
        let most = slow.in_all / 2;
        // Long enough that all of them are there at once.
        let slow = Streams { pause: slow.pause.max(Duration::from_millis(50)), ..slow };
        let limited = Proxy::start(folder.path(), upstream, &format!("[limits]\nstreams = {most}\n"));
        load::run(limited.address, warm).await;
        let load = load::run(limited.address, slow).await;
        assert!(load.refused > 0 && load.first.len() >= most, "{} of {} were refused", load.refused, slow.in_all);
        println!(
            "{} slow streams that begin at once, where {most} may run: {} were refused, the others had their first event after {:.1} ms at the median and all their text",
            slow.in_all,
            load.refused,
            load.first[load.first.len() / 2].as_secs_f64() * 1e3,
        );
    });
}
