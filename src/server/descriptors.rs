//! File descriptors: the limit of the process, and how many clients it leaves room for.

use std::num::NonZeroUsize;

/// Descriptors for everything else: listeners, logs, models, images on their way, clients that are refused.
const RESERVED: u64 = 192;

/// Those of one client: its own connection and that to the backend.
const PER_CLIENT: u64 = 2;

/// Raises the limit as far as we may; returns how many of the `wanted` clients there is room for.
pub(super) fn room_for(wanted: NonZeroUsize) -> usize {
    let limit = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => limit,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files cannot be raised");
            return wanted.get();
        }
    };
    let room = fitting(wanted, limit);
    if room < wanted.get() {
        tracing::warn!(
            "limits.connections is lowered from {wanted} to {room}: this process may open {limit} files, and a \
             client needs two; raise the limit (ulimit -Hn, or LimitNOFILE of systemd)"
        );
    }
    room
}

fn fitting(wanted: NonZeroUsize, limit: u64) -> usize {
    let room = limit.saturating_sub(RESERVED) / PER_CLIENT;
    usize::try_from(room).unwrap_or(usize::MAX).clamp(1, wanted.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_there_is_room_for() {
        for (wanted, limit, room) in [
            (10_000, 1_048_576, 10_000),
            (10_000, 20_192, 10_000),
            (10_000, 20_191, 9_999),
            (10_000, 1_024, 416),
            (10_000, 193, 1),
            (10_000, 64, 1),
            (5, u64::MAX, 5),
        ] {
            assert_eq!(fitting(NonZeroUsize::new(wanted).unwrap(), limit), room, "{wanted} of {limit}");
        }
    }
}
