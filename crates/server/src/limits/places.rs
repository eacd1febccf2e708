//! Places for connections: so many in all, so many for one address, and fewer for newcomers, of whom nothing is known yet.
//! Start at [`Places::enter`].
//!
//! INVARIANT (a newcomer never waits for a silent one): where newcomers have no room, the one that has waited longest gives
//! way, of the address that has most of them. Whoever floods a door loses his own places.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Refusal, origin};

/// How many places there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceRules {
    /// In all.
    pub all: u32,
    /// For one address.
    pub per_address: u32,
    /// For newcomers.
    pub newcomers: u32,
    /// For newcomers from one address.
    pub newcomers_per_address: u32,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// All are taken.
    All,
    /// All of this address are.
    Address,
}

impl Full {
    /// How a door counts it.
    #[must_use]
    pub const fn at(self, all: Refusal, address: Refusal) -> Refusal {
        match self {
            Self::All => all,
            Self::Address => address,
        }
    }
}

/// All places of a door.
#[derive(Debug)]
pub struct Places {
    rules: PlaceRules,
    taken: Mutex<Taken>,
}

/// Whose place it is; none for a trusted proxy's, which speaks for many.
type Whose = Option<IpAddr>;

#[derive(Debug, Default)]
struct Taken {
    last: u64,
    all: usize,
    by_address: HashMap<IpAddr, usize>,
    newcomers: usize,
    /// Never an empty queue.
    waiting: HashMap<Whose, VecDeque<(u64, Arc<Notify>)>>,
}

/// A place that is taken, until it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    whose: Whose,
    number: u64,
    displaced: Arc<Notify>,
}

impl Places {
    /// All are free.
    #[must_use]
    pub fn new(rules: PlaceRules) -> Arc<Self> {
        Arc::new(Self { rules, taken: Mutex::default() })
    }

    /// Takes a place for a newcomer; without an address for one that speaks for many.
    ///
    /// # Errors
    /// [`Full`] when nobody can give way.
    pub fn enter(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Place, Full> {
        let whose = address.map(origin);
        let rules = self.rules;
        let mut taken = self.lock();
        let of_address = |taken: &Taken| whose.and_then(|it| taken.by_address.get(&it)).copied().unwrap_or(0);
        let waiting = |taken: &Taken| taken.waiting.get(&whose).map_or(0, VecDeque::len);
        let is_crowded = |taken: &Taken| {
            whose.is_some()
                && (of_address(taken) >= size(rules.per_address) || waiting(taken) >= size(rules.newcomers_per_address))
        };
        if is_crowded(&taken) && !taken.displace(whose) {
            return Err(Full::Address);
        }
        if taken.newcomers >= size(rules.newcomers) || taken.all >= size(rules.all) {
            let most = taken.waiting.iter().max_by_key(|(_, queue)| queue.len()).map(|(whose, _)| *whose);
            if !most.is_some_and(|most| taken.displace(most)) {
                return Err(Full::All);
            }
        }
        taken.last += 1;
        let (number, displaced) = (taken.last, Arc::new(Notify::new()));
        taken.all += 1;
        taken.newcomers += 1;
        if let Some(address) = whose {
            *taken.by_address.entry(address).or_default() += 1;
        }
        taken.waiting.entry(whose).or_default().push_back((number, displaced.clone()));
        drop(taken);
        Ok(Place { places: self.clone(), whose, number, displaced })
    }

    /// How many are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Has the newcomer give way that has waited longest; false when there is none.
    fn displace(&mut self, whose: Whose) -> bool {
        let Some((number, displaced)) = self.waiting.get(&whose).and_then(|queue| queue.front().cloned()) else {
            return false;
        };
        self.forget_newcomer(whose, number);
        self.free(whose);
        displaced.notify_one();
        true
    }

    /// Takes somebody out of the queue of newcomers; false when they were not in it.
    fn forget_newcomer(&mut self, whose: Whose, number: u64) -> bool {
        let Some(queue) = self.waiting.get_mut(&whose) else { return false };
        let Ok(at) = queue.binary_search_by_key(&number, |(number, _)| *number) else { return false };
        queue.remove(at);
        if queue.is_empty() {
            self.waiting.remove(&whose);
        }
        self.newcomers -= 1;
        true
    }

    fn free(&mut self, whose: Whose) {
        self.all -= 1;
        if let Some(address) = whose
            && let Some(count) = self.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&address);
            }
        }
        if self.all == 0 {
            // A flood is over: its memory goes with it.
            self.by_address.shrink_to_fit();
            self.waiting.shrink_to_fit();
        }
    }
}

impl Place {
    /// Is no newcomer any more, and gives way to nobody; false when it had to before.
    #[must_use]
    pub fn settle(&mut self) -> bool {
        if self.number == SETTLED {
            return true;
        }
        let is_there = self.places.lock().forget_newcomer(self.whose, self.number);
        if is_there {
            self.number = SETTLED;
        }
        is_there
    }

    /// Waits until it has to give way.
    pub fn displaced(&self) -> impl Future<Output = ()> + Send + 'static {
        let displaced = self.displaced.clone();
        async move { displaced.notified().await }
    }
}

/// The number of a place whose holder is no newcomer any more; the first newcomer is number one.
const SETTLED: u64 = 0;

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        // One that had to give way is counted no more.
        if self.number == SETTLED || taken.forget_newcomer(self.whose, self.number) {
            taken.free(self.whose);
        }
    }
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Full, PlaceRules, Places};

    const RULES: PlaceRules = PlaceRules { all: 6, per_address: 4, newcomers: 4, newcomers_per_address: 3 };

    fn from(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[tokio::test]
    async fn a_flood_from_one_address_displaces_its_own_newcomers_oldest_first() {
        let places = Places::new(RULES);
        let mut honest = places.enter(from(1)).unwrap();
        let flood: Vec<_> = (0..50).map(|_| places.enter(from(2)).unwrap()).collect();
        for place in &flood[..47] {
            place.displaced().await;
        }
        assert_eq!(places.taken(), 4);
        assert!(honest.settle(), "nobody displaced it");
        let mut flood = flood;
        assert!(!flood[46].settle());
        assert!(flood[47].settle());
        drop(flood);
        assert_eq!(places.taken(), 1);
        drop(honest);
        assert_eq!(places.taken(), 0);
    }

    #[test]
    fn where_newcomers_have_no_room_the_address_with_most_of_them_gives_way() {
        let places = Places::new(RULES);
        let mut one = places.enter(from(1)).unwrap();
        let mut flood: Vec<_> = (0..3).map(|_| places.enter(from(2)).unwrap()).collect();
        let mut other = places.enter(from(3)).unwrap();
        assert!(one.settle() && other.settle());
        assert!(!flood[0].settle() && flood[1].settle() && flood[2].settle());
    }

    #[test]
    fn whoever_has_settled_keeps_the_place_and_the_next_is_told_why_there_is_none() {
        let places = Places::new(RULES);
        let mut settled: Vec<_> = (0..4).map(|_| places.enter(from(1)).unwrap()).collect();
        assert!(settled.iter_mut().skip(1).all(super::Place::settle), "three newcomers of an address at a time");
        assert!(!settled[0].settle());
        settled.remove(0);
        let mut fourth = places.enter(from(1)).unwrap();
        assert!(fourth.settle() && fourth.settle(), "twice is once");
        assert_eq!(places.enter(from(1)).unwrap_err(), Full::Address);
        let mut others: Vec<_> = [2, 3].map(|last| places.enter(from(last)).unwrap()).into();
        assert!(others.iter_mut().all(super::Place::settle));
        assert_eq!(places.enter(from(4)).unwrap_err(), Full::All);
        others.pop();
        assert!(places.enter(from(4)).is_ok());
    }

    #[test]
    fn whoever_speaks_for_many_is_bounded_by_all_places_alone() {
        let places = Places::new(RULES);
        let mut many = Vec::new();
        for _ in 0..6 {
            let mut place = places.enter(None).unwrap();
            assert!(place.settle());
            many.push(place);
        }
        assert_eq!(places.enter(None).unwrap_err(), Full::All);
    }
}
