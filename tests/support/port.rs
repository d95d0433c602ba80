//! Ports for servers that have to be told theirs.

use std::net::TcpListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that systems give to connections that go out (32768 and up on Linux, 49152 and up elsewhere): one of those may be
/// taken by any client between now and the start of the server, or while the server is stopped.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A port that nobody listens on, and that no other test of this process was given.
pub fn free_port() -> u16 {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    let count = u32::from(PORTS.end - PORTS.start);
    let next = NEXT.get_or_init(|| AtomicU16::new((std::process::id().wrapping_mul(97) % count) as u16));
    (0..count)
        .map(|_| PORTS.start + next.fetch_add(1, Ordering::Relaxed) % (PORTS.end - PORTS.start))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("some port is free")
}
