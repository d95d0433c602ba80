//! Conversations in the memory of one proxy.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Name, Offer};
use crate::Conversation;

/// Conversations in memory. Those of which nothing was heard for long are forgotten, and those that come first if there are too many.
pub(super) struct Memory {
    most: usize,
    keep: Duration,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    conversations: HashMap<Name, Entry>,
    /// In the order in which something was last heard of them.
    order: BTreeMap<u64, Name>,
    moves: u64,
}

struct Entry {
    said: Conversation,
    /// Counts the changes, from 1.
    version: u64,
    /// The shared store does not know all of it.
    is_unshared: bool,
    heard: Instant,
    place: u64,
}

/// What is kept of a conversation.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// 0: nothing.
    pub(super) version: u64,
    pub(super) said: Conversation,
    pub(super) is_unshared: bool,
}

impl Memory {
    pub(super) fn new(most: usize, keep: Duration) -> Self {
        Self { most, keep, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((_, name)) = kept.order.first_key_value() {
            let name = *name;
            let is_old = kept.conversations.get(&name).is_none_or(|entry| entry.heard.elapsed() > self.keep);
            if !is_old && kept.conversations.len() <= self.most {
                break;
            }
            kept.order.pop_first();
            kept.conversations.remove(&name);
        }
        kept
    }
}

impl Kept {
    /// Moves a conversation behind all others.
    fn hear(&mut self, name: &Name) -> Option<&mut Entry> {
        let entry = self.conversations.get_mut(name)?;
        self.order.remove(&entry.place);
        self.moves += 1;
        (entry.place, entry.heard) = (self.moves, Instant::now());
        self.order.insert(self.moves, *name);
        Some(entry)
    }
}

impl Memory {
    /// What a conversation has said; it is wanted for as long again.
    pub(super) fn load(&self, name: &Name) -> Known {
        self.kept().hear(name).map_or_else(Known::default, |entry| Known {
            version: entry.version,
            said: entry.said.clone(),
            is_unshared: entry.is_unshared,
        })
    }

    /// Keeps what a conversation has said, if it is still at the version that was seen last.
    pub(super) fn offer(&self, name: &Name, seen: u64, said: &Conversation, is_unshared: bool) -> Offer<u64> {
        let mut kept = self.kept();
        match kept.hear(name) {
            Some(entry) if entry.version != seen => return Offer::Lost(entry.version, entry.said.clone()),
            // It was forgotten meanwhile: nobody has said anything that this turn has not heard.
            None if seen != 0 => return Offer::Lost(0, Conversation::default()),
            _ => {}
        }
        let entry = kept.entry(name);
        entry.said = said.clone();
        entry.version += 1;
        entry.is_unshared |= is_unshared;
        Offer::Kept(entry.version)
    }

    /// Puts what the shared store has kept beside what is kept here, for when that is lost.
    pub(super) fn copy(&self, name: &Name, said: &Conversation) {
        let mut kept = self.kept();
        let entry = kept.entry(name);
        if entry.is_unshared {
            entry.said.join(said.clone());
        } else {
            entry.said = said.clone();
        }
        entry.version += 1;
    }

    /// The shared store knows all that was said up to this version.
    pub(super) fn share(&self, name: &Name, version: u64) {
        if let Some(entry) = self.kept().hear(name).filter(|entry| entry.version == version) {
            entry.is_unshared = false;
        }
    }
}

impl Kept {
    /// The entry of a conversation, moved behind all others.
    fn entry(&mut self, name: &Name) -> &mut Entry {
        if self.hear(name).is_none() {
            self.moves += 1;
            let place = self.moves;
            let entry = Entry {
                said: Conversation::default(),
                version: 0,
                is_unshared: false,
                heard: Instant::now(),
                place,
            };
            self.conversations.insert(*name, entry);
            self.order.insert(place, *name);
        }
        self.conversations.get_mut(name).expect("just put there")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kinds: &[&str]) -> Conversation {
        let facts: Vec<String> = kinds.iter().map(|kind| format!(r#"{{"kind":"{kind}"}}"#)).collect();
        serde_json::from_str(&format!(r#"{{"index":"x","readers":[],"facts":[{}]}}"#, facts.join(",")))
            .unwrap()
    }

    #[test]
    fn what_is_kept_is_bounded_and_goes_in_the_order_of_use() {
        let memory = Memory::new(2, Duration::from_secs(3_600));
        let names: Vec<Name> = (0..4).map(|n| [n; 32]).collect();
        let keep =
            |name: &Name, kind| assert_eq!(memory.offer(name, 0, &said(&[kind]), false), Offer::Kept(1));
        keep(&names[0], "name");
        keep(&names[1], "city");
        assert_eq!(memory.load(&names[0]).said, said(&["name"]));
        keep(&names[2], "postcode");
        assert_eq!(memory.load(&names[1]), Known::default(), "of this nothing was heard for longest");
        assert!(memory.load(&names[0]).version == 1 && memory.load(&names[2]).version == 1);
        // A turn whose conversation was forgotten meanwhile goes on.
        assert_eq!(
            memory.offer(&names[1], 1, &said(&["city", "name"]), false),
            Offer::Lost(0, Conversation::default())
        );
        assert_eq!(memory.offer(&names[1], 0, &said(&["city", "name"]), false), Offer::Kept(1));
        assert_eq!(memory.load(&names[0]), Known::default(), "there is no place for three");
    }

    #[test]
    fn of_two_turns_at_the_same_time_the_slower_one_hears_the_faster_one() {
        let (memory, name) = (Memory::new(9, Duration::from_secs(3_600)), [1; 32]);
        assert_eq!(memory.offer(&name, 0, &said(&["name"]), false), Offer::Kept(1));
        assert_eq!(memory.offer(&name, 0, &said(&["city"]), false), Offer::Lost(1, said(&["name"])));
        assert_eq!(memory.offer(&name, 1, &said(&["name", "city"]), false), Offer::Kept(2));
        assert_eq!(memory.load(&name).said, said(&["name", "city"]));
    }

    #[test]
    fn what_the_shared_store_does_not_know_stays_until_it_does() {
        let (memory, name) = (Memory::new(9, Duration::from_secs(3_600)), [1; 32]);
        memory.copy(&name, &said(&["name"]));
        assert!(!memory.load(&name).is_unshared);
        assert_eq!(memory.offer(&name, 1, &said(&["name", "city"]), true), Offer::Kept(2));
        memory.copy(&name, &said(&["name", "postcode"]));
        let known = memory.load(&name);
        assert_eq!((known.is_unshared, known.said), (true, said(&["name", "city", "postcode"])));
        memory.share(&name, 2);
        assert!(memory.load(&name).is_unshared, "more was said since");
        memory.share(&name, known.version);
        assert!(!memory.load(&name).is_unshared);
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let memory = Memory::new(9, Duration::from_millis(20));
        memory.offer(&[1; 32], 0, &said(&["name"]), false);
        std::thread::sleep(Duration::from_millis(40));
        assert_eq!(memory.load(&[1; 32]), Known::default());
        assert!(memory.kept().order.is_empty());
    }
}
