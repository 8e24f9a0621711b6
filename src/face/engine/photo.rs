//! One image on its way through the stages: decode, detect (in pieces), embed (face by face).

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::face::detect::Detection;
use crate::face::pyramid::{Piece, Pyramid};
use crate::face::{EmbedOptions, Face, FaceError};

type Answer = Result<Vec<Face>, FaceError>;

/// What one worker does in one go. Steps of the same stage of the same image may run at the same time.
#[derive(Debug)]
pub(super) enum Step {
    Decode(Arc<Request>, Bytes),
    /// Look at one piece.
    Detect(Arc<Looks>, usize),
    /// Embed one face.
    Embed(Arc<Faces>, usize),
}

impl Step {
    pub(super) fn request(&self) -> &Arc<Request> {
        match self {
            Step::Decode(request, _) => request,
            Step::Detect(looks, _) => &looks.request,
            Step::Embed(faces, _) => &faces.request,
        }
    }
}

/// What the caller wants, and the way back.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) model: Arc<str>,
    pub(super) options: EmbedOptions,
    reply: Mutex<Option<oneshot::Sender<Answer>>>,
}

impl Request {
    pub(super) fn new(model: Arc<str>, options: EmbedOptions, reply: oneshot::Sender<Answer>) -> Request {
        Request { model, options, reply: Mutex::new(Some(reply)) }
    }

    /// Whether the caller has gone away or has been answered (by an error of another step).
    pub(super) fn is_over(&self) -> bool {
        let reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner);
        reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// The first answer is sent.
    pub(super) fn answer(&self, answer: Answer) {
        let reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reply) = reply {
            // The caller may have gone away.
            let _ = reply.send(answer);
        }
    }
}

/// The second stage: pieces of a picture, and what was found in each, in the photo's pixels.
#[derive(Debug)]
pub(super) struct Looks {
    pub(super) request: Arc<Request>,
    /// As it came, for the case that more of its pixels are needed.
    pub(super) image: Bytes,
    pub(super) pyramid: Arc<Pyramid>,
    pub(super) pieces: Vec<Piece>,
    pub(super) found: Gather<Vec<Detection>>,
}

/// The third stage: the chosen faces, and the vector of each.
#[derive(Debug)]
pub(super) struct Faces {
    pub(super) request: Arc<Request>,
    pub(super) pyramid: Arc<Pyramid>,
    pub(super) chosen: Vec<Detection>,
    pub(super) embedded: Gather<Face>,
}

/// Collects the results of steps that end in any order.
#[derive(Debug)]
pub(super) struct Gather<T>(Mutex<(Vec<Option<T>>, usize)>);

impl<T> Gather<T> {
    pub(super) fn new(count: usize) -> Gather<T> {
        Gather(Mutex::new((std::iter::repeat_with(|| None).take(count).collect(), count)))
    }

    /// Notes the result of step `index`; all results, in order, if it was the last one.
    pub(super) fn put(&self, index: usize, result: T) -> Option<Vec<T>> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (results, missing) = &mut *guard;
        if let Some(place @ None) = results.get_mut(index) {
            *place = Some(result);
            *missing -= 1;
        }
        if *missing > 0 {
            return None;
        }
        std::mem::take(results).into_iter().collect()
    }
}
