//! Reads protocol name and level, which together name the version.

use super::{
    DecodeError, ErrorKind, Field, Rule, content::Content, explain::Value, fields::Fields, frame,
    room::Room, watch::Watch,
};
use crate::{types::Version, wire::Text};

impl<'a, W: Watch<'a>> Fields<'a, '_, W> {
    /// The version that a CONNECT names.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn connect_version(&mut self, first: u8) -> Result<Version, W::Fault> {
        if !W::TELLS {
            return self.plain_version();
        }
        self.check_flags(first)?;
        let name = self.protocol_name()?;
        if let Some(version) = Version::of_name(name) {
            self.version = version;
            self.named();
        }
        let start = self.at();
        let level = self.u8(Field::ProtocolLevel)?;
        self.saw(Field::ProtocolLevel, start, Value::Number(level.into()));
        let versions = self.options.versions;
        let bridge =
            || Version::from_wire(name, level & 0x7f).filter(|_| !self.refuses(Rule::BridgeBit));
        let named = Version::from_wire(name, level).or_else(bridge);
        match named.filter(|version| versions.contains(*version)) {
            Some(version) => Ok(version),
            // [MQTT-3.1.2-2]
            None => {
                self.breach(ErrorKind::ProtocolLevel, Field::ProtocolLevel, start, level.into())?;
                Ok(self.version())
            }
        }
    }

    /// [`Self::connect_version`] for a glance, which leaves 3.1 to those who look closer, and is spared
    /// all questions about it.
    #[inline(always)]
    fn plain_version(&mut self) -> Result<Version, W::Fault> {
        let versions = self.options.versions;
        // No CONNECT has fewer bytes than these, so one question is enough for the fields in them. The
        // name is compared with its length, as one value.
        let Some(([name @ .., level, _, _, _, _, _], _)) = self.rest().split_first_chunk::<12>()
        else {
            return Err(self.strange());
        };
        let is_name = name == b"\0\x04MQTT";
        let named = Version::from_wire(b"MQTT", *level);
        match named.filter(|version| is_name && versions.contains(*version)) {
            Some(version) => {
                self.go_on_with(self.rest().get(7..).unwrap_or_default());
                Ok(version)
            }
            None => Err(self.strange()),
        }
    }

    /// Makes sure that the Remaining Length was in its shortest form, if the version that the CONNECT
    /// names demands it and the one that was assumed before did not.
    pub(crate) fn check_minimal(
        &mut self,
        header_len: usize,
        remaining_length: usize,
    ) -> Result<(), W::Fault> {
        let rule = Rule::NonMinimalLength;
        let is_told = !self.refuses(rule) || self.options.refuses(rule);
        if is_told || frame::is_minimal(header_len, remaining_length) {
            return Ok(());
        }
        let value = u32::try_from(remaining_length).unwrap_or(u32::MAX);
        // [MQTT-1.5.5-1]
        self.breach(ErrorKind::NonMinimalLength, Field::RemainingLength, 1, value)
    }

    /// Makes sure that the flags in the first byte are zero, if 3.1 was assumed, to which they mean
    /// nothing, and the protocol name has not its length.
    fn check_flags(&mut self, first: u8) -> Result<(), W::Fault> {
        let flags = first & 0x0f;
        let is_told = flags == 0 || self.options.refuses(Rule::UnusedBitsIn3_1);
        if is_told || matches!(self.rest(), [] | [0] | [0, 6, ..]) {
            return Ok(());
        }
        self.version = Version::DEFAULT;
        self.named();
        // [MQTT-2.2.2-2]; 5.0: [MQTT-2.1.3-1]
        self.breach(ErrorKind::ReservedFlags, Field::FixedHeader, 0, flags.into())
    }

    /// The protocol name of one of the versions.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    fn protocol_name(&mut self) -> Result<&'a [u8], W::Fault> {
        let field = Field::ProtocolName;
        let start = self.at();
        let Some(name) = self.any_prefixed() else {
            return self.tell(|r| Err(r.short_protocol_name()));
        };
        self.saw(field, start, Value::Text(Text::from_checked(name)));
        if name.len() == 6 {
            self.check_length_of_3_1(self.left())?;
        }
        if name != b"MQTT" && name != b"MQIsdp" {
            // [MQTT-3.1.2-1]
            self.breach(ErrorKind::ProtocolName, field, start, 0)?;
        }
        Ok(name)
    }

    /// Makes sure that a CONNECT of 3.1 has place for level, flags, keep alive and a client
    /// identifier after the protocol name.
    #[inline]
    fn check_length_of_3_1(&mut self, left: usize) -> Result<(), W::Fault> {
        if left >= 6 {
            return Ok(());
        }
        let (packet_type, kind) = (Some(self.packet_type), ErrorKind::TruncatedField);
        let at = self.packet_end();
        Err(DecodeError::new(kind, packet_type, Field::ClientId, Version::OLDEST, at, 0).into())
    }

    /// The verdict on a protocol name that is not all there.
    #[cold]
    fn short_protocol_name(&mut self) -> W::Fault {
        let (start, field) = (self.at(), Field::ProtocolName);
        let rest = self.rest();
        if let ([0, 6, ..], Some(left)) = (rest, self.left().checked_sub(8))
            && let Err(error) = self.check_length_of_3_1(left)
        {
            return error;
        }
        let can_become = |wire: &[u8]| rest.iter().zip(wire).all(|(a, b)| a == b);
        if !can_become(b"\0\x04MQTT") && !can_become(b"\0\x06MQIsdp") {
            return self.error(ErrorKind::ProtocolName, field, start, 0);
        }
        self.short_prefixed(field, Room::ANY, Content::Binary)
    }
}
