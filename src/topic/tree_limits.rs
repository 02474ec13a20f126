//! What a tree of topics takes in.

/// What a [`FilterTree`](crate::FilterTree) or a [`TopicTree`](crate::TopicTree) takes in.
///
/// ```
/// use mqtt_pure::{FilterTree, TopicFilter, TreeError, TreeLimits};
///
/// let limits = TreeLimits::new().with_max_levels(3);
/// let mut tree = FilterTree::with_limits(limits);
/// assert_eq!(tree.insert(TopicFilter::new("a/+/c")?, "client", ()), Ok(None));
/// let error = tree.insert(TopicFilter::new("a/+/c/d")?, "client", ());
/// assert_eq!(error, Err(TreeError::TooManyLevels { levels: 4, most: 3 }));
/// # Ok::<(), mqtt_pure::TopicError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TreeLimits {
    /// The largest length of a topic name, or of a filter and the name of its group together, in bytes;
    /// the default is 4,096.
    pub max_len: usize,
    /// The largest number of levels of a topic name or filter; the default is 128.
    pub max_levels: usize,
    /// The largest number of `+` in a filter; the default is 16. With each of them, a hostile set of
    /// filters can double the work for a name.
    pub max_plus: usize,
    /// The largest number of subscriptions of one subscriber; the default is 1,000.
    pub max_per_subscriber: usize,
    /// The largest number of subscriptions, or of topic names; the default is 10,000,000.
    pub max_entries: usize,
}

impl TreeLimits {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            max_len: 4_096,
            max_levels: 128,
            max_plus: 16,
            max_per_subscriber: 1_000,
            max_entries: 10_000_000,
        }
    }

    /// Whatever fits into memory.
    pub const fn unlimited() -> Self {
        Self {
            max_len: usize::MAX,
            max_levels: usize::MAX,
            max_plus: usize::MAX,
            max_per_subscriber: usize::MAX,
            max_entries: usize::MAX,
        }
    }

    /// The same with another largest length in bytes.
    #[must_use]
    pub const fn with_max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }

    /// The same with another largest number of levels.
    #[must_use]
    pub const fn with_max_levels(mut self, levels: usize) -> Self {
        self.max_levels = levels;
        self
    }

    /// The same with another largest number of `+` in a filter.
    #[must_use]
    pub const fn with_max_plus(mut self, count: usize) -> Self {
        self.max_plus = count;
        self
    }

    /// The same with another largest number of subscriptions of one subscriber.
    #[must_use]
    pub const fn with_max_per_subscriber(mut self, count: usize) -> Self {
        self.max_per_subscriber = count;
        self
    }

    /// The same with another largest number of subscriptions or of topic names.
    #[must_use]
    pub const fn with_max_entries(mut self, count: usize) -> Self {
        self.max_entries = count;
        self
    }

    /// Checks what a name or filter shows by itself.
    pub(super) fn check(&self, topic: &[u8], group: usize) -> Result<(), TreeError> {
        let len = topic.len().saturating_add(group);
        if len > self.max_len {
            return Err(TreeError::TooLong { len, most: self.max_len });
        }
        let count = |wanted: u8| topic.iter().filter(|&&byte| byte == wanted).count();
        let levels = count(b'/').saturating_add(1);
        if levels > self.max_levels {
            return Err(TreeError::TooManyLevels { levels, most: self.max_levels });
        }
        let plus = count(b'+');
        if plus > self.max_plus {
            return Err(TreeError::TooManyWildcards { count: plus, most: self.max_plus });
        }
        Ok(())
    }
}

impl Default for TreeLimits {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a tree does not take something in; the tree is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The topic is longer than [`TreeLimits::max_len`].
    #[error("{len} bytes, where at most {most} are allowed")]
    TooLong {
        /// How many it has.
        len: usize,
        /// How many it may have.
        most: usize,
    },
    /// The topic has more levels than [`TreeLimits::max_levels`].
    #[error("{levels} levels, where at most {most} are allowed")]
    TooManyLevels {
        /// How many it has.
        levels: usize,
        /// How many it may have.
        most: usize,
    },
    /// The filter has more `+` than [`TreeLimits::max_plus`].
    #[error("{count} single-level wildcards, where at most {most} are allowed")]
    TooManyWildcards {
        /// How many it has.
        count: usize,
        /// How many it may have.
        most: usize,
    },
    /// The subscriber has [`TreeLimits::max_per_subscriber`] subscriptions.
    #[error("the subscriber has {most} subscriptions, and may not have more")]
    SubscriberFull {
        /// How many it may have.
        most: usize,
    },
    /// The tree has [`TreeLimits::max_entries`] subscriptions or names, or no numbers for more.
    #[error("the tree is full: it has {len} entries")]
    Full {
        /// How many it has.
        len: usize,
    },
}
