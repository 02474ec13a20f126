//! Reads pcap and pcapng block by block, so that a capture may be of any size.

use crate::{
    Failure,
    input::Reader,
    net::{self, Segment},
};
use pcap_parser::{
    Block, Linktype, PcapBlockOwned, PcapError, create_reader, traits::PcapNGPacketBlock,
};
use std::{collections::BTreeMap, time::Duration};

const BUFFER: usize = 256 << 10;
const MAX_BUFFER: usize = 64 << 20;

/// What became of a capture.
#[derive(Debug, Default)]
pub struct End {
    /// It stops in the middle of a record.
    pub is_cut: bool,
    /// How many records there are.
    pub records: u64,
    /// How many fragments of IP packets were passed over.
    pub fragments: u64,
    /// How many records have a link type that is not known here.
    pub unknown_links: BTreeMap<i32, u64>,
}

/// How an interface records.
struct Interface {
    link: Linktype,
    /// Units of time in a second.
    resolution: u128,
}

/// Hands each TCP segment to `see`, with the time since the first record.
pub fn read(
    input: Reader,
    mut see: impl FnMut(Duration, Segment<'_>) -> Result<(), Failure>,
) -> Result<End, Failure> {
    let unreadable = |why| Failure::Input(format!("the capture cannot be read: {why}"));
    let mut reader = create_reader(BUFFER, input).map_err(|error| unreadable(explain(&error)))?;
    let mut records = Records::default();
    let mut capacity = BUFFER;
    loop {
        let next = reader.next().map(|(len, block)| {
            let result = match records.read(&block) {
                Some((time, Ok(segment))) => see(time, segment),
                Some((_, Err(other))) => {
                    records.end.count(other);
                    Ok(())
                }
                None => Ok(()),
            };
            (len, result)
        });
        match next {
            Ok((len, result)) => {
                result?;
                reader.consume(len);
            }
            Err(PcapError::Eof) => return Ok(records.end),
            Err(PcapError::UnexpectedEof) => break,
            Err(PcapError::Incomplete(_)) => {
                if reader.reader_exhausted() {
                    break;
                }
                reader.refill().map_err(|error| unreadable(explain(&error)))?;
            }
            Err(PcapError::BufferTooSmall) if capacity < MAX_BUFFER => {
                capacity *= 2;
                reader.grow(capacity);
                reader.refill().map_err(|error| unreadable(explain(&error)))?;
            }
            Err(error) => {
                let why = explain(&error);
                let records = records.end.records;
                return Err(unreadable(format!("{why}, after {records} records")));
            }
        }
    }
    records.end.is_cut = true;
    Ok(records.end)
}

fn explain<I>(error: &PcapError<I>) -> String {
    match error {
        PcapError::Eof | PcapError::UnexpectedEof | PcapError::Incomplete(_) => {
            "it ends within its header".to_owned()
        }
        PcapError::BufferTooSmall => "a record is too large".to_owned(),
        PcapError::ReadError => "reading failed".to_owned(),
        PcapError::HeaderNotRecognized => "it is neither pcap nor pcapng".to_owned(),
        PcapError::NomError(..) | PcapError::OwnedNomError(..) => "a record is damaged".to_owned(),
    }
}

impl End {
    fn count(&mut self, other: net::Other) {
        match other {
            net::Other::Fragment => self.fragments += 1,
            net::Other::UnknownLink(link) => *self.unknown_links.entry(link).or_default() += 1,
            net::Other::NotTcp => {}
        }
    }
}

#[derive(Default)]
struct Records {
    interfaces: Vec<Interface>,
    first: Option<u128>,
    last: Duration,
    end: End,
}

impl Records {
    /// The segment in a block that has a packet.
    fn read<'b>(
        &mut self,
        block: &'b PcapBlockOwned<'_>,
    ) -> Option<(Duration, Result<Segment<'b>, net::Other>)> {
        let (interface, units, data) = match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let resolution =
                    if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
                self.interfaces = vec![Interface { link: header.network, resolution }];
                return None;
            }
            PcapBlockOwned::Legacy(record) => {
                let interface = self.interfaces.first()?;
                let seconds = u128::from(record.ts_sec).saturating_mul(interface.resolution);
                (interface, Some(seconds.saturating_add(record.ts_usec.into())), record.data)
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => {
                self.interfaces.clear();
                return None;
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(block)) => {
                let link = block.linktype;
                self.interfaces.push(Interface { link, resolution: resolution(block.if_tsresol) });
                return None;
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(block)) => {
                let interface = self.interfaces.get(usize::try_from(block.if_id).ok()?)?;
                let units = u128::from(block.ts_high) << 32 | u128::from(block.ts_low);
                (interface, Some(units), block.packet_data())
            }
            PcapBlockOwned::NG(Block::SimplePacket(block)) => {
                (self.interfaces.first()?, None, block.packet_data())
            }
            PcapBlockOwned::NG(_) => return None,
        };
        self.end.records += 1;
        if let Some(units) = units {
            let nanoseconds = units.saturating_mul(1_000_000_000) / interface.resolution;
            let since = nanoseconds.saturating_sub(*self.first.get_or_insert(nanoseconds));
            self.last = Duration::from_nanos(u64::try_from(since).unwrap_or(u64::MAX));
        }
        Some((self.last, net::segment(interface.link, data)))
    }
}

/// The option `if_tsresol`: a power of ten, or of two with the top bit set.
fn resolution(option: u8) -> u128 {
    let exponent = u32::from(option & 0x7f);
    let resolution = if option & 0x80 == 0 {
        10_u128.checked_pow(exponent)
    } else {
        1_u128.checked_shl(exponent)
    };
    resolution.unwrap_or(1_000_000)
}
