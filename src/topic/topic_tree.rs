//! Retained messages: many topic names, asked with one filter.

use super::{
    TopicFilter, TopicName,
    tree::{NONE, OutOfSteps, Radix, Select, Slab, Walk, Within},
    tree_limits::{TreeError, TreeLimits},
};
use crate::wire::text;
use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::{fmt, mem};

/// Values by topic name, to be found by the filters that match the names.
///
/// ```
/// use mqtt_pure::{TopicFilter, TopicName, TopicTree};
///
/// let mut tree = TopicTree::new();
/// tree.insert(TopicName::new("site/12/temperature")?, 21.5)?;
/// tree.insert(TopicName::new("site/12/humidity")?, 40.0)?;
/// tree.insert(TopicName::new("site/7/temperature")?, 19.0)?;
///
/// let filter = TopicFilter::new("site/+/temperature")?;
/// let found: Vec<_> = tree.matches(filter).map(|entry| (entry.name(), *entry.value)).collect();
/// assert_eq!(found, [("site/12/temperature".into(), 21.5), ("site/7/temperature".into(), 19.0)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// No walk uses recursion. All orders are that of the bytes of the names. The memory of what is removed is
/// used again, and given back when nothing is left.
#[derive(Clone)]
pub struct TopicTree<V> {
    names: Radix,
    values: Slab<Option<V>>,
    limits: TreeLimits,
}

impl<V> TopicTree<V> {
    /// An empty tree with the default limits.
    pub const fn new() -> Self {
        Self::with_limits(TreeLimits::new())
    }

    /// An empty tree.
    pub const fn with_limits(limits: TreeLimits) -> Self {
        Self { names: Radix::new(), values: Slab::new(), limits }
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many nodes the names take. It is zero when there is no name.
    pub fn node_count(&self) -> usize {
        self.names.node_count()
    }

    /// Adds a value, or replaces the one of this name, which is returned then.
    ///
    /// An error means that a limit is reached and that nothing has changed. Replacing is possible at
    /// any limit but those of the name itself.
    pub fn insert(&mut self, name: TopicName<'_>, value: V) -> Result<Option<V>, TreeError> {
        let bytes = name.as_bytes();
        self.limits.check(bytes, 0)?;
        let full = TreeError::Full { len: self.len() };
        if self.len() >= self.limits.max_entries || !self.values.has_room(1) {
            let old = self.get_mut(name).ok_or(full)?;
            return Ok(Some(mem::replace(old, value)));
        }
        let node = self.names.insert(bytes).ok_or(full)?;
        match self.values.get_mut(self.names.value(node)) {
            Some(old) => Ok(old.replace(value)),
            None => {
                self.names.set_value(node, self.values.insert(Some(value)));
                Ok(None)
            }
        }
    }

    /// The value of a name.
    pub fn get(&self, name: TopicName<'_>) -> Option<&V> {
        let node = self.names.find(name.as_bytes())?;
        self.values.get(self.names.value(node))?.as_ref()
    }

    /// The value of a name, to be changed.
    pub fn get_mut(&mut self, name: TopicName<'_>) -> Option<&mut V> {
        let node = self.names.find(name.as_bytes())?;
        self.values.get_mut(self.names.value(node))?.as_mut()
    }

    /// Removes the value of a name.
    pub fn remove(&mut self, name: TopicName<'_>) -> Option<V> {
        let node = self.names.find(name.as_bytes())?;
        let id = self.names.value(node);
        if id == NONE {
            return None;
        }
        self.names.clear(node);
        self.values.remove(id)?
    }

    /// All names and values. Unlike those that match the filter `#`, names that begin with `$` are
    /// among them.
    pub fn iter(&self) -> TopicMatches<'_, 'static, V> {
        TopicMatches { tree: self, select: Select::new(&self.names, None) }
    }

    /// The names that the filter matches, with their values.
    pub fn matches<'t, 'f>(&'t self, filter: TopicFilter<'f>) -> TopicMatches<'t, 'f, V> {
        let select = Select::new(&self.names, Some(filter.as_bytes()));
        TopicMatches { tree: self, select }
    }
}

impl<V> Default for TopicTree<V> {
    fn default() -> Self {
        Self::new()
    }
}

/// Tells how much there is, not what.
impl<V> fmt::Debug for TopicTree<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicTree").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// A topic name with its value.
#[derive(Clone, Copy)]
pub struct TopicEntry<'t, V> {
    /// The value.
    pub value: &'t V,
    names: &'t Radix,
    node: u32,
}

impl<V> TopicEntry<'_, V> {
    /// The name, put together from the tree.
    pub fn name(&self) -> String {
        text::checked_str(&self.names.string(self.node)).to_owned()
    }
}

impl<V: fmt::Debug> fmt::Debug for TopicEntry<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicEntry").field("name", &self.name()).field("value", self.value).finish()
    }
}

/// How far a walk through a [`TopicTree`] has come. It stays good whatever happens to the tree: names
/// that are there from the first part of the walk to the last are visited once, and none twice.
///
/// Two walks that go on from equal cursors visit the same. The default is the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct TopicCursor {
    /// All before this string has been visited; `None` if there is nothing after.
    bound: Option<Vec<u8>>,
    is_begun: bool,
}

impl TopicCursor {
    /// Whether all has been visited.
    pub const fn is_done(&self) -> bool {
        self.is_begun && self.bound.is_none()
    }

    /// Whether the walk does not come to this name any more.
    pub fn is_past(&self, name: TopicName<'_>) -> bool {
        match &self.bound {
            Some(bound) => name.as_bytes() < &bound[..],
            None => self.is_begun,
        }
    }
}

/// The names that a filter matches, made by [`TopicTree::matches`].
#[derive(Clone)]
pub struct TopicMatches<'t, 'f, V> {
    tree: &'t TopicTree<V>,
    select: Select<'t, 'f>,
}

impl<V> TopicMatches<'_, '_, V> {
    /// The same from where another walk of this filter has stopped, wherever this one is.
    ///
    /// ```
    /// use mqtt_pure::{TopicCursor, TopicFilter, TopicName, TopicTree};
    ///
    /// let mut tree = TopicTree::new();
    /// for name in ["a/1", "a/2", "a/3"] {
    ///     tree.insert(TopicName::new(name)?, ())?;
    /// }
    /// let filter = TopicFilter::new("a/+")?;
    /// let mut visited = Vec::new();
    /// let mut cursor = TopicCursor::default();
    /// while !cursor.is_done() {
    ///     let mut some = tree.matches(filter).after(&cursor);
    ///     visited.extend(some.next().map(|entry| entry.name()));
    ///     cursor = some.cursor();
    ///     tree.remove(TopicName::new("a/2")?);
    /// }
    /// assert_eq!(visited, ["a/1", "a/3"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn after(mut self, cursor: &TopicCursor) -> Self {
        match &cursor.bound {
            Some(bound) => self.select.seek(bound),
            None if cursor.is_begun => self.select.finish(),
            None => self.select.begin(),
        }
        self
    }

    /// How far it has come.
    pub fn cursor(&self) -> TopicCursor {
        TopicCursor { bound: self.select.bound(), is_begun: true }
    }

    /// The same with a budget: at most so many nodes of the tree are looked at. The cursor of
    /// [`Within::walk`] tells how far it came, also where that was not as far as to a match.
    pub fn within(self, steps: usize) -> Within<Self> {
        Within::new(self, steps)
    }
}

impl<'t, V> Walk for TopicMatches<'t, '_, V> {
    type Item = TopicEntry<'t, V>;

    fn step(&mut self) -> Option<Result<Self::Item, OutOfSteps>> {
        loop {
            let (node, id) = match self.select.next()? {
                Ok(found) => found,
                Err(error) => return Some(Err(error)),
            };
            if let Some(Some(value)) = self.tree.values.get(id) {
                return Some(Ok(TopicEntry { value, names: &self.tree.names, node }));
            }
        }
    }

    fn steps_mut(&mut self) -> &mut usize {
        &mut self.select.steps
    }
}

impl<'t, V> Iterator for TopicMatches<'t, '_, V> {
    type Item = TopicEntry<'t, V>;

    fn next(&mut self) -> Option<Self::Item> {
        // There are fewer nodes than steps.
        self.step()?.ok()
    }
}

impl<V> fmt::Debug for TopicMatches<'_, '_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicMatches").finish_non_exhaustive()
    }
}
