//! Properties of any identifier and value, and whether a packet may be written with them.

use super::{
    model::Rules,
    properties5::{self, Holder},
    strings::{Use, text_is_valid},
};
use arbitrary::Arbitrary;
use mqtt_pure::{
    Binary, DecodeOptions, Property, QoS, SubscriptionId, Text, TopicName, UserProperty, Version,
};
use std::num::{NonZeroU16, NonZeroU32};

/// A string; some are long enough to reach the end of what a length can say.
#[derive(Arbitrary, Debug, Clone)]
pub struct Words {
    text: String,
    repeat: Repeat,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Repeat {
    Once,
    Often(u8),
    /// Pads with a letter so as to be 65,530 to 65,545 bytes long.
    AtTheLimit(u8),
}

impl Words {
    pub fn text(&self) -> String {
        match self.repeat {
            Repeat::Once => self.text.clone(),
            Repeat::Often(times) => self.text.repeat(usize::from(times % 8)),
            // Rare, since it is slow.
            Repeat::AtTheLimit(more) if more < 0xfc => self.text.clone(),
            Repeat::AtTheLimit(more) => {
                let len = 65_530 + usize::from(more % 16);
                let pad = len.saturating_sub(self.text.len());
                let mut text = self.text.clone();
                text.extend(std::iter::repeat_n('x', pad));
                text
            }
        }
    }
}

/// What a property is made of, whichever it becomes.
#[derive(Arbitrary, Debug, Clone)]
pub struct Value {
    which: u8,
    number: u32,
    first: Words,
    second: Words,
}

/// The texts of a value.
pub struct Texts {
    first: String,
    second: String,
}

/// The texts that the properties will borrow.
pub fn texts(values: &[Value]) -> Vec<Texts> {
    let all = |value: &Value| Texts { first: value.first.text(), second: value.second.text() };
    values.iter().map(all).collect()
}

/// The properties; `None` if a value is none that its type can hold.
pub fn properties<'a>(values: &[Value], texts: &'a [Texts]) -> Option<Vec<Property<'a>>> {
    values.iter().zip(texts).map(|(value, texts)| property(value, texts)).collect()
}

fn property<'a>(value: &Value, texts: &'a Texts) -> Option<Property<'a>> {
    use Property as P;
    let Value { which, number, .. } = *value;
    let is_set = number % 2 == 1;
    let [_, _, high, low] = number.to_be_bytes();
    let short = u16::from_be_bytes([high, low]);
    let made = match which % 27 {
        0 => P::PayloadFormatIndicator(is_set),
        1 => P::MessageExpiryInterval(number),
        2 => P::ContentType(text(&texts.first)?),
        3 => P::ResponseTopic(name(&texts.first)?),
        4 => P::CorrelationData(binary(&texts.first)?),
        5 => P::SubscriptionIdentifier(subscription_id(number)?),
        6 => P::SessionExpiryInterval(number),
        7 => P::AssignedClientIdentifier(text(&texts.first)?),
        8 => P::ServerKeepAlive(short),
        9 => P::AuthenticationMethod(text(&texts.first)?),
        10 => P::AuthenticationData(binary(&texts.first)?),
        11 => P::RequestProblemInformation(is_set),
        12 => P::WillDelayInterval(number),
        13 => P::RequestResponseInformation(is_set),
        14 => P::ResponseInformation(text(&texts.first)?),
        15 => P::ServerReference(text(&texts.first)?),
        16 => P::ReasonString(text(&texts.first)?),
        17 => P::ReceiveMaximum(NonZeroU16::new(short)?),
        18 => P::TopicAliasMaximum(short),
        19 => P::TopicAlias(NonZeroU16::new(short)?),
        20 => P::MaximumQos(QoS::new(low % 3)?),
        21 => P::RetainAvailable(is_set),
        22 => P::MaximumPacketSize(NonZeroU32::new(number)?),
        23 => P::WildcardSubscriptionAvailable(is_set),
        24 => P::SubscriptionIdentifiersAvailable(is_set),
        25 => P::SharedSubscriptionAvailable(is_set),
        _ => P::UserProperty(UserProperty::new(text(&texts.first)?, text(&texts.second)?)),
    };
    Some(made)
}

fn text(words: &str) -> Option<Text<'_>> {
    let made = Text::new(words).ok();
    assert_eq!(made.is_some(), text_is_valid(words.as_bytes(), Use::Plain, false), "{words:?}");
    made
}

fn name(words: &str) -> Option<TopicName<'_>> {
    let made = TopicName::new(words).ok();
    assert_eq!(made.is_some(), text_is_valid(words.as_bytes(), Use::Name, false), "{words:?}");
    made
}

pub fn binary(words: &str) -> Option<Binary<'_>> {
    let made = Binary::new(words.as_bytes()).ok();
    assert_eq!(made.is_some(), words.len() <= 65_535);
    made
}

fn subscription_id(number: u32) -> Option<SubscriptionId> {
    let id = SubscriptionId::new(number);
    assert_eq!(id.is_some(), (1..=268_435_455).contains(&number));
    id
}

/// The numbers of the properties in the order of [`property`], which is that of the standard but for
/// user properties.
const NUMBERS: [u8; 27] = [
    0x01, 0x02, 0x03, 0x08, 0x09, 0x0b, 0x11, 0x12, 0x13, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1c,
    0x1f, 0x21, 0x22, 0x23, 0x24, 0x25, 0x27, 0x28, 0x29, 0x2a, 0x26,
];

/// The numbers of these properties.
pub fn numbers(values: &[Value]) -> Vec<u8> {
    values.iter().map(|value| NUMBERS[usize::from(value.which % 27)]).collect()
}

/// Whether a packet of this version may be written with these properties, one of which is `needed`.
pub fn are_legal(values: &[Value], holder: Holder, needed: Option<u8>, version: Version) -> bool {
    if version != Version::V5_0 {
        return values.is_empty() && needed.is_none();
    }
    let rules = Rules::new(DecodeOptions::new(version));
    let numbers = numbers(values);
    let stands = |(at, id): (usize, &u8)| {
        let is_first = !numbers[..at].contains(id);
        properties5::is_allowed(*id, holder, rules)
            && (is_first || properties5::is_repeatable(*id, holder))
    };
    // Maximum QoS is 0 or 1; 2 is said by saying nothing.
    let is_sayable = |(value, id): (&Value, &u8)| *id != 0x24 || value.number % 256 % 3 != 2;
    numbers.iter().enumerate().all(stands)
        && values.iter().zip(&numbers).all(is_sayable)
        && properties5::are_complete(holder, needed, &numbers)
}
