//! A packet in one line.

use crate::values::{preview, quote, reason, suback_code};
use mqtt_pure::{
    Connack, Connect, ConnectReturnCode, Explanation, Packet, PacketId, PacketType, Properties,
    Property, Publish, ReasonCode, RetainHandling, Subscription, Version,
};
use std::fmt::Write;

/// What follows the packet type in the line of a packet: what it says, or what is wrong.
pub fn of(explanation: &Explanation<'_>, len: usize) -> String {
    if let Some(packet) = &explanation.packet {
        return packet_summary(packet);
    }
    match (explanation.violations.len(), explanation.missing) {
        (0, 0) => String::new(),
        (0, _) => format!(", the first {len} bytes of it"),
        (1, _) => ", breaks a rule".to_owned(),
        (count, _) => format!(", breaks {count} rules"),
    }
}

fn packet_summary(packet: &Packet<'_>) -> String {
    match packet {
        Packet::Connect(connect) => connect_summary(connect),
        Packet::Connack(connack) => connack_summary(connack),
        Packet::Publish(publish) => publish_summary(publish),
        Packet::Puback(p) => answer(p.packet_id, p.reason, p.properties),
        Packet::Pubrec(p) => answer(p.packet_id, p.reason, p.properties),
        Packet::Pubrel(p) => answer(p.packet_id, p.reason, p.properties),
        Packet::Pubcomp(p) => answer(p.packet_id, p.reason, p.properties),
        Packet::Subscribe(p) => list(
            p.packet_id,
            p.subscriptions.iter().map(|subscription| subscription_summary(&subscription)),
            p.properties,
        ),
        Packet::Suback(p) => {
            let codes = p.codes.iter().map(|code| suback_code(code.get().into()));
            list(p.packet_id, codes, p.properties)
        }
        Packet::Unsubscribe(p) => {
            let filters = p.filters.iter().map(|filter| quote(filter.as_str(), 40));
            list(p.packet_id, filters, p.properties)
        }
        Packet::Unsuback(p) if p.codes.is_empty() => format!(" id {}", p.packet_id),
        Packet::Unsuback(p) => {
            list(p.packet_id, p.codes.iter().map(|code| code.to_string()), p.properties)
        }
        Packet::Pingreq(_) | Packet::Pingresp(_) => String::new(),
        Packet::Disconnect(p) => outcome(p.reason) + &details(p.properties),
        Packet::Auth(p) => {
            format!(" {}{}", reason(p.reason, Some(PacketType::Auth)), details(p.properties))
        }
    }
}

fn answer(packet_id: PacketId, reason: ReasonCode, properties: Properties<'_>) -> String {
    format!(" id {packet_id}{}{}", outcome(reason), details(properties))
}

/// The reason, unless all is well.
fn outcome(reason: ReasonCode) -> String {
    if reason == ReasonCode::SUCCESS { String::new() } else { format!(", {reason}") }
}

/// The properties that say most about a packet, in a few words each.
fn details(properties: Properties<'_>) -> String {
    use Property as P;
    let mut line = String::new();
    let mut user_properties = 0_u32;
    for property in properties {
        let _ = match property {
            P::AssignedClientIdentifier(id) => write!(line, ", named {}", quote(id.as_str(), 40)),
            P::AuthenticationMethod(name) => write!(line, ", by {}", quote(name.as_str(), 24)),
            P::ContentType(text) => write!(line, ", as {}", quote(text.as_str(), 24)),
            P::MessageExpiryInterval(seconds) => write!(line, ", for {seconds} s"),
            P::ReasonString(text) => write!(line, ", {}", quote(text.as_str(), 60)),
            P::ResponseTopic(topic) => write!(line, ", answer to {}", quote(topic.as_str(), 40)),
            P::ServerKeepAlive(seconds) => write!(line, ", keep alive {seconds} s"),
            P::ServerReference(text) => write!(line, ", go to {}", quote(text.as_str(), 60)),
            P::SessionExpiryInterval(u32::MAX) => write!(line, ", session does not expire"),
            P::SessionExpiryInterval(0) => write!(line, ", session expires at once"),
            P::SessionExpiryInterval(seconds) => write!(line, ", session kept {seconds} s"),
            P::SubscriptionIdentifier(id) => write!(line, ", subscription {}", id.get()),
            P::UserProperty(_) => {
                user_properties = user_properties.saturating_add(1);
                Ok(())
            }
            _ => Ok(()),
        };
    }
    match user_properties {
        0 => {}
        1 => line.push_str(", 1 user property"),
        count => {
            let _ = write!(line, ", {count} user properties");
        }
    }
    line
}

fn connect_summary(connect: &Connect<'_>) -> String {
    let client_id = quote(connect.client_id.as_str(), 40);
    let mut line = format!(" {client_id}, MQTT {}", connect.version);
    line.push_str(match (connect.clean_session, connect.version) {
        (true, Version::V5_0) => ", clean start",
        (false, Version::V5_0) => ", session is resumed",
        (true, _) => ", clean session",
        (false, _) => ", session is kept",
    });
    match connect.keep_alive {
        0 => line.push_str(", no keep alive"),
        seconds => {
            let _ = write!(line, ", keep alive {seconds} s");
        }
    }
    line.push_str(&details(connect.properties));
    if let Some(user_name) = connect.user_name {
        let _ = write!(line, ", user {}", quote(user_name.as_str(), 24));
    }
    if connect.password.is_some() {
        line.push_str(", password");
    }
    if let Some(will) = &connect.will {
        let topic = quote(will.topic.as_str(), 40);
        let _ = write!(line, ", will to {topic} at QoS {}", will.qos.level());
        if let Some(seconds @ 1..) = will.properties.will_delay_interval() {
            let _ = write!(line, " after {seconds} s");
        }
    }
    line
}

fn connack_summary(connack: &Connack<'_>) -> String {
    let session = if connack.session_present { ", session present" } else { "" };
    let outcome = match connack.return_code() {
        Some(ConnectReturnCode::Accepted) => format!(" accepted{session}"),
        Some(code) => format!(" refused: {code}"),
        None if connack.reason.is_failure() => format!(" refused: {}", connack.reason),
        None => format!(" {}", connack.reason),
    };
    outcome + &details(connack.properties)
}

fn publish_summary(publish: &Publish<'_>) -> String {
    let topic = match (publish.topic, publish.properties.topic_alias()) {
        (Some(topic), None) => quote(topic.as_str(), 40),
        (Some(topic), Some(alias)) => format!("{} (alias {alias})", quote(topic.as_str(), 40)),
        (None, Some(alias)) => format!("alias {alias}"),
        (None, None) => "no topic".to_owned(),
    };
    let mut line = format!(" {topic} at QoS {}", publish.qos());
    if let Some(packet_id) = publish.packet_id() {
        let _ = write!(line, ", id {packet_id}");
    }
    if publish.retain {
        line.push_str(", retained");
    }
    if publish.dup() {
        line.push_str(", repeated");
    }
    line.push_str(&details(publish.properties));
    let payload = match publish.payload {
        [] => "no payload".to_owned(),
        payload => preview(payload, 24),
    };
    let _ = write!(line, ", {payload}");
    line
}

/// The filter and what is asked for; what 5.0 adds is in parentheses.
fn subscription_summary(subscription: &Subscription<'_>) -> String {
    let options = subscription.options;
    let filter = quote(subscription.filter.as_str(), 40);
    let mut line = format!("{filter} at QoS {}", options.qos.level());
    let words = [
        (options.no_local, "no local"),
        (options.retain_as_published, "retain as published"),
        (options.retain_handling == RetainHandling::SendIfNew, "retained if new"),
        (options.retain_handling == RetainHandling::DoNotSend, "none retained"),
    ];
    let words: Vec<_> = words.iter().filter(|(is_set, _)| *is_set).map(|(_, word)| *word).collect();
    if !words.is_empty() {
        let _ = write!(line, " ({})", words.join(", "));
    }
    line
}

fn list(
    packet_id: PacketId,
    entries: impl Iterator<Item = String>,
    properties: Properties<'_>,
) -> String {
    const SHOWN: usize = 4;
    let mut entries = entries;
    let mut shown: Vec<_> = entries.by_ref().take(SHOWN).collect();
    match entries.count() {
        0 => {}
        more => shown.push(format!("{more} more")),
    }
    format!(" id {packet_id}: {}{}", shown.join(", "), details(properties))
}
