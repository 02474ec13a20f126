//! The requests of a client that the application has not answered.

use super::fault::CommandError;
use crate::types::PacketId;
use alloc::vec::Vec;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Subscribe,
    Unsubscribe,
}

/// In the order in which they came; there are few.
#[derive(Default)]
pub(super) struct Requests(Vec<(Kind, PacketId, u32)>);

impl Requests {
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn push(&mut self, kind: Kind, id: PacketId, filters: usize) {
        self.0.push((kind, id, u32::try_from(filters).unwrap_or(u32::MAX)));
    }

    /// Where the request is that is answered by so many codes.
    pub(super) fn find(
        &self,
        kind: Kind,
        id: PacketId,
        codes: Option<usize>,
    ) -> Result<usize, CommandError> {
        let place = self.0.iter().position(|&(k, i, _)| (k, i) == (kind, id));
        let at = place.ok_or(CommandError::Unknown)?;
        let asked = self.0.get(at).map_or(0, |(.., filters)| *filters);
        match codes {
            // [MQTT-3.8.4-5]; 5.0: [MQTT-3.8.4-6] [MQTT-3.11.3-1]
            Some(given) if u32::try_from(given) != Ok(asked) => {
                Err(CommandError::CodeCount { asked, given })
            }
            _ => Ok(at),
        }
    }

    pub(super) fn remove(&mut self, at: usize) {
        if at < self.0.len() {
            self.0.remove(at);
        }
        if self.0.is_empty() {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        self.0 = Vec::new();
    }
}
