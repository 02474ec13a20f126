//! What a packet of 5.0 is read from for the second reading of the standard: the bytes that have
//! arrived, and then bytes of its own choice.

use super::{
    model::{Rules, length_bytes},
    properties5::{self, Holder, Kind, USER_PROPERTY},
    strings::{FIELD_MAX, Use, complete_text, share_is_valid, text_is_valid},
};
use mqtt_pure::Rule;

/// The body of a packet while it is being read: known bytes as long as there are any, then chosen
/// ones.
pub struct Tape<'a> {
    pub known: &'a [u8],
    pub body: Vec<u8>,
    /// Where the packet ends, or the properties while these are read.
    pub end: usize,
    /// Which possibility is taken of how many, for one choice after the other.
    pub choices: Vec<(usize, usize)>,
    pub chosen: usize,
    pub rules: Rules,
    /// Whether the known bytes end within a variable byte integer.
    pub is_open: bool,
    /// Whether a payload takes what the fields leave.
    pub has_payload: bool,
}

impl<'a> Tape<'a> {
    pub fn left(&self) -> usize {
        self.end - self.body.len()
    }

    /// The known ones of the next `count` bytes.
    pub fn peek(&self, count: usize) -> &'a [u8] {
        let rest = self.known.get(self.body.len()..).unwrap_or_default();
        &rest[..rest.len().min(count)]
    }

    /// One of these.
    pub fn choose<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() {
            return None;
        }
        if self.chosen == self.choices.len() {
            self.choices.push((0, from.len()));
        }
        self.chosen += 1;
        Some(from[self.choices[self.chosen - 1].0])
    }

    /// One byte: the known one, else one of `tries`.
    pub fn byte(&mut self, is_allowed: impl Fn(u8) -> bool, tries: &[u8]) -> Option<u8> {
        if self.left() == 0 {
            return None;
        }
        let byte = match *self.peek(1) {
            [byte] => byte,
            _ => self.choose(tries)?,
        };
        self.body.push(byte);
        Some(byte).filter(|byte| is_allowed(*byte))
    }

    /// A byte out of this list.
    pub fn one_of(&mut self, list: &[u8]) -> Option<u8> {
        self.byte(|byte| list.contains(&byte), &list[..list.len().min(1)])
    }

    /// A two-byte number: the known one, else one of `tries` or one that begins with the known byte.
    pub fn number(&mut self, is_allowed: impl Fn(usize) -> bool, tries: &[usize]) -> Option<usize> {
        if self.left() < 2 {
            return None;
        }
        let value = match *self.peek(2) {
            [a, b] => usize::from(a) * 256 + usize::from(b),
            [a] => {
                let least = usize::from(a) * 256;
                let fitting = tries.iter().copied().filter(|value| value / 256 == usize::from(a));
                let all: Vec<_> =
                    fitting.chain(least..least + 6).filter(|v| is_allowed(*v)).collect();
                self.choose(&all)?
            }
            _ => {
                let all: Vec<_> = tries.iter().copied().filter(|v| is_allowed(*v)).collect();
                self.choose(&all)?
            }
        };
        self.body.extend_from_slice(&u16::try_from(value).unwrap().to_be_bytes());
        Some(value).filter(|value| is_allowed(*value))
    }

    /// A number of so many bytes, of which some values are not allowed.
    pub fn wide_number(&mut self, count: usize, is_zero_allowed: bool) -> Option<()> {
        if self.left() < count {
            return None;
        }
        let mut bytes = self.peek(count).to_vec();
        let is_whole = bytes.len() == count;
        bytes.resize(count, 0);
        if !is_whole && !is_zero_allowed {
            *bytes.last_mut()? = 1;
        }
        self.body.extend_from_slice(&bytes);
        (is_zero_allowed || bytes.iter().any(|byte| *byte != 0)).then_some(())
    }

    /// A variable byte integer in its shortest form.
    pub fn varint(&mut self, tries: &[usize]) -> Option<usize> {
        let known = self.peek(4);
        let bytes = match known.iter().position(|byte| *byte < 0x80) {
            Some(end) => known[..=end].to_vec(),
            None if known.len() == 4 => return None,
            None => {
                self.is_open = !known.is_empty();
                let all: Vec<_> = tries.iter().map(|value| length_bytes(*value)).collect();
                let fitting: Vec<_> = (0..all.len())
                    .filter(|at| all[*at].starts_with(known) && all[*at].len() <= self.left())
                    .collect();
                all[self.choose(&fitting)?].clone()
            }
        };
        if bytes.len() > self.left() || bytes.len() > 1 && bytes.last() == Some(&0) {
            return None;
        }
        self.body.extend_from_slice(&bytes);
        Some(bytes.iter().rev().fold(0, |value, byte| value * 128 + usize::from(byte % 128)))
    }

    /// The length of a field of at least `min` bytes.
    pub fn field(&mut self, min: usize) -> Option<usize> {
        let left = self.left().checked_sub(2)?;
        let most = (0..=12).filter_map(|less| left.checked_sub(less));
        let tries: Vec<_> = most.chain([FIELD_MAX, min, min + 1]).collect();
        // In front of what may be of any length, a short field is as good as a long one.
        let tries = if self.has_payload { [&[1], &tries[..]].concat() } else { tries };
        self.number(|len| len >= min && len <= left.min(FIELD_MAX), &tries)
    }

    pub fn binary(&mut self) -> Option<()> {
        let len = self.field(0)?;
        self.bytes(len);
        Some(())
    }

    pub fn bytes(&mut self, len: usize) {
        let known = self.peek(len);
        self.body.extend_from_slice(known);
        self.body.resize(self.body.len() + len - known.len(), 0);
    }

    /// A string of at least `min` bytes.
    pub fn text(&mut self, usage: Use, min: usize) -> Option<Vec<u8>> {
        let len = self.field(min)?;
        let known = self.peek(len);
        let mut text = complete_text(known, len, usage, false)?;
        if usage == Use::Filter && known.starts_with(b"$share/") && share_is_valid(&text).is_none()
        {
            // What is missing of a shared subscription is a filter after the name.
            let open = text.len().checked_sub(known.len()).filter(|open| *open >= 2)?;
            let end = text.len() - open.min(2);
            text[end..].copy_from_slice(b"/a");
        }
        let is_strict = self.rules.refuses(Rule::DiscouragedCharacters);
        let is_empty_name = usage == Use::Name && min == 0 && len == 0;
        self.body.extend_from_slice(&text);
        let is_valid = is_empty_name || text_is_valid(&text, usage, is_strict);
        is_valid.then_some(text)
    }

    pub fn packet_id(&mut self) -> Option<()> {
        self.number(|id| id != 0, &[1]).map(|_| ())
    }

    /// The properties; those that were there.
    pub fn properties(&mut self, holder: Holder, needed: Option<u8>) -> Option<Vec<u8>> {
        let left = self.left();
        let most = (0..=20).filter_map(|less| left.checked_sub(less));
        let is_whole = self.peek(4).iter().any(|byte| *byte < 0x80);
        if self.rules.is_waiting && !is_whole {
            self.is_open = !self.peek(4).is_empty();
            if self.is_open {
                return None;
            }
            // Whether there can be properties of this length is asked when it is whole.
            let fitting = (1..=20).chain(most).filter(|all| *all <= left);
            let all: Vec<_> = fitting.collect();
            let all = self.choose(&all)?;
            self.bytes(all);
            return Some(Vec::new());
        }
        let of_size = |all: usize| {
            let mut lens = (1..=4).filter_map(|bytes| Some((bytes, all.checked_sub(bytes)?)));
            lens.find(|(bytes, len)| length_bytes(*len).len() == *bytes).map(|(_, len)| len)
        };
        let tries: Vec<_> = [0, 3].into_iter().chain(most.filter_map(of_size)).collect();
        let len = self.varint(&tries).filter(|len| *len <= self.left())?;
        let end = std::mem::replace(&mut self.end, self.body.len() + len);
        let mut seen = Vec::new();
        while self.left() > 0 {
            if self.rules.is_waiting && self.peek(1).is_empty() {
                // Whether there are properties of this length is asked as they come.
                self.bytes(self.left());
                break;
            }
            let id = self.property_id(holder, needed, &seen)?;
            seen.push(id);
            self.property(id)?;
        }
        self.end = end;
        if self.rules.is_waiting && self.known.len() < self.body.len() {
            // What has to be among them is asked when all are there.
            return Some(seen);
        }
        let limit = usize::try_from(self.rules.options.max_user_properties).unwrap();
        let users = seen.iter().filter(|id| **id == USER_PROPERTY).count();
        (users <= limit && properties5::are_complete(holder, needed, &seen)).then_some(seen)
    }

    /// The identifier of a property that may stand here.
    pub fn property_id(&mut self, holder: Holder, needed: Option<u8>, seen: &[u8]) -> Option<u8> {
        let may_stand = |id: u8| {
            properties5::is_allowed(id, holder, self.rules)
                && (!seen.contains(&id) || properties5::is_repeatable(id, holder))
        };
        if let [id] = *self.peek(1) {
            self.body.push(id);
            return Some(id).filter(|id| may_stand(*id));
        }
        let needed = needed.filter(|id| !seen.contains(id));
        let others = properties5::ids().filter(|id| Some(*id) != needed && *id != USER_PROPERTY);
        let order = needed.into_iter().chain([USER_PROPERTY]).chain(others);
        let fits = |id: u8| properties5::kind(id).is_some_and(|kind| kind.least() <= self.left());
        let tries: Vec<_> = order.filter(|id| fits(*id) && may_stand(*id)).collect();
        self.byte(|_| true, &tries)
    }

    pub fn property(&mut self, id: u8) -> Option<()> {
        match properties5::kind(id)? {
            Kind::Bit => self.byte(|byte| byte <= 1, &[0]).map(|_| ()),
            Kind::TwoBytes => self.wide_number(2, true),
            Kind::TwoBytesNotZero => self.wide_number(2, false),
            Kind::FourBytes => self.wide_number(4, true),
            Kind::FourBytesNotZero => self.wide_number(4, false),
            Kind::Varint => {
                let (left, low) = (
                    self.left(),
                    self.peek(3).iter().rev().fold(0, |v, byte| v * 128 + usize::from(byte % 128)),
                );
                let tries: Vec<_> = [1, 128, 16_384, 2_097_152].map(|more| more + low).to_vec();
                let fit = |value: &usize| length_bytes(*value).len() <= left;
                let tries: Vec<_> = tries.into_iter().filter(fit).collect();
                self.varint(&tries).filter(|value| *value != 0).map(|_| ())
            }
            Kind::Text => self.text(Use::Plain, 0).map(|_| ()),
            Kind::Name => self.text(Use::Name, 1).map(|_| ()),
            Kind::Binary => self.binary(),
            Kind::Pair => {
                self.text(Use::Plain, 0).and_then(|_| self.text(Use::Plain, 0)).map(|_| ())
            }
        }
    }
}
