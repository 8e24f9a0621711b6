//! What waits for a worker.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::photo::Step;
use crate::face::FaceError;

#[cfg(test)]
mod tests;

/// Two queues: images that nobody has begun, up to a limit, and steps of those that have been begun, which
/// go first. So an image that is begun is finished, its steps spread over all workers that are free, and
/// only about as many images are decoded at a time as there are workers.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    images: VecDeque<Step>,
    steps: VecDeque<Step>,
    stopped: bool,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Queue {
        Queue { state: Mutex::default(), wake: Condvar::new(), capacity }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an image.
    pub(super) fn offer(&self, image: Step) -> Result<(), FaceError> {
        let mut state = self.state();
        if state.stopped {
            return Err(FaceError::Stopped);
        }
        if state.images.len() >= self.capacity {
            state.images.retain(|waiting| !waiting.request().is_over());
        }
        if state.images.len() >= self.capacity {
            return Err(FaceError::Busy);
        }
        state.images.push_back(image);
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// Adds steps of an image that has been begun.
    pub(super) fn share(&self, steps: impl IntoIterator<Item = Step>) {
        let mut state = self.state();
        if state.stopped {
            return;
        }
        let before = state.steps.len();
        state.steps.extend(steps);
        let added = state.steps.len() - before;
        drop(state);
        for _ in 0..added {
            self.wake.notify_one();
        }
    }

    /// Waits for something to do; `None` once the queue has stopped.
    pub(super) fn next(&self) -> Option<Step> {
        let mut state = self.state();
        loop {
            if state.stopped {
                return None;
            }
            let State { images, steps, .. } = &mut *state;
            if let Some(step) = steps.pop_front().or_else(|| images.pop_front()) {
                return Some(step);
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn length(&self) -> usize {
        self.state().images.len()
    }

    /// Drops all that waits, and sends the workers home.
    pub(super) fn stop(&self) {
        let dropped = std::mem::replace(&mut *self.state(), State { stopped: true, ..State::default() });
        self.wake.notify_all();
        drop(dropped);
    }
}
