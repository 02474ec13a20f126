//! Verdicts on fields that are not all there, or not as they should be.

use super::{
    ErrorKind, Field,
    content::{Content, first_fault},
    fields::Fields,
    room::Room,
    watch::Watch,
};
use crate::wire::varint::{self, Varint};

impl<'a, W: Watch<'a>> Fields<'a, '_, W> {
    #[cold]
    pub(crate) fn strange_varint(&mut self, field: Field) -> Result<u32, W::Fault> {
        let start = self.at();
        let rest = self.rest();
        match varint::decode(rest) {
            Varint::Whole { value, len, .. } => {
                // [MQTT-1.5.5-1]
                self.breach(ErrorKind::NonMinimalLength, field, start, value)?;
                self.go_on_with(rest.get(usize::from(len)..).unwrap_or_default());
                Ok(value)
            }
            Varint::TooLong { .. } => Err(self.error(ErrorKind::VarintTooLong, field, start, 0)),
            Varint::Partial { .. } => Err(self.short(field, rest.len().saturating_add(1))),
        }
    }

    /// The verdict on a field of a fixed length that is not all there.
    #[cold]
    #[inline(never)]
    pub(crate) fn short(&mut self, field: Field, len: usize) -> W::Fault {
        if len <= self.left() {
            self.wait();
        }
        self.error(ErrorKind::TruncatedField, field, self.at(), 0)
    }

    /// The verdict on a length-prefixed field that is not all there, or not what must follow it.
    #[cold]
    #[inline(never)]
    pub(crate) fn short_prefixed(
        &mut self,
        field: Field,
        room: Room,
        content: Content,
    ) -> W::Fault {
        let at = self.at();
        let (len, present) = match self.rest() {
            [] => (0, None),
            [high] => (usize::from(u16::from_be_bytes([*high, 0])), None),
            [high, low, rest @ ..] => {
                let len = usize::from(u16::from_be_bytes([*high, *low]));
                (len, Some(rest.get(..len).unwrap_or(rest)))
            }
        };
        let needed = len.saturating_add(2);
        let left = self.left().checked_sub(needed);
        if left.is_none_or(|left| left < room.bytes) {
            return match room.bytes {
                0 => self.error(ErrorKind::TruncatedField, field, at, 0),
                _ => self.lack(room, left.unwrap_or(1)),
            };
        }
        if present.is_some()
            && let Some(left) = left
            && let Err(error) = self.check_room(room, left, at.saturating_add(needed))
        {
            return error;
        }
        if let Some(present) = present {
            let missing = len.saturating_sub(present.len());
            let discouraged = self.refuses_discouraged();
            if let Some((kind, fault_at, value)) =
                first_fault(present, missing, content, discouraged)
            {
                return self.error(
                    kind,
                    field,
                    at.saturating_add(2).saturating_add(fault_at),
                    value,
                );
            }
        }
        self.wait();
        self.error(ErrorKind::TruncatedField, field, at, 0)
    }
}
