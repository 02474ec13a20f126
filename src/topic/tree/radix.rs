//! A radix tree: byte strings that share their beginnings, each with a number for its value.

use super::{NONE, Slab, kids::Kids};
use alloc::vec::Vec;

/// The node of the empty string, which is always there.
pub(crate) const ROOT: u32 = 0;

/// The longest label. It makes a node half a line of the cache.
const LABEL: usize = 18;

/// A node: what leads to it from its parent, and what it leads to. Only the label of the root is empty.
#[derive(Clone, Debug)]
#[repr(align(32))]
pub(super) struct Node {
    parent: u32,
    pub(super) value: u32,
    /// The only kid, or the list of them.
    kids: u32,
    count: Count,
    len: u8,
    label: [u8; LABEL],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    None,
    One,
    More,
}

/// Stands where no node is.
static NO_NODE: Node =
    Node { parent: NONE, value: NONE, kids: NONE, count: Count::None, len: 0, label: [0; LABEL] };

impl Default for Node {
    fn default() -> Self {
        NO_NODE.clone()
    }
}

impl Node {
    #[inline(always)]
    pub(super) fn label(&self) -> &[u8] {
        self.label.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// At most [`LABEL`] bytes.
    fn set_label<'a>(&mut self, bytes: impl IntoIterator<Item = &'a u8>) {
        self.len = 0;
        for (place, &byte) in self.label.iter_mut().zip(bytes) {
            *place = byte;
            self.len = self.len.saturating_add(1);
        }
    }
}

/// Byte strings, each with a number for its value.
#[derive(Clone, Debug)]
pub(crate) struct Radix {
    nodes: Slab<Node>,
    kids: Kids,
}

impl Radix {
    pub(crate) const fn new() -> Self {
        Self { nodes: Slab::new(), kids: Kids::new() }
    }

    #[inline(always)]
    pub(super) fn node(&self, id: u32) -> &Node {
        self.nodes.get(id).unwrap_or(&NO_NODE)
    }

    /// How many nodes there are beside the root.
    pub(crate) fn node_count(&self) -> usize {
        self.nodes.len().saturating_sub(1)
    }

    /// The value at a node, [`NONE`] if there is none.
    pub(crate) fn value(&self, id: u32) -> u32 {
        self.node(id).value
    }

    pub(crate) fn set_value(&mut self, id: u32, value: u32) {
        if let Some(node) = self.nodes.get_mut(id) {
            node.value = value;
        }
    }

    /// The kid whose label begins with this byte.
    #[inline(always)]
    pub(super) fn kid(&self, node: &Node, key: u8) -> Option<u32> {
        match node.count {
            Count::None => None,
            Count::One => {
                Some(node.kids).filter(|&kid| self.node(kid).label().first() == Some(&key))
            }
            Count::More => self.kids.find(node.kids, key),
        }
    }

    /// The first kid whose label begins with this byte or a larger one.
    pub(super) fn kid_from(&self, id: u32, key: u8) -> Option<(u8, u32)> {
        let node = self.node(id);
        match node.count {
            Count::None => None,
            Count::One => {
                let first = *self.node(node.kids).label().first()?;
                (first >= key).then_some((first, node.kids))
            }
            Count::More => self.kids.first_from(node.kids, key),
        }
    }

    /// The node of a string.
    pub(crate) fn find(&self, string: &[u8]) -> Option<u32> {
        let (mut at, mut rest) = (ROOT, string);
        while let Some(&key) = rest.first() {
            at = self.kid(self.node(at), key)?;
            rest = rest.strip_prefix(self.node(at).label())?;
        }
        Some(at)
    }

    /// The node of a string, made if need be: `None` if no numbers are left for it.
    pub(crate) fn insert(&mut self, string: &[u8]) -> Option<u32> {
        // For each byte a node, for one that is cut in two, and for the root.
        let most = string.len().saturating_add(2);
        if !self.nodes.has_room(most) || !self.kids.has_room(most) {
            return None;
        }
        if self.nodes.len() == 0 {
            self.nodes.insert(Node::default());
        }
        let (mut at, mut rest) = (ROOT, string);
        while let Some(&key) = rest.first() {
            let Some(kid) = self.kid(self.node(at), key) else {
                return Some(self.extend(at, rest));
            };
            let label = self.node(kid).label();
            let common = label.iter().zip(rest).take_while(|(one, other)| one == other).count();
            at = if common < label.len() { self.cut(kid, common) } else { kid };
            rest = rest.get(common..).unwrap_or_default();
        }
        Some(at)
    }

    /// Adds the nodes of a string below a node that has no kid for it.
    fn extend(&mut self, id: u32, string: &[u8]) -> u32 {
        let (mut at, mut rest) = (id, string);
        while !rest.is_empty() {
            let (label, after) = rest.split_at_checked(LABEL).unwrap_or((rest, &[]));
            (at, rest) = (self.add(at, label), after);
        }
        at
    }

    /// Adds a kid with a label that begins as no other kid's.
    fn add(&mut self, parent: u32, label: &[u8]) -> u32 {
        let mut node = Node { parent, ..Node::default() };
        node.set_label(label);
        let id = self.nodes.insert(node);
        let key = label.first().copied().unwrap_or_default();
        let Self { nodes, kids } = self;
        let only = nodes.get(parent).filter(|node| node.count == Count::One);
        let only = only.and_then(|node| nodes.get(node.kids)?.label().first().copied());
        let Some(node) = nodes.get_mut(parent) else { return id };
        (node.kids, node.count) = match (node.count, only) {
            (Count::One, Some(other)) => (kids.pair((other, node.kids), (key, id)), Count::More),
            (Count::More, _) => {
                kids.insert(node.kids, key, id);
                (node.kids, Count::More)
            }
            _ => (id, Count::One),
        };
        id
    }

    /// Cuts a node in two. The new, upper one has the first bytes of its label.
    fn cut(&mut self, id: u32, len: usize) -> u32 {
        let old = self.node(id);
        let parent = old.parent;
        let key = old.label().first().copied().unwrap_or_default();
        let mut upper = Node { parent, kids: id, count: Count::One, ..Node::default() };
        upper.set_label(old.label().iter().take(len));
        let upper = self.nodes.insert(upper);
        if let Some(node) = self.nodes.get_mut(id) {
            let rest = node.label;
            let end = usize::from(node.len);
            node.set_label(rest.get(len..end).unwrap_or_default());
            node.parent = upper;
        }
        self.replace(parent, key, upper);
        upper
    }

    /// Puts another kid in the place of this key's.
    fn replace(&mut self, parent: u32, key: u8, kid: u32) {
        let Some(node) = self.nodes.get_mut(parent) else { return };
        match node.count {
            Count::None => {}
            Count::One => node.kids = kid,
            Count::More => self.kids.replace(node.kids, key, kid),
        }
    }

    /// Takes the value from a node, and all nodes away that then lead to none.
    pub(crate) fn clear(&mut self, id: u32) {
        self.set_value(id, NONE);
        let mut at = id;
        while at != ROOT {
            let node = self.node(at);
            if node.value != NONE || node.count != Count::None {
                break;
            }
            let (parent, key) = (node.parent, node.label().first().copied());
            self.nodes.remove(at);
            self.detach(parent, key.unwrap_or_default());
            at = parent;
        }
        let parent = self.node(at).parent;
        self.join(at);
        self.join(parent);
        if self.node_count() == 0 {
            self.nodes.remove(ROOT);
        }
    }

    /// Takes a kid from its parent.
    fn detach(&mut self, parent: u32, key: u8) {
        let Some(node) = self.nodes.get_mut(parent) else { return };
        match node.count {
            Count::None => {}
            Count::One => (node.kids, node.count) = (NONE, Count::None),
            Count::More => {
                node.kids = self.kids.remove(node.kids, key);
                if let Some(last) = self.kids.take_last(node.kids) {
                    (node.kids, node.count) = (last, Count::One);
                }
            }
        }
    }

    /// Makes one of a node without a value and its only kid, if the labels fit into one.
    fn join(&mut self, id: u32) {
        let node = self.node(id);
        let only = Some(node.kids)
            .filter(|_| id != ROOT && node.count == Count::One && node.value == NONE);
        let Some(kid) = only else { return };
        let (mut joined, lower) = (node.clone(), self.node(kid));
        let len = joined.label().len().saturating_add(lower.label().len());
        if len > LABEL {
            return;
        }
        let upper = joined.label;
        joined.set_label(upper.iter().take(usize::from(joined.len)).chain(lower.label()));
        let key = joined.label().first().copied().unwrap_or_default();
        self.nodes.remove(id);
        if let Some(lower) = self.nodes.get_mut(kid) {
            (lower.label, lower.len, lower.parent) = (joined.label, joined.len, joined.parent);
        }
        self.replace(joined.parent, key, kid);
    }

    /// The string of a node.
    pub(crate) fn string(&self, id: u32) -> Vec<u8> {
        let mut string = Vec::new();
        let mut at = id;
        while at != ROOT && at != NONE {
            let node = self.node(at);
            string.extend(node.label().iter().rev());
            at = node.parent;
        }
        string.reverse();
        string
    }
}

impl Default for Radix {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{
        collections::BTreeMap,
        string::{String, ToString},
    };

    #[test]
    fn a_node_is_half_a_line() {
        assert_eq!((size_of::<Node>(), align_of::<Node>()), (32, 32));
    }

    /// Every rule about nodes that the functions above rely on.
    fn check(tree: &Radix, strings: &BTreeMap<String, u32>) {
        let mut found = BTreeMap::new();
        let mut stack = alloc::vec![ROOT];
        let mut count = Vec::new();
        while let Some(id) = stack.pop() {
            let node = tree.node(id);
            let mut key = Some(0);
            let mut kids = Vec::new();
            while let Some((first, kid)) = key.and_then(|key| tree.kid_from(id, key)) {
                assert_eq!(tree.kid(node, first), Some(kid));
                assert_eq!(tree.node(kid).label()[0], first);
                assert_eq!(tree.node(kid).parent, id);
                stack.push(kid);
                kids.push(first);
                count.push(kid);
                key = first.checked_add(1);
            }
            let kind = match kids.len() {
                0 => Count::None,
                1 => Count::One,
                _ => Count::More,
            };
            assert_eq!(kind, node.count);
            if node.value != NONE {
                let string = String::from_utf8(tree.string(id)).unwrap();
                found.insert(string, node.value);
            } else if id != ROOT {
                assert!(!kids.is_empty(), "a node that leads nowhere");
            }
        }
        assert_eq!((&found, count.len()), (strings, tree.node_count()));
    }

    #[test]
    fn strings_come_and_go() {
        let [long, longer, short] = [40, 41, 20].map(|len| "x".repeat(len));
        let mut all = alloc::vec![
            "a",
            "ab",
            "abc",
            "abd",
            "b",
            "a/+",
            "a/+/b",
            "+",
            "+/+",
            "\0",
            "#",
            "a#",
            "a/#",
            "site/12/line/3/sensor/4711",
            "site/12/line/3/sensor/4712",
            "site/+/line/3",
            "é",
            "è",
            &long,
            &longer,
            &short,
            "/",
            "//",
            "///+",
            "a/+#",
        ];
        let letters: Vec<String> = (b' '..=b'~').map(|c| char::from(c).to_string()).collect();
        all.extend(letters.iter().map(String::as_str).filter(|c| !"+#/ab".contains(c)));
        // The step is prime to the length: all of them, in another order each time.
        for step in [1, 7, 31, all.len() - 1] {
            let mut tree = Radix::new();
            let mut strings = BTreeMap::new();
            for n in 0..all.len() {
                let string = all[n * step % all.len()];
                let bytes = string.as_bytes();
                let id = tree.insert(bytes).unwrap();
                let value = u32::try_from(n).unwrap();
                tree.set_value(id, value);
                strings.insert(string.to_string(), value);
                check(&tree, &strings);
                assert_eq!(tree.find(bytes), Some(id));
            }
            assert_eq!(strings.len(), all.len(), "the step is not prime to it");
            for n in 0..all.len() {
                let string = all[(n * 3 + 1) * step % all.len()];
                let bytes = string.as_bytes();
                if let Some(id) = tree.find(bytes) {
                    tree.clear(id);
                }
                strings.remove(string);
                check(&tree, &strings);
            }
            for string in strings.keys() {
                let bytes = string.as_bytes();
                tree.clear(tree.find(bytes).unwrap());
            }
            assert_eq!((tree.node_count(), tree.nodes.len()), (0, 0));
        }
    }
}
