use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::super::photo::{Gather, Request, Step};
use super::Queue;
use crate::face::{EmbedOptions, Face, FaceError};

type Answer = oneshot::Receiver<Result<Vec<Face>, FaceError>>;

/// An image named `name`, and the end that waits for its faces.
fn image(name: &'static str) -> (Step, Answer) {
    let (reply, answer) = oneshot::channel();
    let request = Request::new("model".into(), EmbedOptions::default(), reply);
    (Step::Decode(Arc::new(request), Bytes::from_static(name.as_bytes())), answer)
}

fn name(step: &Step) -> &str {
    match step {
        Step::Decode(_, image) => std::str::from_utf8(image).unwrap(),
        _ => panic!("{step:?}"),
    }
}

#[test]
fn what_has_been_begun_goes_first() {
    let queue = Queue::new(9);
    let (steps, _answers): (Vec<_>, Vec<_>) = ["a", "b", "a1", "a2"].map(image).into_iter().unzip();
    let [a, b, a1, a2] = steps.try_into().unwrap();
    queue.offer(a).unwrap();
    queue.offer(b).unwrap();
    queue.share([a1, a2]);
    assert_eq!(queue.length(), 2);
    let order: Vec<_> = (0..4).map(|_| name(&queue.next().unwrap()).to_owned()).collect();
    assert_eq!(order, ["a1", "a2", "a", "b"]);
}

#[test]
fn a_full_queue_refuses_but_first_forgets_callers_that_left() {
    let queue = Queue::new(2);
    let ((a, answer_a), (b, _answer_b), (c, _answer_c), (d, _answer_d)) =
        (image("a"), image("b"), image("c"), image("d"));
    queue.offer(a).unwrap();
    queue.offer(b).unwrap();
    assert!(matches!(queue.offer(c), Err(FaceError::Busy)));
    drop(answer_a);
    queue.offer(d).unwrap();
    assert_eq!(name(&queue.next().unwrap()), "b");
    assert_eq!(name(&queue.next().unwrap()), "d");
}

#[test]
fn a_stop_wakes_all_and_drops_what_waits() {
    let queue = Arc::new(Queue::new(2));
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let queue = Arc::clone(&queue);
            std::thread::spawn(move || while queue.next().is_some() {})
        })
        .collect();
    queue.stop();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let (a, mut answer) = image("a");
    assert!(matches!(queue.offer(a), Err(FaceError::Stopped)));
    let (b, _) = image("b");
    queue.share([b]);
    assert!(queue.next().is_none());
    assert!(matches!(answer.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
}

#[test]
fn results_are_gathered_in_order_once() {
    let gather = Gather::new(3);
    assert_eq!(gather.put(2, 'c'), None);
    assert_eq!(gather.put(0, 'a'), None);
    assert_eq!(gather.put(0, 'x'), None);
    assert_eq!(gather.put(1, 'b'), Some(vec!['a', 'b', 'c']));
}

#[test]
fn only_the_first_answer_counts() {
    let (step, mut answer) = image("a");
    let request = step.request();
    assert!(!request.is_over());
    request.answer(Err(FaceError::NoFace));
    request.answer(Ok(Vec::new()));
    assert!(request.is_over());
    assert!(matches!(answer.try_recv().unwrap(), Err(FaceError::NoFace)));
    let (step, answer) = image("b");
    drop(answer);
    assert!(step.request().is_over());
}
