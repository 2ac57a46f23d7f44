//! Threads for work on many things. A process that is a copy of another has none of the other's threads, so they
//! belong to the process that started them.

use std::sync::{Arc, Mutex};

use rayon::{ThreadPool, ThreadPoolBuilder};

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

struct Kept {
    process: u32,
    pool: Arc<ThreadPool>,
}

/// One thread a core, kept by this process; none where no thread is to be had.
pub(crate) fn pool() -> Option<Arc<ThreadPool>> {
    let process = std::process::id();
    // Never waited for: whoever held it when this process was copied will not give it back.
    let Ok(mut kept) = KEPT.try_lock() else {
        return start(0);
    };
    if let Some(known) = kept.as_ref().filter(|known| known.process == process) {
        return Some(Arc::clone(&known.pool));
    }
    // What is left of the threads of another process must not be touched, not even to end them.
    std::mem::forget(kept.take());
    let pool = start(0)?;
    *kept = Some(Kept {
        process,
        pool: Arc::clone(&pool),
    });
    Some(pool)
}

/// So many threads for one piece of work, 0 for one a core.
pub(crate) fn start(threads: usize) -> Option<Arc<ThreadPool>> {
    ThreadPoolBuilder::new().num_threads(threads).build().ok().map(Arc::new)
}
