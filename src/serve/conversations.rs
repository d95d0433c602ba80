//! What conversations have said, between their turns.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::config::ConversationsConfig;
use crate::error::{Error, Result};
use crate::policy::Across;
use crate::{Conversation, Session};

/// Stands for a conversation of a reader: a hash under a key that this process has drawn.
pub(super) type Name = [u8; 32];

/// Where conversations are kept. Another store may serve several proxies.
pub(super) trait Store: Send + Sync {
    /// What a conversation has said; it is wanted for as long again.
    fn load(&self, name: &Name) -> Option<Conversation>;

    /// Keeps what a conversation has said, beside what was kept of it.
    fn keep(&self, name: &Name, said: Conversation);
}

/// The conversations of a proxy.
pub(super) struct Conversations {
    store: Arc<dyn Store>,
    key: [u8; 32],
}

impl Conversations {
    /// # Errors
    /// The system has no random numbers.
    pub(super) fn new(config: &ConversationsConfig) -> Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| {
            Error::io("cannot get random numbers", &std::io::Error::other("the system has none"))
        })?;
        Ok(Self { store: Arc::new(Memory::new(config.most, config.keep.0)), key })
    }

    /// The same session, going on where the conversation was, and kept from now on. A conversation belongs to its reader: another's of the same name is
    /// another.
    pub(super) fn resumed(&self, session: Session, reader: Option<&str>, name: Option<&str>) -> Session {
        let Some(name) = self.name(&session, reader, name) else { return session };
        if let Some(said) = self.store.load(&name) {
            session.resume(&said);
        }
        let store = Arc::clone(&self.store);
        session.remembered_by(Arc::new(move |said| store.keep(&name, said)))
    }

    /// A session that goes on where the conversation was, and is not kept.
    pub(super) fn overheard(&self, session: Session, reader: Option<&str>, name: Option<&str>) -> Session {
        if let Some(said) = self.name(&session, reader, name).and_then(|name| self.store.load(&name)) {
            session.resume(&said);
        }
        session
    }

    fn name(&self, session: &Session, reader: Option<&str>, name: Option<&str>) -> Option<Name> {
        let parts = match (session.policy().across(), reader, name) {
            (Across::Response, ..) | (_, None, None) | (Across::Conversation, _, None) => return None,
            (Across::Reader, Some(reader), _) => [Some(reader), None],
            (_, reader, Some(name)) => [reader, Some(name)],
        };
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in parts {
            let part = part.map(str::as_bytes);
            hasher.update(&part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
            hasher.update(part.unwrap_or_default());
        }
        Some(hasher.finalize().into())
    }
}

/// Conversations in memory. Those of which nothing was heard for long are forgotten, and those that come first if there are too many.
struct Memory {
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
    heard: Instant,
    place: u64,
}

impl Memory {
    fn new(most: usize, keep: Duration) -> Self {
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

impl Store for Memory {
    fn load(&self, name: &Name) -> Option<Conversation> {
        self.kept().hear(name).map(|entry| entry.said.clone())
    }

    fn keep(&self, name: &Name, said: Conversation) {
        if said.is_empty() {
            return;
        }
        let mut kept = self.kept();
        match kept.hear(name) {
            Some(entry) => entry.said.join(said),
            None => {
                kept.moves += 1;
                let place = kept.moves;
                kept.conversations.insert(*name, Entry { said, heard: Instant::now(), place });
                kept.order.insert(place, *name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &str) -> Conversation {
        let text = format!(r#"{{"index":"x","readers":[],"facts":[{{"kind":"{kind}"}}]}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_is_kept_is_bounded_and_goes_in_the_order_of_use() {
        let memory = Memory::new(2, Duration::from_secs(3_600));
        let names: Vec<Name> = (0..4).map(|n| [n; 32]).collect();
        memory.keep(&names[0], said("name"));
        memory.keep(&names[1], said("city"));
        assert_eq!(memory.load(&names[0]), Some(said("name")));
        memory.keep(&names[2], said("postcode"));
        assert_eq!(memory.load(&names[1]), None, "of this nothing was heard for longest");
        assert!(memory.load(&names[0]).is_some() && memory.load(&names[2]).is_some());
        memory.keep(&names[3], Conversation::default());
        assert_eq!(memory.load(&names[3]), None, "nothing was said");
    }

    #[test]
    fn turns_at_the_same_time_are_put_together() {
        let memory = Memory::new(9, Duration::from_secs(3_600));
        memory.keep(&[1; 32], said("name"));
        memory.keep(&[1; 32], said("city"));
        memory.keep(&[1; 32], said("name"));
        let kept = serde_json::to_value(memory.load(&[1; 32]).unwrap()).unwrap();
        assert_eq!(kept["facts"], serde_json::json!([{"kind": "name"}, {"kind": "city"}]));
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let memory = Memory::new(9, Duration::from_millis(20));
        memory.keep(&[1; 32], said("name"));
        std::thread::sleep(Duration::from_millis(40));
        assert_eq!(memory.load(&[1; 32]), None);
        assert!(memory.kept().order.is_empty());
    }
}
