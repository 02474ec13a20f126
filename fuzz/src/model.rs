//! The wire format of 3.1 and 3.1.1 a second time, written from the standard for the sake of
//! comparison, and what 5.0 has in common with them; `model5` has the rest of 5.0. It shares nothing
//! with the codec and favours plainness over speed.
//!
//! Its one question is [`complete`]: which whole packet can begin with these bytes? Of a packet
//! that is there in full this is the packet itself or nothing; of a part it is the part with some
//! legal end appended, or nothing if no end is legal.

use super::{
    model5,
    strings::{FIELD_MAX, Use, characters, complete_text, text_is_valid},
};
use mqtt_pure::{DecodeOptions, Role, Rule, Version};

/// What the options leave open, as the standard's reader sees it.
#[derive(Clone, Copy)]
pub struct Rules {
    pub is_3_1: bool,
    pub is_5_0: bool,
    pub max_packet_size: usize,
    pub options: DecodeOptions,
    pub is_waiting: bool,
}

impl Rules {
    pub fn new(options: DecodeOptions) -> Self {
        let max_packet_size = usize::try_from(options.max_packet_size).unwrap();
        Self {
            is_3_1: options.version == Version::V3_1,
            is_5_0: options.version == Version::V5_0,
            max_packet_size,
            options,
            is_waiting: false,
        }
    }

    /// A client identifier that is to be refused is taken: the server has an answer to it. In 5.0 a
    /// variable byte integer may be anything until it is whole, and so may properties that have not
    /// begun.
    #[must_use]
    pub fn waiting(mut self) -> Self {
        self.is_waiting = true;
        self
    }

    /// Whether the rule is applied; 5.0 itself demands the shortest form of lengths.
    pub fn refuses(&self, rule: Rule) -> bool {
        self.is_5_0 && rule == Rule::NonMinimalLength || self.options.strictness.refuses(rule)
    }

    /// Whether a packet of this side is read.
    pub fn may_come_from(&self, role: Role) -> bool {
        self.options.sender.is_none_or(|sender| sender == role)
    }

    /// Whether the bits that 3.1 does not use may have any value.
    fn ignores_unused_bits(&self, is_3_1: bool) -> bool {
        is_3_1 && !self.refuses(Rule::UnusedBitsIn3_1)
    }
}

/// The shortest way (not always the very shortest) in which these bytes go on to be a packet.
/// `None` if there is none. What follows the packet in `input` is left out.
pub fn complete(input: &[u8], rules: Rules) -> Option<Vec<u8>> {
    let Some((&first, rest)) = input.split_first() else {
        // PUBACK flows both ways.
        return Some(vec![0x40, 2, 0, 1]);
    };
    if !first_byte_is_valid(first, rules) {
        return None;
    }
    match length(rest) {
        Length::Whole { value, bytes, minimal } => {
            if !minimal && rules.refuses(Rule::NonMinimalLength) {
                return None;
            }
            complete_body(first, &rest[..bytes], value, &rest[bytes..], rules)
        }
        Length::TooLong => None,
        // One more byte is always enough: two would make the packet longer than need be.
        Length::Partial => (0..0x80).find_map(|last| {
            let mut bytes = rest.to_vec();
            bytes.push(last);
            if last == 0 && bytes.len() > 1 && rules.refuses(Rule::NonMinimalLength) {
                return None;
            }
            let Length::Whole { value, .. } = length(&bytes) else { return None };
            complete_body(first, &bytes, value, &[], rules)
        }),
    }
}

enum Length {
    Whole { value: usize, bytes: usize, minimal: bool },
    Partial,
    TooLong,
}

fn length(bytes: &[u8]) -> Length {
    let end = bytes.iter().take(4).position(|byte| *byte < 0x80);
    let Some(end) = end else {
        return if bytes.len() < 4 { Length::Partial } else { Length::TooLong };
    };
    let value = bytes[..=end].iter().rev().fold(0, |v, byte| v * 128 + usize::from(byte % 128));
    Length::Whole { value, bytes: end + 1, minimal: end == 0 || bytes[end] != 0 }
}

/// The number that the Remaining Length at the front of these bytes says, and how long it is.
pub fn remaining_length(bytes: &[u8]) -> Option<(usize, usize)> {
    match length(bytes) {
        Length::Whole { value, bytes, .. } => Some((value, bytes)),
        Length::Partial | Length::TooLong => None,
    }
}

/// The Remaining Length of this value in its shortest form.
pub fn length_bytes(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value % 128).unwrap();
        value /= 128;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

pub fn first_byte_is_valid(first: u8, rules: Rules) -> bool {
    let (number, flags) = (first >> 4, first & 15);
    let flows = match number {
        1 | 8 | 10 | 12 => rules.may_come_from(Role::Client),
        2 | 9 | 11 | 13 => rules.may_come_from(Role::Server),
        14 => rules.is_5_0 || rules.may_come_from(Role::Client),
        _ => true,
    };
    if !flows {
        return false;
    }
    let expected = match number {
        15 if rules.is_5_0 => 0,
        1 | 2 | 4 | 5 | 7 | 9 | 11..=14 => 0,
        6 | 8 | 10 => 2,
        3 => {
            let qos = flags >> 1 & 3;
            let dup = flags & 8 != 0;
            return qos != 3 && (qos != 0 || !dup || !rules.refuses(Rule::DupAtQos0));
        }
        _ => return false,
    };
    if rules.ignores_unused_bits(rules.is_3_1) {
        return expected == 0 || flags & 6 == 2;
    }
    let is_answer = matches!(number, 2 | 4 | 5 | 7 | 9 | 11 | 13);
    flags == expected || is_answer && !rules.refuses(Rule::AckFlags)
}

fn complete_body(
    first: u8,
    length: &[u8],
    value: usize,
    rest: &[u8],
    rules: Rules,
) -> Option<Vec<u8>> {
    if 1 + length.len() + value > rules.max_packet_size {
        return None;
    }
    let known = &rest[..rest.len().min(value)];
    let fits_5_0 = length.last() != Some(&0) || length.len() == 1;
    let of_5_0 = || model5::complete_body(first, known, value, rules).filter(|_| fits_5_0);
    let body = if first >> 4 == 1 {
        // A CONNECT names its version itself. All but 3.1 want the flags of the first byte to be zero.
        let of_5_0 = || if first & 15 == 0 { of_5_0() } else { None };
        complete_body_of_3(first, known, value, rules).or_else(of_5_0)
    } else if rules.is_5_0 {
        of_5_0()
    } else {
        complete_body_of_3(first, known, value, rules)
    }?;
    let mut packet = vec![first];
    packet.extend_from_slice(length);
    packet.extend_from_slice(&body);
    Some(packet)
}

fn complete_body_of_3(first: u8, known: &[u8], len: usize, rules: Rules) -> Option<Vec<u8>> {
    let tape = Tape { known, body: Vec::new(), len };
    match first >> 4 {
        1 => connect(&tape, first, rules),
        2 => connack(tape, rules),
        3 => publish(tape, first, rules),
        4..=7 | 11 => acknowledgement(tape),
        8 => subscribe(tape, rules),
        9 => suback(tape, rules),
        10 => unsubscribe(tape, rules),
        _ => Some(tape),
    }?
    .finish()
}

/// The body of a packet while it is being filled in: known bytes as long as there are any.
#[derive(Clone)]
struct Tape<'a> {
    known: &'a [u8],
    body: Vec<u8>,
    len: usize,
}

impl<'a> Tape<'a> {
    fn left(&self) -> usize {
        self.len - self.body.len()
    }

    fn finish(self) -> Option<Vec<u8>> {
        (self.left() == 0).then_some(self.body)
    }

    /// The known ones of the next `count` bytes.
    fn peek(&self, count: usize) -> &'a [u8] {
        let rest = self.known.get(self.body.len()..).unwrap_or_default();
        &rest[..rest.len().min(count)]
    }

    /// One byte: the known one if it is allowed, else the first one that is.
    fn byte(&mut self, is_allowed: impl Fn(u8) -> bool) -> Option<u8> {
        if self.left() == 0 {
            return None;
        }
        let byte = match *self.peek(1) {
            [byte] => Some(byte).filter(|byte| is_allowed(*byte)),
            _ => (0..=255).find(|byte| is_allowed(*byte)),
        }?;
        self.body.push(byte);
        Some(byte)
    }

    /// A two-byte number: as far as known, else the smallest that is allowed and not below `from`.
    fn number(&mut self, from: usize, is_allowed: impl Fn(usize) -> bool) -> Option<usize> {
        if self.left() < 2 {
            return None;
        }
        let (low, high) = match *self.peek(2) {
            [a, b] => {
                (usize::from(a) * 256 + usize::from(b), usize::from(a) * 256 + usize::from(b))
            }
            [a] => (usize::from(a) * 256, usize::from(a) * 256 + 255),
            _ => (from, FIELD_MAX.min(self.left())),
        };
        let value = (low..=high).find(|value| is_allowed(*value))?;
        self.body.extend_from_slice(&u16::try_from(value).unwrap().to_be_bytes());
        Some(value)
    }

    fn packet_id(&mut self) -> Option<()> {
        self.number(1, |id| id != 0).map(|_| ())
    }

    /// A length-prefixed field of at least `min` bytes after which `rest` accepts what is left.
    fn field(
        &mut self,
        min: usize,
        most_after: usize,
        rest: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let left = self.left().checked_sub(2)?;
        let from = min.max(left.saturating_sub(most_after));
        self.number(from, |len| len >= min && len <= left && rest(left - len))
    }

    fn bytes(&mut self, len: usize) {
        let known = self.peek(len);
        self.body.extend_from_slice(known);
        self.body.resize(self.body.len() + len - known.len(), 0);
    }

    fn text(&mut self, len: usize, usage: Use, chars: Option<usize>, rules: Rules) -> Option<()> {
        let text = complete_text(self.peek(len), len, usage, chars.is_some())?;
        let fits = chars.is_none_or(|max| characters(&text).is_some_and(|c| c.len() <= max));
        if !fits || !text_is_valid(&text, usage, rules.refuses(Rule::DiscouragedCharacters)) {
            return None;
        }
        self.body.extend_from_slice(&text);
        Some(())
    }
}

fn connack(mut tape: Tape<'_>, rules: Rules) -> Option<Tape<'_>> {
    let flags = if rules.ignores_unused_bits(rules.is_3_1) {
        tape.byte(|_| true)
    } else if rules.is_3_1 {
        tape.byte(|flags| flags == 0)
    } else {
        tape.byte(|flags| flags <= 1)
    }?;
    tape.byte(|code| code == 0 || code <= 5 && (rules.is_3_1 || flags == 0))?;
    Some(tape)
}

fn publish(mut tape: Tape<'_>, first: u8, rules: Rules) -> Option<Tape<'_>> {
    let has_id = first & 6 != 0;
    let after = if has_id { 2 } else { 0 };
    let len = tape.field(1, usize::MAX, |left| left >= after)?;
    tape.text(len, Use::Name, None, rules)?;
    if has_id {
        tape.packet_id()?;
    }
    tape.bytes(tape.left());
    Some(tape)
}

fn acknowledgement(mut tape: Tape<'_>) -> Option<Tape<'_>> {
    tape.packet_id()?;
    Some(tape)
}

fn subscribe(mut tape: Tape<'_>, rules: Rules) -> Option<Tape<'_>> {
    tape.packet_id()?;
    let ignores = rules.ignores_unused_bits(rules.is_3_1);
    while {
        // One byte of QoS, then nothing or another filter of a character at least.
        let len = tape.field(1, 1, |left| left == 1 || left > 4)?;
        tape.text(len, Use::Filter, None, rules)?;
        tape.byte(|qos| qos < 3 || ignores && qos % 4 != 3)?;
        tape.left() > 0
    } {}
    Some(tape)
}

fn unsubscribe(mut tape: Tape<'_>, rules: Rules) -> Option<Tape<'_>> {
    tape.packet_id()?;
    while {
        let len = tape.field(1, 0, |left| left == 0 || left >= 3)?;
        tape.text(len, Use::Filter, None, rules)?;
        tape.left() > 0
    } {}
    Some(tape)
}

fn suback(mut tape: Tape<'_>, rules: Rules) -> Option<Tape<'_>> {
    tape.packet_id()?;
    let has_failure = !rules.is_3_1 || !rules.refuses(Rule::SubackFailureIn3_1);
    while {
        tape.byte(|code| code <= 2 || code == 0x80 && has_failure)?;
        tape.left() > 0
    } {}
    Some(tape)
}

fn connect<'a>(tape: &Tape<'a>, first: u8, rules: Rules) -> Option<Tape<'a>> {
    // Where the flags are not known yet, few fields make a short packet and many a long one.
    let tries = [(true, 0x02), (true, 0xc6), (false, 0x02), (false, 0xc6)];
    let mut possible = tries.into_iter().filter(|(is_3_1, _)| *is_3_1 || first & 15 == 0);
    possible.find_map(|(is_3_1, flags)| connect_as(tape.clone(), is_3_1, flags, rules))
}

fn connect_as(mut tape: Tape<'_>, is_3_1: bool, flags: u8, rules: Rules) -> Option<Tape<'_>> {
    let start: &[u8] = if is_3_1 { b"\0\x06MQIsdp\x03" } else { b"\0\x04MQTT\x04" };
    let level_at = start.len() - 1;
    for (at, expected) in start.iter().enumerate() {
        let has_bridge_bit = at == level_at && !rules.refuses(Rule::BridgeBit);
        tape.byte(|byte| byte == *expected || has_bridge_bit && byte == *expected + 0x80)?;
    }
    let flags = tape.peek(1).first().copied().unwrap_or(flags);
    let is_set = |bit: u8| flags & bit != 0;
    if is_set(0x01) && !rules.ignores_unused_bits(is_3_1)
        || !is_set(0x04) && is_set(0x38) && !is_3_1
        || is_set(0x04) && flags & 0x18 == 0x18
        || is_set(0x40) && !is_set(0x80)
    {
        return None;
    }
    tape.byte(|_| true).filter(|_| tape.left() > 0)?;
    *tape.body.last_mut()? = flags;
    tape.number(0, |_| true)?;

    let user_and_password = usize::from(is_set(0x80)) + usize::from(is_set(0x40));
    // The fields that must follow, by their least and their greatest number, in bytes.
    let must = |wills: &[usize], left: usize| {
        let least: usize = wills.iter().sum();
        let most = wills.len() * (FIELD_MAX + 2);
        let spare =
            if is_3_1 { 0..=user_and_password } else { user_and_password..=user_and_password };
        spare.into_iter().any(|n| (least + 2 * n..=most + (FIELD_MAX + 2) * n).contains(&left))
    };
    let wills: &[usize] = if is_set(0x04) { &[3, 2] } else { &[] };
    let most_after = (wills.len() + user_and_password) * (FIELD_MAX + 2);
    let is_short = is_3_1 && rules.refuses(Rule::ClientIdLengthIn3_1) && !rules.is_waiting;
    let min = usize::from((is_3_1 || !is_set(0x02)) && !rules.is_waiting);
    let len = tape.field(min, most_after, |left| must(wills, left))?;
    tape.text(len, Use::Plain, is_short.then_some(23), rules)?;
    if is_set(0x04) {
        let len = tape.field(1, most_after - FIELD_MAX - 2, |left| must(&[2], left))?;
        tape.text(len, Use::Name, None, rules)?;
        let len = tape.field(0, user_and_password * (FIELD_MAX + 2), |left| must(&[], left))?;
        tape.bytes(len);
    }
    if is_set(0x80) && (!is_3_1 || tape.left() > 0) {
        let (least, most) = if is_set(0x40) { (2, FIELD_MAX + 2) } else { (0, 0) };
        let len =
            tape.field(0, most, |left| is_3_1 && left == 0 || (least..=most).contains(&left))?;
        tape.text(len, Use::Plain, None, rules)?;
    }
    if is_set(0x40) && (!is_3_1 || tape.left() > 0) {
        let len = tape.field(0, 0, |left| left == 0)?;
        tape.bytes(len);
    }
    Some(tape)
}

/// Whether a valid packet is written as a sender of its version would: the shortest length, all
/// unused bits as they are to be sent, no flag for a field that is not there.
pub fn is_canonical(packet: &[u8], rules: Rules) -> bool {
    let first = packet[0];
    let Length::Whole { bytes, minimal: true, .. } = length(&packet[1..]) else { return false };
    let body = &packet[1 + bytes..];
    let flags = first & 15;
    if rules.is_5_0 && first >> 4 != 1 {
        return model5::is_canonical(first, body);
    }
    let (flags_are_plain, body_is_plain) = match first >> 4 {
        1 => (flags == 0, connect_is_canonical(body)),
        2 => (flags == 0, !rules.is_3_1 || body[0] == 0),
        3 => (flags & 0x0e != 0x08, true),
        6 | 10 => (flags == 2, true),
        8 => (flags == 2, qos_bytes(body).iter().all(|qos| *qos < 3)),
        _ => (flags == 0, true),
    };
    flags_are_plain && body_is_plain
}

/// The requested QoS bytes of a valid SUBSCRIBE.
fn qos_bytes(body: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut rest = &body[2..];
    while let [high, low, after @ ..] = rest {
        let len = usize::from(*high) * 256 + usize::from(*low);
        all.push(after[len]);
        rest = &after[len + 1..];
    }
    all
}

fn connect_is_canonical(body: &[u8]) -> bool {
    let is_3_1 = body[1] == 6;
    let level_at = if is_3_1 { 8 } else { 6 };
    let (level, flags) = (body[level_at], body[level_at + 1]);
    if level & 0x7f == 5 {
        return level == 5;
    }
    let mut fields = 0;
    let mut rest = &body[level_at + 4..];
    while let [high, low, after @ ..] = rest {
        fields += 1;
        rest = &after[usize::from(*high) * 256 + usize::from(*low)..];
    }
    let has = |bit: u8| u32::from(flags & bit != 0);
    let announced = 1 + 2 * has(0x04) + has(0x80) + has(0x40);
    let will_bits = flags & 0x04 != 0 || flags & 0x38 == 0;
    level < 0x80 && flags & 1 == 0 && will_bits && announced == fields
}
