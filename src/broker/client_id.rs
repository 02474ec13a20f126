//! The name of a client, shared by all who know it.

use alloc::{string::String, sync::Arc};
use core::{borrow::Borrow, fmt, ops::Deref};

/// A client identifier, which names a session.
///
/// A clone shares the bytes with the original.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "String", from = "String")
)]
pub struct ClientId(Arc<str>);

impl ClientId {
    /// As a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ClientId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for ClientId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.as_str().into()
    }
}

impl Deref for ClientId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
