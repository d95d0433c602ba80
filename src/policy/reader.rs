//! Who reads a response.

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
    /// Each person, as the names of the owners whose data they may see.
    people: Vec<Vec<String>>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("people", &self.people.len()).finish()
    }
}

impl Reader {
    /// A reader who has not been proven to be anybody. Owns nothing.
    pub fn stranger() -> Self {
        Self { people: Vec::new() }
    }

    /// The owner of this name in the dictionary. A name that the index does not know owns nothing.
    pub fn customer(owner: impl Into<String>) -> Self {
        Self { people: vec![vec![owner.into()]] }
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

    /// The names that an index does not know.
    pub(crate) fn unknown<'a>(&'a self, generation: &'a Generation) -> impl Iterator<Item = &'a str> {
        self.people
            .iter()
            .flatten()
            .map(String::as_str)
            .filter(|name| generation.owner_number(name).is_none())
    }

    /// The owner numbers of each person, in order.
    pub(super) fn numbers(&self, generation: &Generation) -> Vec<Vec<u32>> {
        let numbers = |names: &Vec<String>| {
            let mut numbers: Vec<u32> =
                names.iter().filter_map(|name| generation.owner_number(name)).collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        };
        self.people.iter().map(numbers).collect()
    }
}
