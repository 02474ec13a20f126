//! Packets of all types and versions, put together byte by byte without the crate.

use crate::tables::{
    self, Form, HOLDERS, Holder, REASONS, form, may_repeat, packet, prefixed, varint,
};
use mqtt_pure::{DecodeOptions, Role, Strictness, Version};
use proptest::{collection::vec, option, prelude::*};

pub fn version() -> impl Strategy<Value = Version> {
    prop::sample::select(&Version::ALL[..])
}

/// Any rules, from either side or both, with any limit for user properties.
pub fn options(version: Version) -> impl Strategy<Value = DecodeOptions> {
    let strictness =
        prop::sample::select(vec![Strictness::DEFAULT, Strictness::STRICT, Strictness::TOLERANT]);
    let sender = prop::sample::select(vec![None, Some(Role::Client), Some(Role::Server)]);
    let limit = prop::sample::select(vec![u32::MAX, u32::MAX, 2, 0]);
    (strictness, sender, limit).prop_map(move |(strictness, sender, limit)| {
        let options = DecodeOptions::new(version)
            .with_strictness(strictness)
            .with_max_user_properties(limit)
            .with_max_packet_size(100_000);
        sender.map_or(options, |sender| options.with_sender(sender))
    })
}

pub fn name() -> impl Strategy<Value = String> {
    "[a-zé𐀀 /$]{1,40}"
}

pub fn filter() -> impl Strategy<Value = String> {
    let level = prop_oneof!["[a-zé𐀀 $]{0,4}", "\\+"];
    let plain = (vec(level, 1..5), any::<bool>()).prop_map(|(mut levels, with_hash)| {
        if with_hash || levels == [""] {
            levels.push("#".to_owned());
        }
        levels.join("/")
    });
    (plain, option::weighted(0.2, "[a-zé$]{1,5}")).prop_map(|(filter, share)| match share {
        Some(share) => format!("$share/{share}/{filter}"),
        None => filter,
    })
}

/// A property: its identifier and its value as bytes on the wire.
#[derive(Clone, Debug)]
pub struct Sample {
    pub id: u8,
    pub value: Vec<u8>,
}

impl Sample {
    pub fn bytes(&self) -> Vec<u8> {
        [&[self.id], &self.value[..]].concat()
    }
}

/// A value of this form.
fn value(form: Form) -> BoxedStrategy<Vec<u8>> {
    let text = || "[a-zé𐀀 /+#\u{feff}]{0,12}";
    let bytes = || vec(any::<u8>(), 0..12);
    match form {
        Form::Bit => (0..2_u8).prop_map(|bit| vec![bit]).boxed(),
        Form::U16 => any::<u16>().prop_map(|value| value.to_be_bytes().to_vec()).boxed(),
        Form::NonZeroU16 => (1..=u16::MAX).prop_map(|value| value.to_be_bytes().to_vec()).boxed(),
        Form::U32 => any::<u32>().prop_map(|value| value.to_be_bytes().to_vec()).boxed(),
        Form::NonZeroU32 => (1..=u32::MAX).prop_map(|value| value.to_be_bytes().to_vec()).boxed(),
        Form::Varint => prop_oneof![1..300_usize, 16_000..17_000_usize, Just(268_435_455)]
            .prop_map(varint)
            .boxed(),
        Form::Text => text().prop_map(prefixed).boxed(),
        Form::TopicName => name().prop_map(prefixed).boxed(),
        Form::Binary => bytes().prop_map(prefixed).boxed(),
        Form::Pair => (text(), text())
            .prop_map(|(name, value)| [prefixed(name), prefixed(value)].concat())
            .boxed(),
    }
}

/// Properties that the holder may carry, in any order, some of them more than once where that is
/// allowed, and with those that it needs.
pub fn samples(holder: Holder) -> BoxedStrategy<Vec<Sample>> {
    let (_, allowed) = HOLDERS.iter().find(|(other, _)| *other == holder).unwrap();
    let each = allowed.iter().map(|&id| {
        let most = if may_repeat(holder, id) { 4 } else { 2 };
        let least = usize::from(holder == Holder::Auth && id == 0x15);
        vec(value(form(id)), least..most).prop_map(move |values| {
            values.into_iter().map(|value| Sample { id, value }).collect::<Vec<_>>()
        })
    });
    let all = each.collect::<Vec<_>>().prop_map(|all| all.into_iter().flatten().collect());
    // Most packets have none or few.
    let few = (all, 0..8_usize).prop_map(move |(mut all, keep): (Vec<Sample>, _)| {
        if keep < 4 && holder != Holder::Auth {
            all.truncate(keep);
        }
        let has = |id| all.iter().any(|sample| sample.id == id);
        if holder == Holder::Connect && has(0x16) && !has(0x15) {
            all.push(Sample { id: 0x15, value: prefixed("method") });
        }
        all
    });
    few.prop_shuffle().boxed()
}

/// The properties with their length; nothing in versions that have none.
pub fn block(version: Version, holder: Holder) -> BoxedStrategy<Vec<u8>> {
    if version != Version::V5_0 {
        return Just(Vec::new()).boxed();
    }
    samples(holder)
        .prop_map(|samples| {
            let bytes: Vec<u8> = samples.iter().flat_map(Sample::bytes).collect();
            [varint(bytes.len()), bytes].concat()
        })
        .boxed()
}

fn id() -> impl Strategy<Value = [u8; 2]> {
    (1..=u16::MAX).prop_map(u16::to_be_bytes)
}

fn connect(version: Version) -> impl Strategy<Value = Vec<u8>> {
    let is_5_0 = version == Version::V5_0;
    let bytes = || vec(any::<u8>(), 0..20);
    let will = (block(version, Holder::Will), name(), bytes(), 0..3_u8, any::<bool>());
    let login = (option::weighted(0.9, "[a-zé𐀀]{0,9}"), option::of(bytes()));
    let rest = ("[a-zé𐀀]{0,20}", any::<bool>(), any::<u16>(), block(version, Holder::Connect));
    (option::of(will), login, rest).prop_map(move |(will, (user_name, password), rest)| {
        let (mut client_id, clean_session, keep_alive, properties) = rest;
        if client_id.is_empty() && !is_5_0 {
            client_id.push('c');
        }
        let mut flags = if clean_session { 0x02 } else { 0 };
        let mut payload = prefixed(client_id);
        if let Some((properties, topic, message, qos, retain)) = will {
            flags |= 0x04 | (qos * 0x08) | if retain { 0x20 } else { 0 };
            payload.extend([properties, prefixed(topic), prefixed(message)].concat());
        }
        // 5.0 lets a password be alone.
        let password = password.filter(|_| is_5_0 || user_name.is_some());
        if let Some(user_name) = user_name {
            flags |= 0x80;
            payload.extend(prefixed(user_name));
        }
        if let Some(password) = password {
            flags |= 0x40;
            payload.extend(prefixed(password));
        }
        let mut body = match version {
            Version::V3_1 => b"\0\x06MQIsdp\x03".to_vec(),
            Version::V3_1_1 => b"\0\x04MQTT\x04".to_vec(),
            Version::V5_0 => b"\0\x04MQTT\x05".to_vec(),
        };
        body.push(flags);
        body.extend(keep_alive.to_be_bytes());
        body.extend([properties, payload].concat());
        packet(0x10, &body)
    })
}

fn connack(version: Version) -> impl Strategy<Value = Vec<u8>> {
    let codes: &[u8] =
        if version == Version::V5_0 { reasons(Holder::Connack) } else { &[0, 1, 2, 3, 4, 5] };
    let most = if version == Version::V3_1 { 0_u8 } else { 1 };
    let code = prop_oneof![Just(0), prop::sample::select(codes)];
    (0..=most, code, block(version, Holder::Connack)).prop_map(|(present, code, properties)| {
        let present = if code == 0 { present } else { 0 };
        packet(0x20, &[&[present, code], &properties[..]].concat())
    })
}

fn publish(version: Version) -> impl Strategy<Value = Vec<u8>> {
    let is_5_0 = version == Version::V5_0;
    let flags = (0..3_u8, any::<bool>(), any::<bool>());
    let topic = option::weighted(0.9, name());
    let properties = samples(Holder::Publish);
    (flags, topic, id(), properties, vec(any::<u8>(), 0..200)).prop_map(
        move |((qos, dup, retain), topic, id, mut samples, payload)| {
            let dup = if dup && qos > 0 { 8 } else { 0 };
            let topic = topic.or_else(|| (!is_5_0).then(|| "t".to_owned()));
            if topic.is_none() && !samples.iter().any(|sample| sample.id == 0x23) {
                samples.push(Sample { id: 0x23, value: vec![0, 7] });
            }
            let mut body = prefixed(topic.unwrap_or_default());
            if qos > 0 {
                body.extend(id);
            }
            if is_5_0 {
                let block: Vec<u8> = samples.iter().flat_map(Sample::bytes).collect();
                body.extend([varint(block.len()), block].concat());
            }
            body.extend(payload);
            packet(0x30 | dup | (qos * 2) | u8::from(retain), &body)
        },
    )
}

/// The codes of 5.0.
fn reasons(holder: Holder) -> &'static [u8] {
    REASONS.iter().find(|(other, _)| *other == holder).unwrap().1
}

/// Reason code and properties in their shortest form.
fn outcome(version: Version, holder: Holder) -> BoxedStrategy<Vec<u8>> {
    if version != Version::V5_0 {
        return Just(Vec::new()).boxed();
    }
    let reason = prop_oneof![Just(reasons(holder)[0]), prop::sample::select(reasons(holder))];
    (reason, block(version, holder))
        .prop_map(move |(reason, block)| match (reason, &block[..]) {
            (0, [0]) if holder != Holder::Auth => vec![],
            (reason, [0]) if holder != Holder::Auth => vec![reason],
            (reason, block) => [&[reason], block].concat(),
        })
        .boxed()
}

fn ack(version: Version) -> impl Strategy<Value = Vec<u8>> {
    let of = move |first, holder| {
        (id(), outcome(version, holder))
            .prop_map(move |(id, outcome)| packet(first, &[&id[..], &outcome].concat()))
    };
    prop_oneof![
        of(0x40, Holder::Puback),
        of(0x50, Holder::Pubrec),
        of(0x62, Holder::Pubrel),
        of(0x70, Holder::Pubcomp),
    ]
}

fn subscribe(version: Version) -> impl Strategy<Value = Vec<u8>> {
    let asked = vec((filter(), 0..3_u8, any::<u8>(), 0..3_u8), 1..6);
    (id(), block(version, Holder::Subscribe), asked).prop_map(move |(id, properties, asked)| {
        let mut body = [&id[..], &properties].concat();
        for (filter, qos, bits, handling) in asked {
            let mut options = qos;
            if version == Version::V5_0 {
                options |= (bits & 0x0c) | (handling * 0x10);
                if filter.starts_with("$share/") {
                    options &= !0x04;
                }
            }
            body.extend(prefixed(filter));
            body.push(options);
        }
        packet(0x82, &body)
    })
}

fn unsubscribe(version: Version) -> impl Strategy<Value = Vec<u8>> {
    (id(), block(version, Holder::Unsubscribe), vec(filter(), 1..6)).prop_map(
        |(id, properties, filters)| {
            let fields: Vec<u8> = filters.into_iter().flat_map(prefixed).collect();
            packet(0xa2, &[&id[..], &properties, &fields].concat())
        },
    )
}

fn granted(version: Version) -> impl Strategy<Value = Vec<u8>> {
    let codes: &[u8] =
        if version == Version::V5_0 { reasons(Holder::Suback) } else { &[0, 1, 2, 0x80] };
    let codes = vec(prop::sample::select(codes), 1..6);
    (id(), block(version, Holder::Suback), codes)
        .prop_map(|(id, properties, codes)| packet(0x90, &[&id[..], &properties, &codes].concat()))
}

fn given_up(version: Version) -> impl Strategy<Value = Vec<u8>> {
    let codes = vec(prop::sample::select(reasons(Holder::Unsuback)), 1..6);
    (id(), block(version, Holder::Unsuback), codes).prop_map(move |(id, properties, codes)| {
        let codes = if version == Version::V5_0 { &codes[..] } else { &[] };
        packet(0xb0, &[&id[..], &properties, codes].concat())
    })
}

fn rest(version: Version) -> BoxedStrategy<Vec<u8>> {
    let short = prop::sample::select(vec![0xc0, 0xd0]).prop_map(|first| packet(first, &[]));
    let disconnect = outcome(version, Holder::Disconnect).prop_map(|body| packet(0xe0, &body));
    let auth = outcome(version, Holder::Auth).prop_map(|body| packet(0xf0, &body));
    if version == Version::V5_0 {
        prop_oneof![short, disconnect, auth].boxed()
    } else {
        prop_oneof![short, disconnect].boxed()
    }
}

/// Packets of all types in the form in which they are written.
pub fn packet_bytes(version: Version) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        connect(version),
        connack(version),
        publish(version),
        ack(version),
        subscribe(version),
        granted(version),
        unsubscribe(version),
        given_up(version),
        rest(version),
    ]
}

/// Packets of a version, some bytes of which may be spoilt, and options to read them with.
pub fn spoilt() -> impl Strategy<Value = (DecodeOptions, Vec<u8>)> {
    let packets = version().prop_flat_map(|v| (options(v), vec(packet_bytes(v), 1..4)));
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    (packets, vec(change, 0..3)).prop_map(|((options, packets), changes)| {
        let mut bytes = packets.concat();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => {}
            }
        }
        (options, bytes)
    })
}

/// One packet of 5.0 with properties of a holder around which nothing is wrong.
pub fn held() -> impl Strategy<Value = (Holder, Vec<Sample>, Vec<u8>)> {
    let holder = prop::sample::select(&HOLDERS[..]).prop_map(|(holder, _)| holder);
    holder.prop_flat_map(|holder| (Just(holder), samples(holder))).prop_map(|(holder, samples)| {
        let block: Vec<u8> = samples.iter().flat_map(Sample::bytes).collect();
        let (bytes, _) = tables::holding(holder, &block);
        (holder, samples, bytes)
    })
}
