//! The machine that is measured on, and how far its clock can be believed.

use std::time::Instant;

use serde::Serialize;
use sysinfo::{MemoryRefreshKind, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

use super::measure::nanoseconds;
use super::spread::Spread;

/// What a figure depends on beside the code.
#[derive(Serialize)]
pub(super) struct Machine {
    pub(super) cpu: String,
    /// Processors that this process may use.
    pub(super) cores: usize,
    pub(super) memory_bytes: u64,
    pub(super) os: String,
    pub(super) architecture: &'static str,
    pub(super) build: &'static str,
    /// How many processes wanted a processor in the last minute, before the measurement.
    pub(super) load: f64,
    pub(super) clock: Clock,
}

/// What is measured where nothing is done.
#[derive(Serialize)]
pub(super) struct Clock {
    /// The least time between two different readings.
    pub(super) resolution_ns: u64,
    /// Two readings with nothing between: what of a measured time is the clock's, and how the machine interrupts.
    pub(super) empty_ns: Spread,
}

const READINGS: usize = 500_000;

impl Machine {
    pub(super) fn look() -> Self {
        let kinds = RefreshKind::nothing()
            .with_cpu(sysinfo::CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(kinds);
        let cpu = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
        Self {
            cpu: cpu.filter(|cpu| !cpu.is_empty()).unwrap_or_else(|| "unknown".to_owned()),
            cores: cores(),
            memory_bytes: system.total_memory(),
            os: System::long_os_version().unwrap_or_else(|| std::env::consts::OS.to_owned()),
            architecture: std::env::consts::ARCH,
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            load: System::load_average().one,
            clock: Clock::look(),
        }
    }
}

impl Clock {
    fn look() -> Self {
        let (mut empty_ns, mut resolution_ns) = (Spread::new(), u64::MAX);
        for _ in 0..READINGS {
            let started = Instant::now();
            let passed = nanoseconds(started.elapsed());
            empty_ns.record(passed);
            if passed > 0 {
                resolution_ns = resolution_ns.min(passed);
            }
        }
        Self { resolution_ns, empty_ns }
    }
}

/// How many processors this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Bytes of memory that the process has, mapped files that it has touched included.
pub(super) fn memory() -> Option<u64> {
    let process = sysinfo::get_current_pid().ok()?;
    let mut system = System::new();
    let kind = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[process]), false, kind);
    system.process(process).map(sysinfo::Process::memory)
}
