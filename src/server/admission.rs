//! Who may come in: how many clients at a time, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Clients that are told at a time that there is no room for them; others are closed without a word.
const REFUSALS: usize = 64;

/// Counts those who are in.
#[derive(Debug)]
pub(super) struct Admission {
    places: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    /// 0: no limit.
    per_address: usize,
    addresses: Mutex<HashMap<IpAddr, usize>>,
}

/// What becomes of a client.
#[derive(Debug)]
pub(super) enum Admitted {
    /// It is served, as long as it keeps the place.
    In { _place: Place },
    /// It is told that the limit of this name is reached.
    Refused { limit: &'static str, _permit: OwnedSemaphorePermit },
    /// The same, but too many are being told already.
    Closed { limit: &'static str },
}

/// A client that is in, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
    _permit: OwnedSemaphorePermit,
}

impl Admission {
    pub(super) fn new(connections: usize, per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            per_address,
            addresses: Mutex::default(),
        })
    }

    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Admitted {
        let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() else {
            return self.refuse("limits.connections");
        };
        let mut place = Place { admission: Arc::clone(self), address: None, _permit: permit };
        if self.per_address > 0 {
            // An IPv4 client is the same through a socket for both families.
            let address = address.to_canonical();
            let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
            let count = addresses.entry(address).or_default();
            if *count >= self.per_address {
                drop(addresses);
                return self.refuse("limits.connections_per_address");
            }
            *count += 1;
            place.address = Some(address);
        }
        Admitted::In { _place: place }
    }

    fn refuse(&self, limit: &'static str) -> Admitted {
        match Arc::clone(&self.refusals).try_acquire_owned() {
            Ok(permit) => Admitted::Refused { limit, _permit: permit },
            Err(_) => Admitted::Closed { limit },
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut addresses = self.admission.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(admitted: Admitted) -> Place {
        match admitted {
            Admitted::In { _place } => _place,
            other => panic!("{other:?}"),
        }
    }

    fn limit(admitted: &Admitted) -> &'static str {
        match admitted {
            Admitted::In { .. } => "none",
            Admitted::Refused { limit, .. } | Admitted::Closed { limit } => limit,
        }
    }

    #[test]
    fn places_are_counted_in_all_and_by_address() {
        let [one, other] = ["192.0.2.1", "2001:db8::1"].map(|text| text.parse::<IpAddr>().unwrap());
        let admission = Admission::new(3, 2);
        let first = place(admission.admit(one));
        let second = place(admission.admit("::ffff:192.0.2.1".parse().unwrap()));
        assert_eq!(limit(&admission.admit(one)), "limits.connections_per_address");
        let third = place(admission.admit(other));
        assert_eq!(limit(&admission.admit(other)), "limits.connections");
        drop(first);
        let fourth = place(admission.admit(one));
        assert_eq!(limit(&admission.admit(one)), "limits.connections");
        drop((second, third, fourth));
        assert!(admission.addresses.lock().unwrap().is_empty());
        assert_eq!(admission.places.available_permits(), 3);
    }

    #[test]
    fn without_a_limit_addresses_are_not_counted() {
        let admission = Admission::new(100, 0);
        let places: Vec<_> = (0..100).map(|_| place(admission.admit([192, 0, 2, 1].into()))).collect();
        assert!(admission.addresses.lock().unwrap().is_empty());
        drop(places);
    }

    #[test]
    fn only_so_many_are_told() {
        let admission = Admission::new(1, 0);
        let address = IpAddr::from([192, 0, 2, 1]);
        let _place = place(admission.admit(address));
        let mut refused: Vec<_> = (0..REFUSALS).map(|_| admission.admit(address)).collect();
        assert!(refused.iter().all(|admitted| matches!(admitted, Admitted::Refused { .. })));
        assert!(matches!(admission.admit(address), Admitted::Closed { limit: "limits.connections" }));
        refused.pop();
        assert!(matches!(admission.admit(address), Admitted::Refused { .. }));
    }
}
