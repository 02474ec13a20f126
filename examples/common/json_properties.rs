//! Properties as the JSON of the conformance vectors, and back: an object by names in snake case,
//! flags and numbers as numbers, user properties as a list of pairs, subscription identifiers as a
//! list. In the other direction they come in the order of their numbers.

use super::{bytes, number, text, wrong};
use mqtt_pure::{
    Binary, Properties, Property, PropertyId, QoS, SubscriptionId, TopicName, UserProperty,
};
use serde_json::{Map, Value, json};

/// The name of a property in the JSON.
pub fn name(id: PropertyId) -> String {
    id.name().to_lowercase().replace(' ', "_")
}

pub fn to_json(properties: Properties<'_>) -> Value {
    let mut map = Map::new();
    for property in properties {
        let value = value_of(&property);
        let name = name(property.id());
        match property.id() {
            PropertyId::UserProperty | PropertyId::SubscriptionIdentifier => {
                match map.entry(name).or_insert_with(|| json!([])) {
                    Value::Array(values) => values.push(value),
                    other => *other = value,
                }
            }
            _ => {
                map.insert(name, value);
            }
        }
    }
    Value::Object(map)
}

fn value_of(property: &Property<'_>) -> Value {
    use Property as P;
    match *property {
        P::PayloadFormatIndicator(flag)
        | P::RequestProblemInformation(flag)
        | P::RequestResponseInformation(flag)
        | P::RetainAvailable(flag)
        | P::WildcardSubscriptionAvailable(flag)
        | P::SubscriptionIdentifiersAvailable(flag)
        | P::SharedSubscriptionAvailable(flag) => json!(u8::from(flag)),
        P::MaximumQos(qos) => json!(qos.level()),
        P::MessageExpiryInterval(number)
        | P::SessionExpiryInterval(number)
        | P::WillDelayInterval(number) => json!(number),
        P::MaximumPacketSize(number) => json!(number.get()),
        P::ServerKeepAlive(number) | P::TopicAliasMaximum(number) => json!(number),
        P::ReceiveMaximum(number) | P::TopicAlias(number) => json!(number.get()),
        P::SubscriptionIdentifier(id) => json!(id.get()),
        P::ContentType(text)
        | P::AssignedClientIdentifier(text)
        | P::AuthenticationMethod(text)
        | P::ResponseInformation(text)
        | P::ServerReference(text)
        | P::ReasonString(text) => json!(text.as_str()),
        P::ResponseTopic(topic) => json!(topic.as_str()),
        P::CorrelationData(data) | P::AuthenticationData(data) => {
            json!(hex::encode(data.as_bytes()))
        }
        P::UserProperty(property) => json!([property.name.as_str(), property.value.as_str()]),
        // Only a property that this file does not know yet.
        _ => Value::Null,
    }
}

/// The values that JSON has in another form than properties.
#[derive(Default)]
pub struct Decoded(Vec<(PropertyId, Vec<u8>)>);

impl Decoded {
    pub fn new(value: &Value, path: &str) -> Result<Self, String> {
        let mut decoded = Vec::new();
        for id in [PropertyId::CorrelationData, PropertyId::AuthenticationData] {
            if let Some(value) = value.get(name(id)) {
                decoded.push((id, bytes(value, &format!("{path}.{}", name(id)))?));
            }
        }
        Ok(Self(decoded))
    }

    fn binary(&self, id: PropertyId, path: &str) -> Result<Binary<'_>, String> {
        let bytes = self.0.iter().find(|(known, _)| *known == id).map(|(_, bytes)| &bytes[..]);
        Binary::new(bytes.unwrap_or_default()).map_err(|error| format!("{path}: {error}"))
    }
}

pub fn from_json<'a>(
    value: &'a Value,
    decoded: &'a Decoded,
    path: &str,
) -> Result<Vec<Property<'a>>, String> {
    let map = value.as_object().ok_or_else(|| wrong(value, path, "an object"))?;
    let is_known = |key: &&String| PropertyId::ALL.iter().any(|id| name(*id) == **key);
    if let Some(key) = map.keys().find(|key| !is_known(key)) {
        return Err(format!("{path}.{key}: is no property"));
    }
    let mut found = Vec::new();
    for &id in PropertyId::ALL {
        let Some(value) = map.get(&name(id)) else { continue };
        let path = format!("{path}.{}", name(id));
        if matches!(id, PropertyId::UserProperty | PropertyId::SubscriptionIdentifier) {
            let values = value.as_array().ok_or_else(|| wrong(value, &path, "an array"))?;
            for (index, value) in values.iter().enumerate() {
                found.push(property(id, value, decoded, &format!("{path}[{index}]"))?);
            }
        } else {
            found.push(property(id, value, decoded, &path)?);
        }
    }
    Ok(found)
}

fn property<'a>(
    id: PropertyId,
    value: &'a Value,
    decoded: &'a Decoded,
    path: &str,
) -> Result<Property<'a>, String> {
    use {Property as P, PropertyId as I};
    let flag = || match value.as_u64() {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        _ => Err(wrong(value, path, "0 or 1")),
    };
    let range = || wrong(value, path, "in the range of the property");
    Ok(match id {
        I::PayloadFormatIndicator => P::PayloadFormatIndicator(flag()?),
        I::RequestProblemInformation => P::RequestProblemInformation(flag()?),
        I::RequestResponseInformation => P::RequestResponseInformation(flag()?),
        I::RetainAvailable => P::RetainAvailable(flag()?),
        I::WildcardSubscriptionAvailable => P::WildcardSubscriptionAvailable(flag()?),
        I::SubscriptionIdentifiersAvailable => P::SubscriptionIdentifiersAvailable(flag()?),
        I::SharedSubscriptionAvailable => P::SharedSubscriptionAvailable(flag()?),
        I::MaximumQos => P::MaximumQos(QoS::new(number(value, path)?).ok_or_else(range)?),
        I::MessageExpiryInterval => P::MessageExpiryInterval(number(value, path)?),
        I::SessionExpiryInterval => P::SessionExpiryInterval(number(value, path)?),
        I::WillDelayInterval => P::WillDelayInterval(number(value, path)?),
        I::MaximumPacketSize => {
            P::MaximumPacketSize(number::<u32>(value, path)?.try_into().map_err(|_| range())?)
        }
        I::ServerKeepAlive => P::ServerKeepAlive(number(value, path)?),
        I::TopicAliasMaximum => P::TopicAliasMaximum(number(value, path)?),
        I::ReceiveMaximum => {
            P::ReceiveMaximum(number::<u16>(value, path)?.try_into().map_err(|_| range())?)
        }
        I::TopicAlias => {
            P::TopicAlias(number::<u16>(value, path)?.try_into().map_err(|_| range())?)
        }
        I::SubscriptionIdentifier => {
            P::SubscriptionIdentifier(SubscriptionId::new(number(value, path)?).ok_or_else(range)?)
        }
        I::ContentType => P::ContentType(text(value, path)?),
        I::AssignedClientIdentifier => P::AssignedClientIdentifier(text(value, path)?),
        I::AuthenticationMethod => P::AuthenticationMethod(text(value, path)?),
        I::ResponseInformation => P::ResponseInformation(text(value, path)?),
        I::ServerReference => P::ServerReference(text(value, path)?),
        I::ReasonString => P::ReasonString(text(value, path)?),
        I::ResponseTopic => {
            let topic = value.as_str().ok_or_else(|| wrong(value, path, "a string"))?;
            P::ResponseTopic(TopicName::new(topic).map_err(|error| format!("{path}: {error}"))?)
        }
        I::CorrelationData => P::CorrelationData(decoded.binary(id, path)?),
        I::AuthenticationData => P::AuthenticationData(decoded.binary(id, path)?),
        I::UserProperty => match value.as_array().map(Vec::as_slice) {
            Some([name, value]) => {
                P::UserProperty(UserProperty::new(text(name, path)?, text(value, path)?))
            }
            _ => return Err(wrong(value, path, "a pair of strings")),
        },
        other => return Err(format!("{path}: {other} is new")),
    })
}
