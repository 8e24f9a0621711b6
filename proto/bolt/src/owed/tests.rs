use super::*;

#[test]
fn replies_of_our_own_wait_for_their_turn() {
    let mut owed = Owed::new(10);
    assert_eq!(owed.local(b"first".to_vec()), Some(b"first".to_vec()));
    owed.request(Origin::Ours).unwrap();
    assert_eq!(owed.local(b"second".to_vec()), Some(b"second".to_vec()), "the client does not see ours");
    owed.request(Origin::Client("run")).unwrap();
    owed.request(Origin::Ours).unwrap();
    assert_eq!(owed.local(b"third".to_vec()), None);
    owed.request(Origin::Client("pull")).unwrap();
    assert_eq!(owed.local(b"fourth".to_vec()), None);
    assert_eq!((owed.len(), owed.clients()), (6, 2));

    let mut ready = Vec::new();
    assert_eq!(owed.front(), Some(&Origin::Ours));
    assert_eq!(owed.summary(&mut ready), Ok(Origin::Ours));
    assert!(ready.is_empty());
    assert_eq!(owed.summary(&mut ready), Ok(Origin::Client("run")));
    assert_eq!(ready, [b"third"]);
    assert_eq!(owed.summary(&mut ready), Ok(Origin::Ours));
    if let Some(Origin::Client(note)) = { owed.front_mut() } {
        *note = "pull again";
    }
    assert_eq!(owed.summary(&mut ready), Ok(Origin::Client("pull again")));
    assert_eq!(ready, [b"third".as_slice(), b"fourth"]);
    assert!(owed.is_empty());
    assert_eq!(owed.summary(&mut ready), Err(Unexpected));
}

#[test]
fn the_bound_holds() {
    let mut owed = Owed::new(3);
    owed.request(Origin::Client(1)).unwrap();
    assert_eq!(owed.local(vec![1]), None);
    assert!(!owed.is_full());
    owed.request(Origin::Ours).unwrap();
    assert!(owed.is_full());
    assert_eq!(owed.request(Origin::Client(2)), Err(Overflow { cap: 3 }));
    assert_eq!(owed.request(Origin::Ours), Err(Overflow { cap: 3 }));
    assert_eq!(owed.len(), 3);
    // One answer makes room for two: the request's, and that of the reply behind it.
    owed.summary(&mut Vec::new()).unwrap();
    owed.request(Origin::Client(2)).unwrap();
    owed.request(Origin::Client(3)).unwrap();
    assert!(owed.is_full());
}

/// What can happen, in order.
#[derive(Clone, Copy, Debug)]
enum Event {
    Client,
    Ours,
    Local,
    Summary,
}

/// What the client sees: the number of its request, and whether the reply to it is the server's.
type Seen = Vec<(u8, bool)>;

/// The obvious model: everything that was ever asked, in order, and whether it is answered. After each event the
/// client is shown the answers to its requests up to the first one that has none.
#[derive(Default)]
struct Model {
    asked: Vec<(Event, u8, bool)>,
}

impl Model {
    fn play(&mut self, event: Event, number: u8) -> bool {
        match event {
            Event::Summary => {
                let waiting = |asked: &&mut (Event, u8, bool)| !asked.2 && !matches!(asked.0, Event::Local);
                match self.asked.iter_mut().find(waiting) {
                    Some(asked) => asked.2 = true,
                    None => return false,
                }
            }
            Event::Local => self.asked.push((event, number, true)),
            Event::Client | Event::Ours => self.asked.push((event, number, false)),
        }
        true
    }

    fn seen(&self) -> Seen {
        let of_the_client = self.asked.iter().filter(|asked| !matches!(asked.0, Event::Ours));
        let answered = of_the_client.take_while(|asked| asked.2);
        answered.map(|asked| (asked.1, matches!(asked.0, Event::Client))).collect()
    }

    fn clients(&self) -> usize {
        self.asked.iter().filter(|asked| matches!(asked.0, Event::Client) && !asked.2).count()
    }

    fn requests(&self) -> usize {
        self.asked.iter().filter(|asked| !asked.2).count()
    }

    fn waiting_replies(&self) -> usize {
        let due = self.seen().iter().filter(|seen| !seen.1).count();
        self.asked.iter().filter(|asked| matches!(asked.0, Event::Local)).count() - due
    }

    fn front(&self) -> Option<Origin<u8>> {
        let front = self.asked.iter().find(|asked| !asked.2)?;
        Some(if matches!(front.0, Event::Client) { Origin::Client(front.1) } else { Origin::Ours })
    }
}

fn agrees_with_the_model(events: &[Event]) {
    let (mut owed, mut model, mut seen) = (Owed::new(usize::MAX), Model::default(), Seen::new());
    for (&event, number) in events.iter().zip(0..) {
        assert_eq!(owed.front(), model.front().as_ref(), "{events:?}");
        let possible = match event {
            Event::Client => owed.request(Origin::Client(number)).is_ok(),
            Event::Ours => owed.request(Origin::Ours).is_ok(),
            Event::Local => {
                seen.extend(owed.local(vec![number]).map(|reply| (reply[0], false)));
                true
            }
            Event::Summary => {
                let mut ready = Vec::new();
                let answered = owed.summary(&mut ready);
                if let Ok(Origin::Client(number)) = answered {
                    seen.push((number, true));
                }
                seen.extend(ready.into_iter().map(|reply| (reply[0], false)));
                answered.is_ok()
            }
        };
        assert_eq!(possible, model.play(event, number), "{events:?}");
        assert_eq!(seen, model.seen(), "{events:?}");
        assert_eq!(owed.clients(), model.clients(), "{events:?}");
        assert_eq!(owed.len(), model.requests() + model.waiting_replies(), "{events:?}");
        assert_eq!(owed.is_empty(), model.requests() == 0, "{events:?}");
    }
}

#[test]
fn all_short_sequences_agree_with_the_model() {
    const EVENTS: [Event; 4] = [Event::Client, Event::Ours, Event::Local, Event::Summary];
    const LENGTH: u32 = 8;
    for sequence in 0..EVENTS.len().pow(LENGTH) {
        let event = |position| EVENTS[sequence / EVENTS.len().pow(position) % EVENTS.len()];
        agrees_with_the_model(&(0..LENGTH).map(event).collect::<Vec<_>>());
    }
}
