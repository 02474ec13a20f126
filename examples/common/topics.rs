//! Topic names and topic filters as a version knows them: from bytes, with the codes of the conformance
//! vectors. Knows neither files nor cases.
#![allow(dead_code, reason = "each program that includes this file uses a part of it")]

use mqtt_pure::{ErrorKind, Share, TextError, TopicError, TopicFilter, TopicName, Version};
use std::str;

/// Why bytes are no topic.
pub struct Fault {
    /// A string that does not fit its length field has no code, since no bytes can show it.
    pub code: Option<&'static str>,
    /// The same in words of this crate.
    pub native: String,
}

/// The topic name that the bytes are; it is the same for all versions.
pub fn name(bytes: &[u8]) -> Result<TopicName<'_>, Fault> {
    TopicName::new(text(bytes)?).map_err(Fault::from)
}

/// The topic filter that the bytes are. What begins like a shared subscription has to be one in 5.0.
pub fn filter(bytes: &[u8], version: Version) -> Result<TopicFilter<'_>, Fault> {
    let filter = TopicFilter::new(text(bytes)?)?;
    if version == Version::V5_0 && filter.is_shared() && filter.share().is_none() {
        let native = "begins with $share/ and is no shared subscription".to_owned();
        return Err(Fault { code: Some(ErrorKind::SharedSubscription.code()), native });
    }
    Ok(filter)
}

/// The parts of a shared subscription, which no version before 5.0 has.
pub fn share(filter: TopicFilter<'_>, version: Version) -> Option<Share<'_>> {
    if version == Version::V5_0 { filter.share() } else { None }
}

/// Whether a message with this name is one for this filter.
pub fn matches(filter: TopicFilter<'_>, name: TopicName<'_>, version: Version) -> bool {
    share(filter, version).map_or(filter, |share| share.filter).matches(name)
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    str::from_utf8(bytes).map_err(|error| {
        let code = Some(ErrorKind::IllFormedUtf8.code());
        Fault { code, native: error.to_string() }
    })
}

impl From<TopicError> for Fault {
    fn from(error: TopicError) -> Self {
        let kind = match error {
            TopicError::Empty => Some(ErrorKind::EmptyTopic),
            TopicError::WildcardInName { .. } => Some(ErrorKind::WildcardInTopicName),
            TopicError::MisplacedWildcard { .. } => Some(ErrorKind::MisplacedWildcard),
            TopicError::Text(TextError::Nul { .. }) => Some(ErrorKind::HasNul),
            _ => None,
        };
        Self { code: kind.map(ErrorKind::code), native: error.to_string() }
    }
}
