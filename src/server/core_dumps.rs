//! Core dumps: what was passing when the process crashed, credentials and rows among it, on a disk.

use rlimit::Resource;

/// The limit that Linux takes for "none at all". 0 would concern files alone: where `kernel.core_pattern` names a
/// program, that would still be given the core.
const NONE: u64 = 1;

/// Crashes write no core dump from now on.
pub(super) fn forbid() {
    if let Err(error) = Resource::CORE.set(NONE, NONE) {
        tracing::warn!(%error, "core dumps cannot be forbidden: a crash may write to disk what was passing");
    }
}
