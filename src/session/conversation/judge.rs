//! What a client may see of a conversation.
//!
//! Without a RESET in flight it is what the model says, no more and no less. A request with a RESET behind it may
//! have been answered before that arrived, or not: then the request that was worked on ends with FAILURE
//! Transaction.Terminated behind as many of its rows as had come, and all others up to the RESET are ignored. Of
//! several RESETs in flight the last is answered with SUCCESS, each other with that or IGNORED. Behind a request that
//! made the server close, what a RESET overtook may still be answered with IGNORED: we had answered it before we could
//! know. Behind GOODBYE and a closed side any part of the answers may be missing, from some point on.

use bolt::message::tag;

use super::model::{Model, Phase, Said, failure};

/// How a group of requests was answered.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) said: Vec<Said>,
    /// The client was closed on.
    pub(super) closed: bool,
}

/// Compares with what the model says of these requests, in its present state; `cut`: answers may be missing.
pub(super) fn judge(model: &mut Model, requests: &[Vec<u8>], seen: &Seen, cut: bool) -> Result<(), String> {
    let mut rest = seen.said.as_slice();
    let mut interrupted = false;
    for (number, request) in requests.iter().enumerate() {
        let tag = request[1];
        let ending = |said: &Said| !matches!(said, Said::Record(_));
        let Some(end) = rest.iter().position(ending) else {
            return match (cut, seen.closed, model.phase) {
                (true, true, _) | (false, true, Phase::Defunct) => Ok(()),
                _ => Err(format!("request {number} is not answered")),
            };
        };
        let (answer, behind) = rest.split_at(end + 1);
        rest = behind;
        let reset_behind = requests[number + 1..].iter().any(|request| request[1] == tag::RESET);
        if model.phase == Phase::Defunct {
            if reset_behind && answer == [Said::Ignored] {
                continue;
            }
            return Err(format!("request {number} is answered, though the server has closed"));
        }
        if interrupted && tag != tag::RESET {
            if answer != [Said::Ignored] {
                return Err(format!("request {number} is not ignored, but {answer:?}"));
            }
            continue;
        }
        if tag == tag::RESET && reset_behind && answer == [Said::Ignored] {
            interrupted = true;
            continue;
        }
        if tag == tag::RESET && model.phase != Phase::Authentication {
            interrupted = false;
        }
        let mut as_said = model.clone();
        let expected = as_said.take(request);
        let equal = answer.len() == expected.len()
            && answer.iter().zip(&expected).all(|(answer, expected)| answer.is(expected));
        if equal {
            *model = as_said;
            continue;
        }
        let terminated = failure("Neo.ClientError.Transaction.Terminated", "~");
        let rows = &answer[..end];
        let worked_on = answer[end].is(&terminated) && expected.starts_with(rows);
        if !(reset_behind && (worked_on || answer == [Said::Ignored])) {
            return Err(format!("request {number} in {:?}: {expected:?} is {answer:?}", model.phase));
        }
        interrupted = true;
    }
    if !rest.is_empty() {
        return Err(format!("more is answered than asked: {rest:?}"));
    }
    if seen.closed != (cut || model.phase == Phase::Defunct) {
        return Err(format!("closed: {}, in {:?}", seen.closed, model.phase));
    }
    Ok(())
}
