//! Who reads a response.

use std::time::SystemTime;

use super::grants::{Granted, Grants};
use crate::index::Generation;

/// Who reads a response: nobody known, one customer, or several who must all be allowed to see what it says.
///
/// ```
/// use tightlip::Reader;
/// let alone = Reader::customer("C-1001");
/// let couple = Reader::customer("C-1001").also_read_by("C-1002");
/// let parent = Reader::customer("C-1001").acting_for("C-1003"); // the child's data are theirs to see
/// let nobody = Reader::stranger();
/// assert_eq!(format!("{couple:?}"), "Reader { people: 2 }");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Reader {
    /// Each person, as the names of the owners whose data they may see, their own first.
    people: Vec<Vec<String>>,
    purpose: Option<String>,
}

/// A reader whom the index may know.
pub(super) struct Person {
    /// Themselves.
    pub(super) number: Option<u32>,
    /// Themselves and those for whom they act, in order.
    pub(super) own: Vec<u32>,
    /// What others let them see, in the order of the others.
    pub(super) granted: Vec<Granted>,
    /// So many of the names, theirs and those for whom they act, the index does not know.
    pub(super) unknown: usize,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("people", &self.people.len()).finish()
    }
}

impl Reader {
    /// A reader who has not been proven to be anybody. Owns nothing.
    pub fn stranger() -> Self {
        Self { people: Vec::new(), purpose: None }
    }

    /// The owner of this name in the dictionary. A name that the index does not know owns nothing.
    pub fn customer(owner: impl Into<String>) -> Self {
        Self { people: vec![vec![owner.into()]], purpose: None }
    }

    /// Somebody else reads the response too: only what all of them may see passes.
    pub fn also_read_by(mut self, owner: impl Into<String>) -> Self {
        self.people.push(vec![owner.into()]);
        self
    }

    /// The last named reader may also see the data of this owner. A stranger acts for nobody.
    pub fn acting_for(mut self, owner: impl Into<String>) -> Self {
        if let Some(person) = self.people.last_mut() {
            person.push(owner.into());
        }
        self
    }

    /// What the response is for: grants that are limited to this purpose count too, and data that are limited to others may be nobody's (`[purpose]` in a policy).
    pub fn for_purpose(mut self, purpose: impl Into<String>) -> Self {
        self.purpose = Some(purpose.into());
        self
    }

    /// What the response is for.
    pub(crate) fn purpose(&self) -> Option<&str> {
        self.purpose.as_deref()
    }

    /// Each person as an index knows them.
    pub(super) fn persons(&self, generation: &Generation, grants: &Grants, now: SystemTime) -> Vec<Person> {
        let person = |names: &Vec<String>| {
            let numbers: Vec<Option<u32>> = names.iter().map(|name| generation.owner_number(name)).collect();
            let number = numbers.first().copied().flatten();
            let unknown = numbers.iter().filter(|number| number.is_none()).count();
            let mut own: Vec<u32> = numbers.into_iter().flatten().collect();
            own.sort_unstable();
            own.dedup();
            // A stranger, whatever the name, is let see nothing.
            let known = names.first().filter(|_| number.is_some());
            let granted = known.map(|name| grants.of(name, self.purpose(), now, generation));
            Person { number, own, granted: granted.unwrap_or_default(), unknown }
        };
        self.people.iter().map(person).collect()
    }
}

impl Person {
    /// Whether they may see a kind of data of an owner, because the data are theirs or because they were let.
    pub(super) fn sees(&self, owner: u32, kind: u8) -> bool {
        self.own.binary_search(&owner).is_ok() || self.grant(owner, kind).is_some()
    }

    /// What lets them see a kind of data of an owner.
    pub(super) fn grant(&self, owner: u32, kind: u8) -> Option<&Granted> {
        let first = self.granted.partition_point(|granted| granted.owner < owner);
        let theirs = self.granted[first..].iter().take_while(|granted| granted.owner == owner);
        theirs.into_iter().find(|granted| granted.kinds & 1 << kind != 0)
    }
}
