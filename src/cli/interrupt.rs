//! Ctrl-C while an index is written: what was begun is removed, and what was there stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::IndexBuilder;

/// So long a command may take to end by itself. What it waits for may never come: stdin, say, before anything is written.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ends a build when the process is told to end.
pub(super) fn interruptible(builder: IndexBuilder) -> IndexBuilder {
    let told = Arc::new(AtomicBool::new(false));
    let tells = Arc::clone(&told);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // Without one the signal ends the process as ever.
    let Ok(runtime) = runtime else { return builder };
    std::thread::spawn(move || {
        runtime.block_on(async {
            if ends().await.is_ok() {
                tells.store(true, Ordering::Relaxed);
                tokio::time::sleep(PATIENCE).await;
                eprintln!("tightlip: interrupted; nothing was written");
                std::process::exit(1);
            }
        });
    });
    builder.interrupted_by(told)
}

#[cfg(unix)]
async fn ends() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn ends() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
