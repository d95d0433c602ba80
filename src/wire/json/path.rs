//! The paths of a response: every place where a value has stood, numbered.

use std::fmt::Write;
use std::sync::Arc;

/// The number of a path.
pub(in crate::wire) type Node = u32;

/// The whole payload.
pub(in crate::wire) const ROOT: Node = 0;

/// The name of an element of an array.
pub(in crate::wire) const ELEMENT: &str = "[]";

/// The name of a member whose object has too many to tell apart.
pub(in crate::wire) const ANY: &str = "*";

/// Members of one object that are told apart, and paths that are. What is beyond shares a path.
const MOST_MEMBERS: usize = 64;
const MOST_PATHS: usize = 4096;

/// Clones share what they have in common until one of them learns a path.
#[derive(Clone)]
pub(in crate::wire) struct Paths {
    nodes: Arc<Vec<Place>>,
}

#[derive(Clone)]
struct Place {
    parent: Node,
    name: Arc<str>,
    /// The first of its members and elements, how many there are, and the one behind it that has the same parent; none is the root.
    first: Node,
    count: u32,
    next: Node,
}

impl Place {
    fn new(parent: Node, name: &str) -> Self {
        Self { parent, name: name.into(), first: ROOT, count: 0, next: ROOT }
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self { nodes: Arc::new(vec![Place::new(ROOT, "")]) }
    }
}

impl Paths {
    /// The names of all paths.
    pub(in crate::wire) fn all_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.nodes[1..].iter().map(|place| &*place.name)
    }

    pub(in crate::wire) fn parent(&self, node: Node) -> Option<Node> {
        (node != ROOT).then(|| self.nodes[node as usize].parent)
    }

    pub(in crate::wire) fn name(&self, node: Node) -> &str {
        &self.nodes[node as usize].name
    }

    /// The path of a member or, by [`ELEMENT`], of an element.
    pub(super) fn child(&mut self, parent: Node, name: &str) -> Node {
        let Place { first, count, .. } = self.nodes[parent as usize];
        let mut last = ROOT;
        let mut next = first;
        while next != ROOT {
            let place = &self.nodes[next as usize];
            if *place.name == *name {
                return next;
            }
            (last, next) = (next, place.next);
        }
        if (count as usize >= MOST_MEMBERS || self.nodes.len() >= MOST_PATHS)
            && !matches!(name, ANY | ELEMENT)
        {
            return self.child(parent, ANY);
        }
        let node = self.nodes.len() as Node;
        let nodes = Arc::make_mut(&mut self.nodes);
        nodes.push(Place::new(parent, name));
        nodes[parent as usize].count += 1;
        match last {
            ROOT => nodes[parent as usize].first = node,
            last => nodes[last as usize].next = node,
        }
        node
    }

    /// The names from the root to a path.
    pub(in crate::wire) fn names(&self, node: Node) -> Vec<&str> {
        let mut names: Vec<&str> = self.names_upwards(node).collect();
        names.reverse();
        names
    }

    /// The names from a path up to the root.
    pub(in crate::wire) fn names_upwards(&self, node: Node) -> impl Iterator<Item = &str> {
        let places = std::iter::successors(Some(node), |node| self.parent(*node));
        places.take_while(|node| *node != ROOT).map(|node| self.name(node))
    }

    /// A path as findings name it: `choices[0].delta.content`, with a `*` for names that are no words of the protocol.
    pub(in crate::wire) fn written(
        &self,
        node: Node,
        mut elements: impl Iterator<Item = u32>,
        is_word: impl Fn(&str) -> bool,
    ) -> String {
        let mut written = String::new();
        for name in self.names(node) {
            if name == ELEMENT {
                let _ = write!(written, "[{}]", elements.next().unwrap_or_default());
            } else {
                if !written.is_empty() {
                    written.push('.');
                }
                written.push_str(if is_word(name) { name } else { ANY });
            }
        }
        written
    }
}
