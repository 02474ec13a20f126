//! The wire format of 5.0 a second time, written from the standard for the sake of comparison. Like
//! `model` it shares nothing with the codec and favours plainness over speed.
//!
//! Each packet is read once, in its order, from a [`Tape`]. Of a whole packet that is all. Of a part
//! the tape goes on with bytes of its own choice, and if these lead nowhere the packet is read again
//! with others. The choices are few, so a search can miss a legal end; what keeps that rare is that
//! strings are made to fill what is left, less the little that other fields need. Not searched are
//! packets of more than [`SEARCHED`] bytes and more than [`TRIES`] combinations, fewer in large packets.

use super::{
    model::Rules,
    properties5::{self, AUTHENTICATION_METHOD, TOPIC_ALIAS},
    strings::{Use, share_is_valid},
    tape5::Tape,
};
use mqtt_pure::{Role, Rule};

/// The longest body of which a part is completed.
const SEARCHED: usize = 200_000;
/// How often a part is read anew at most, and how many bytes may be filled in so.
const TRIES: usize = 2000;
const FILLED: usize = 1_000_000;

/// The body of a packet that begins with the `known` bytes and has `len` in all.
pub fn complete_body(first: u8, known: &[u8], len: usize, rules: Rules) -> Option<Vec<u8>> {
    let anything = || {
        let mut body = known.to_vec();
        body.resize(len, 0);
        rules.is_waiting.then_some(body)
    };
    if known.len() < len && len > SEARCHED {
        return anything();
    }
    let mut choices = Vec::new();
    for _ in 0..TRIES.min(FILLED / (len + 1)).max(20) {
        let body = Vec::with_capacity(len);
        let (is_open, has_payload) = (false, first >> 4 == 3);
        let mut tape =
            Tape { known, body, end: len, choices, chosen: 0, rules, is_open, has_payload };
        if packet(&mut tape, first).is_some() && tape.left() == 0 {
            return Some(tape.body);
        }
        if tape.is_open && rules.is_waiting {
            return anything();
        }
        choices = tape.choices;
        // The last choice that has another possibility takes it; those after it begin anew.
        while choices.pop_if(|(taken, of)| *taken + 1 == *of).is_some() {}
        choices.last_mut()?.0 += 1;
    }
    anything()
}

/// Reads a packet of this first byte.
fn packet(tape: &mut Tape<'_>, first: u8) -> Option<()> {
    let number = first >> 4;
    match number {
        1 => connect(tape),
        2 => connack(tape),
        3 => publish(tape, first),
        4..=7 => {
            tape.packet_id()?;
            outcome(tape, number)
        }
        8 => subscribe(tape),
        9 | 11 => {
            tape.packet_id()?;
            tape.properties(number, None)?;
            while {
                tape.one_of(&codes(number, tape.rules))?;
                tape.left() > 0
            } {}
            Some(())
        }
        10 => unsubscribe(tape),
        14 => outcome(tape, number),
        15 if tape.left() == 0 => {
            // An empty AUTH says success, which clients never say.
            let is_allowed = !tape.rules.refuses(Rule::EmptyAuth);
            (is_allowed && tape.rules.may_come_from(Role::Server)).then_some(())
        }
        15 => {
            tape.one_of(&codes(number, tape.rules))?;
            tape.properties(number, Some(AUTHENTICATION_METHOD)).map(|_| ())
        }
        _ => Some(()),
    }
}

/// Reason code and properties, which may be left out from the end.
fn outcome(tape: &mut Tape<'_>, number: u8) -> Option<()> {
    if tape.left() > 0 {
        tape.one_of(&codes(number, tape.rules))?;
    }
    if tape.left() > 0 {
        tape.properties(number, None)?;
    }
    Some(())
}

fn connect(tape: &mut Tape<'_>) -> Option<()> {
    for expected in b"\0\x04MQTT" {
        tape.one_of(&[*expected])?;
    }
    let levels: &[u8] = if tape.rules.refuses(Rule::BridgeBit) { &[5] } else { &[5, 0x85] };
    tape.one_of(levels)?;
    let is_legal = |flags: u8| {
        let has_will = flags & 0x04 != 0;
        let is_will = if has_will { flags & 0x18 != 0x18 } else { flags & 0x38 == 0 };
        flags & 0x01 == 0 && is_will
    };
    let flags = tape.byte(is_legal, &[0x02, 0xc6])?;
    tape.wide_number(2, true)?;
    tape.properties(1, None)?;
    tape.text(Use::Plain, 0)?;
    if flags & 0x04 != 0 {
        tape.properties(properties5::WILL, None)?;
        tape.text(Use::Name, 1)?;
        tape.binary()?;
    }
    if flags & 0x80 != 0 {
        tape.text(Use::Plain, 0)?;
    }
    if flags & 0x40 != 0 {
        tape.binary()?;
    }
    Some(())
}

fn connack(tape: &mut Tape<'_>) -> Option<()> {
    if tape.left() == 2 {
        // A server that knows 3.1.1 alone refuses so.
        return tape.one_of(&[0]).and_then(|_| tape.one_of(&[1])).map(|_| ());
    }
    let flags = tape.one_of(&[0, 1])?;
    let codes = if flags == 1 { vec![0] } else { codes(2, tape.rules) };
    tape.one_of(&codes)?;
    tape.properties(2, None).map(|_| ())
}

fn publish(tape: &mut Tape<'_>, first: u8) -> Option<()> {
    let topic = tape.text(Use::Name, 0)?;
    if first & 0x06 != 0 {
        tape.packet_id()?;
    }
    tape.properties(3, topic.is_empty().then_some(TOPIC_ALIAS))?;
    tape.bytes(tape.left());
    Some(())
}

fn subscribe(tape: &mut Tape<'_>) -> Option<()> {
    tape.packet_id()?;
    tape.properties(8, None)?;
    while {
        let filter = tape.text(Use::Filter, 1)?;
        let is_shared = share_is_valid(&filter)?;
        // Two bits that have no meaning; QoS and Retain Handling are at most 2; No Local is nothing
        // for shared subscriptions.
        let is_legal = |byte: u8| {
            let (reserved, retain, qos) = (byte >> 6, byte >> 4 & 3, byte & 3);
            reserved == 0 && retain < 3 && qos < 3 && !(is_shared && byte & 0x04 != 0)
        };
        tape.byte(is_legal, &[0])?;
        tape.left() > 0
    } {}
    Some(())
}

fn unsubscribe(tape: &mut Tape<'_>) -> Option<()> {
    tape.packet_id()?;
    tape.properties(10, None)?;
    while {
        let filter = tape.text(Use::Filter, 1)?;
        share_is_valid(&filter)?;
        tape.left() > 0
    } {}
    Some(())
}

/// The reason codes of a packet type, as the table of the standard has them.
pub fn codes(number: u8, rules: Rules) -> Vec<u8> {
    let (client, server) = (rules.may_come_from(Role::Client), rules.may_come_from(Role::Server));
    let mut codes = match number {
        2 => vec![
            0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90,
            0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f,
        ],
        4 | 5 => vec![0x00, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
        6 | 7 => vec![0x00, 0x92],
        9 => vec![0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
        11 => vec![0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
        // The table has 0x9B for servers alone, section 3.3.4 has it for clients.
        14 => {
            vec![0x00, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9b]
        }
        15 => vec![0x18],
        _ => vec![],
    };
    match number {
        // There are no matching subscribers: only a server can know that.
        4 | 5 if server => codes.push(0x10),
        14 => {
            if client {
                codes.push(0x04);
            }
            if server {
                codes.extend([
                    0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x9a, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1,
                    0xa2,
                ]);
            }
            // Two tables of the standard disagree about it.
            if !rules.refuses(Rule::BadAuthenticationMethodInDisconnect) {
                codes.push(0x8c);
            }
        }
        15 => {
            codes.extend(client.then_some(0x19));
            codes.extend(server.then_some(0x00));
        }
        _ => {}
    }
    codes
}

/// Whether a valid packet other than CONNECT is written as a sender would.
pub fn is_canonical(first: u8, body: &[u8]) -> bool {
    let flags = first & 15;
    match first >> 4 {
        // The refusal by a server of 3.1.1 is written as one of 5.0.
        2 => flags == 0 && body.len() > 2,
        // DUP has no meaning at QoS 0.
        3 => flags & 0x0e != 0x08,
        // What says nothing is left out at the end.
        4 | 5 | 7 => flags == 0 && outcome_is_short(&body[2..]),
        6 => outcome_is_short(&body[2..]),
        14 => outcome_is_short(body),
        9 | 11 | 13 => flags == 0,
        _ => true,
    }
}

fn outcome_is_short(outcome: &[u8]) -> bool {
    match outcome {
        [] => true,
        [code] => *code != 0,
        [_, length, ..] => *length != 0,
    }
}
