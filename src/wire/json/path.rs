//! The paths of a response: every place where a value has stood, numbered.

use std::fmt::Write;

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

pub(in crate::wire) struct Paths {
    nodes: Vec<Place>,
}

struct Place {
    parent: Node,
    name: Box<str>,
    children: Vec<Node>,
}

impl Default for Paths {
    fn default() -> Self {
        Self { nodes: vec![Place { parent: ROOT, name: "".into(), children: Vec::new() }] }
    }
}

impl Paths {
    pub(in crate::wire) fn parent(&self, node: Node) -> Option<Node> {
        (node != ROOT).then(|| self.nodes[node as usize].parent)
    }

    pub(in crate::wire) fn name(&self, node: Node) -> &str {
        &self.nodes[node as usize].name
    }

    /// The path of a member or, by [`ELEMENT`], of an element.
    pub(super) fn child(&mut self, parent: Node, name: &str) -> Node {
        let children = &self.nodes[parent as usize].children;
        if let Some(found) = children.iter().find(|child| &*self.nodes[**child as usize].name == name) {
            return *found;
        }
        if (children.len() >= MOST_MEMBERS || self.nodes.len() >= MOST_PATHS)
            && !matches!(name, ANY | ELEMENT)
        {
            return self.child(parent, ANY);
        }
        let node = self.nodes.len() as Node;
        self.nodes.push(Place { parent, name: name.into(), children: Vec::new() });
        self.nodes[parent as usize].children.push(node);
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
