//! What is refused in 5.0, with which byte, and what the peer is told.

/// Name, bytes, the byte with which the verdict falls, the code, the reason code.
pub type Row = (&'static str, &'static [u8], usize, &'static str, u8);

pub const FRAMES: &[Row] = &[
    ("a length of five bytes", b"\x30\x80\x80\x80\x80\x01\0", 5, TOO_LONG, 0x81),
    ("a length over the limit", b"\x30\xff\xff\xff\x7f", 4, "limit.packet_too_large", 0x95),
    // [MQTT-1.5.5-1]
    ("a padded length", b"\xc0\x80\0", 3, "varint.non_minimal", 0x81),
    ("a padded length of PUBLISH", b"\x30\x84\0\0\x01a\0", 3, "varint.non_minimal", 0x81),
    ("type 0", b"\0\0", 1, "frame.reserved_type", 0x82),
    ("flags of PUBREL", b"\x60\x02\0\x01", 1, FLAGS, 0x81),
    ("flags of SUBSCRIBE", b"\x80\x07\0\x01\0\0\x01a\0", 1, FLAGS, 0x81),
    ("flags of CONNACK", b"\x29\x02\0\x01\xe0\0", 1, FLAGS, 0x81),
    ("flags of DISCONNECT", b"\xe1\0", 1, FLAGS, 0x81),
    ("flags of AUTH", b"\xf1\0", 1, FLAGS, 0x81),
    ("QoS 3", b"\x36\x09\0\x03a/b\0\x01\0x", 1, "qos.invalid", 0x81),
    ("DUP at QoS 0", b"\x38\x07\0\x03a/b\0x", 1, "publish.dup_with_qos0", 0x81),
    ("an empty PUBLISH", b"\x30\0", 2, TRUNCATED, 0x81),
    ("a PUBLISH without room for properties", b"\x30\x03\0\x01a", 2, TRUNCATED, 0x81),
    ("a PUBLISH of an empty topic alone", b"\x30\x02\0\0", 2, TRUNCATED, 0x81),
    ("QoS 1 without an identifier", b"\x32\x05\0\x03a/b", 2, TRUNCATED, 0x81),
    ("half an identifier", b"\x40\x01\0", 2, TRUNCATED, 0x81),
    ("half a CONNACK", b"\x20\x01\0", 2, TRUNCATED, 0x81),
    ("an empty CONNECT", b"\x10\0", 2, TRUNCATED, 0x81),
    ("a surplus after PINGREQ", b"\xc0\x01\0", 2, TRAILING, 0x81),
    // Every surplus after a property length, whichever way the packet arrives.
    ("a surplus after PUBACK", b"\x40\x07\0\x01\0\0\xff\xff\xff", 6, TRAILING, 0x81),
    ("a surplus after PUBREC", b"\x50\x07\0\x01\0\0\xff\xff\xff", 6, TRAILING, 0x81),
    ("a surplus after PUBREL", b"\x62\x07\0\x01\0\0\xff\xff\xff", 6, TRAILING, 0x81),
    ("a surplus after PUBCOMP", b"\x70\x07\0\x01\0\0\xff\xff\xff", 6, TRAILING, 0x81),
    ("a surplus after DISCONNECT", b"\xe0\x05\0\0\xff\xff\xff", 4, TRAILING, 0x81),
    ("a surplus after AUTH", b"\xf0\x07\x18\x04\x15\0\x01m\xff", 4, TRAILING, 0x81),
    ("a surplus after CONNACK", b"\x20\x05\0\0\0\xff\xff", 5, TRAILING, 0x81),
    ("a surplus after a reason string", b"\x40\x09\0\x01\0\x04\x1f\0\x01a\xff", 6, TRAILING, 0x81),
    ("a surplus after CONNECT", b"\x10\x0f\0\x04MQTT\x05\x02\0\x3c\0\0\x01a\0", 15, TRAILING, 0x81),
    // The fields of the packet after it are not its own.
    ("DISCONNECT that reads on", b"\xe0\x07\0\x05\x21\0\x0a\0\0\xc0\0", 5, NOT_ALLOWED, 0x81),
    ("UNSUBACK that reads on", b"\xb0\x02\0\x01\xc0\0", 2, TRUNCATED, 0x81),
    ("an UNSUBACK of 3.1.1", b"\xb0\x02\0\x0a", 2, TRUNCATED, 0x81),
    ("UNSUBACK without codes", b"\xb0\x03\0\x01\0", 2, "suback.no_codes", 0x82),
    ("a SUBACK of 3.1.1", b"\x90\x03\0\x01\x02", 2, "suback.no_codes", 0x82),
    ("SUBACK without codes", b"\x90\x07\0\x01\x04\x1f\0\x01a", 5, "suback.no_codes", 0x82),
    ("SUBSCRIBE without anything", b"\x82\x02\0\x01", 2, TRUNCATED, 0x81),
    ("no filter", b"\x82\x03\0\x01\0", 2, "subscribe.no_filters", 0x82),
    ("no filter to give up", b"\xa2\x03\0\x01\0", 2, "subscribe.no_filters", 0x82),
];

const TOO_LONG: &str = "frame.remaining_length_too_long";
const FLAGS: &str = "frame.reserved_flags";
const TRUNCATED: &str = "packet.truncated_field";
const TRAILING: &str = "packet.trailing_bytes";
const NOT_ALLOWED: &str = "property.not_allowed";
const VALUE: &str = "property.value";
const MISSING: &str = "property.missing";
const REASON: &str = "reason_code.invalid";
const SHARED: &str = "topic.shared_subscription";

pub const PROPERTIES: &[Row] = &[
    // The length of the properties.
    (
        "a property length of five bytes",
        b"\x30\x09\0\x01a\x80\x80\x80\x80\x01x",
        9,
        "varint.too_long",
        0x81,
    ),
    ("a padded property length", b"\x30\x06\0\x01a\x80\0x", 7, "varint.non_minimal", 0x81),
    ("a property length beyond the packet", b"\x30\x05\0\x01a\x7fx", 6, TRUNCATED, 0x81),
    ("a property length without room", b"\x82\x08\0\x01\x02\0\x01a\0\0", 5, TRUNCATED, 0x81),
    (
        "a property length beyond a CONNECT",
        b"\x10\x0e\0\x04MQTT\x05\x02\0\x3c\x02\0\x01a",
        13,
        TRUNCATED,
        0x81,
    ),
    // Identifiers.
    ("the identifier 0", b"\x30\x09\0\x01a\x05\0\0\0\0\0", 7, "property.unknown", 0x81),
    ("the identifier 0x7f", b"\x30\x09\0\x01a\x05\x7f\0\0\0\0", 7, "property.unknown", 0x81),
    ("a padded identifier", b"\x30\x09\0\x01a\x05\x91\0\0\0\0", 7, "property.unknown", 0x81),
    // Pairs that are cut, by their block though the packet goes on.
    ("half a pair", b"\x30\x0a\0\x01a\x04\x26\0\x01abc", 7, TRUNCATED, 0x81),
    ("a name without a value", b"\x30\x0c\0\x01a\x06\x26\0\x03abcde", 9, TRUNCATED, 0x81),
    ("a value that is cut", b"\x30\x0c\0\x01a\x07\x26\0\x01a\0\x02bc", 12, TRUNCATED, 0x81),
    ("a string beyond its block", b"\x30\x0a\0\x01a\x04\x03\0\x02abc", 9, TRUNCATED, 0x81),
    ("a number beyond its block", b"\x30\x0a\0\x01a\x04\x02\0\0\0\x01c", 7, TRUNCATED, 0x81),
    // Values.
    ("payload format 2", b"\x30\x06\0\x01a\x02\x01\x02", 8, VALUE, 0x82),
    ("topic alias 0", b"\x30\x07\0\x01a\x03\x23\0\0", 9, VALUE, 0x94),
    ("a response topic `a/#`", b"\x30\x0a\0\x01a\x06\x08\0\x03a/#", 12, WILDCARD, 0x82),
    ("a response topic `+`", b"\x30\x08\0\x01a\x04\x08\0\x01+", 10, WILDCARD, 0x82),
    ("an empty response topic", b"\x30\x0b\0\x01a\x07\x08\0\0\x03\0\x01a", 9, "topic.empty", 0x82),
    ("receive maximum 0 in CONNACK", b"\x20\x06\0\0\x03\x21\0\0", 8, VALUE, 0x82),
    ("maximum packet size 0 in CONNACK", b"\x20\x08\0\0\x05\x27\0\0\0\0", 10, VALUE, 0x82),
    ("maximum QoS 2", b"\x20\x05\0\0\x02\x24\x02", 7, VALUE, 0x82),
    ("retain available 2", b"\x20\x05\0\0\x02\x25\x02", 7, VALUE, 0x82),
    ("receive maximum 0", b"\x10\x11\0\x04MQTT\x05\x02\0\x3c\x03\x21\0\0\0\x01a", 16, VALUE, 0x82),
    (
        "maximum packet size 0",
        b"\x10\x13\0\x04MQTT\x05\x02\0\x3c\x05\x27\0\0\0\0\0\x01a",
        18,
        VALUE,
        0x82,
    ),
    (
        "request problem information 2",
        b"\x10\x10\0\x04MQTT\x05\x02\0\x3c\x02\x17\x02\0\x01a",
        15,
        VALUE,
        0x82,
    ),
    (
        "authentication data without a method",
        b"\x10\x12\0\x04MQTT\x05\x02\0\x3c\x04\x16\0\x01x\0\x01a",
        14,
        MISSING,
        0x82,
    ),
    // Subscription identifiers.
    ("subscription identifier 0", b"\x82\x09\0\x01\x02\x0b\0\0\x01a\0", 7, VALUE, 0x82),
    ("subscription identifier 0 in PUBLISH", b"\x30\x06\0\x01a\x02\x0b\0", 8, VALUE, 0x82),
    (
        "two subscription identifiers",
        b"\x82\x0b\0\x01\x04\x0b\x01\x0b\x02\0\x01a\0",
        8,
        "property.duplicate",
        0x82,
    ),
    (
        "a subscription identifier of five bytes",
        b"\x82\x0d\0\x01\x06\x0b\x80\x80\x80\x80\x01\0\x01a\0",
        10,
        "varint.too_long",
        0x81,
    ),
    (
        "a padded subscription identifier",
        b"\x82\x0a\0\x01\x03\x0b\x81\0\0\x01a\0",
        8,
        "varint.non_minimal",
        0x81,
    ),
    // AUTH is nothing without a method.
    ("AUTH with a reason string alone", b"\xf0\x08\x18\x06\x1f\0\x03abc", 7, MISSING, 0x82),
];

const WILDCARD: &str = "topic.name_has_wildcard";

pub const CONTENTS: &[Row] = &[
    ("CONNECT of level 6", b"\x10\x0e\0\x04MQTT\x06\x02\0\x3c\0\0\x01a", 9, LEVEL, 0x84),
    ("MQIsdp of level 5", b"\x10\x0f\0\x06MQIsdp\x05\x02\0\x3c\0\x01a", 11, LEVEL, 0x84),
    (
        "another protocol",
        b"\x10\x0f\0\x05MQTTX\x05\x02\0\x3c\0\0\x01a",
        4,
        "connect.protocol_name",
        0x84,
    ),
    (
        "the reserved flag",
        b"\x10\x0e\0\x04MQTT\x05\x03\0\x3c\0\0\x01a",
        10,
        "connect.reserved_flag",
        0x81,
    ),
    ("will QoS alone", b"\x10\x0e\0\x04MQTT\x05\x0a\0\x3c\0\0\x01a", 10, WILL_FLAGS, 0x81),
    ("will retain alone", b"\x10\x0e\0\x04MQTT\x05\x22\0\x3c\0\0\x01a", 10, WILL_FLAGS, 0x81),
    (
        "will QoS 3",
        b"\x10\x15\0\x04MQTT\x05\x1e\0\x3c\0\0\x01a\0\0\x01w\0\x01b",
        10,
        "qos.invalid",
        0x81,
    ),
    (
        "a will without room for its properties",
        b"\x10\x13\0\x04MQTT\x05\x06\0\x3c\0\0\x01a\0\x01w\0\0",
        15,
        TRUNCATED,
        0x81,
    ),
    (
        "a property of a will that is none",
        b"\x10\x17\0\x04MQTT\x05\x06\0\x3c\0\0\x01a\x03\x22\0\x01\0\x01w\0\0",
        18,
        NOT_ALLOWED,
        0x81,
    ),
    (
        "U+0000 in a client id",
        b"\x10\x0f\0\x04MQTT\x05\x02\0\x3c\0\0\x02a\0",
        17,
        "string.has_nul",
        0x81,
    ),
    // PUBLISH
    ("PUBLISH with identifier 0", b"\x32\x08\0\x03a/b\0\0\0", 9, "packet_id.zero", 0x81),
    ("PUBLISH to a wildcard", b"\x30\x07\0\x03a/#\0x", 7, WILDCARD, 0x81),
    ("PUBLISH to nothing", b"\x30\x04\0\0\0x", 4, MISSING, 0x82),
    ("PUBLISH to nothing without an alias", b"\x30\x07\0\0\0abcd", 5, MISSING, 0x82),
    (
        "PUBLISH to nothing with another property",
        b"\x30\x0b\0\0\x06\x03\0\x03abcab",
        8,
        MISSING,
        0x82,
    ),
    ("an overlong zero", b"\x30\x07\0\x03a\xc0\x80\0x", 6, "string.ill_formed_utf8", 0x81),
    ("U+0000 in a topic", b"\x30\x07\0\x03a\0b\0x", 6, "string.has_nul", 0x81),
    // Subscriptions
    ("requested QoS 3", b"\x82\x07\0\x01\0\0\x01a\x03", 9, "qos.invalid", 0x82),
    ("retain handling 3", b"\x82\x07\0\x01\0\0\x01a\x30", 9, "subscribe.retain_handling", 0x82),
    ("bits 6 and 7", b"\x82\x07\0\x01\0\0\x01a\xc0", 9, "subscribe.reserved_options", 0x81),
    ("bit 6", b"\x82\x07\0\x01\0\0\x01a\x40", 9, "subscribe.reserved_options", 0x81),
    (
        "no local on a shared subscription",
        b"\x82\x10\0\x01\0\0\x0a$share/g/a\x04",
        18,
        "subscribe.no_local_on_shared",
        0x82,
    ),
    ("no name of a share", b"\x82\x10\0\x01\0\0\x0a$share//ab\0", 15, SHARED, 0x82),
    ("a share without a filter", b"\x82\x0e\0\x01\0\0\x08$share/g\0", 14, SHARED, 0x82),
    ("a share with an empty filter", b"\x82\x0f\0\x01\0\0\x09$share/g/\0", 14, SHARED, 0x82),
    ("a wildcard as a name", b"\x82\x10\0\x01\0\0\x0a$share/+/a\0", 15, SHARED, 0x82),
    ("no name of a share to give up", b"\xa2\x0f\0\x01\0\0\x0a$share//ab", 15, SHARED, 0x82),
    ("a share without a filter to give up", b"\xa2\x0d\0\x01\0\0\x08$share/g", 14, SHARED, 0x82),
    ("a second filter that is cut", b"\x82\x0b\0\x01\0\0\x01a\0\0\x05ab", 11, TRUNCATED, 0x81),
    // Answers
    ("a session in a refusal", b"\x20\x03\x01\x80\0", 4, SESSION, 0x82),
    ("acknowledge flags", b"\x20\x03\x02\0\0", 3, "connack.reserved_flags", 0x81),
    ("a return code of 3.1.1", b"\x20\x03\0\x05\0", 4, REASON, 0x82),
    ("SUBACK with code 3", b"\x90\x04\0\x01\0\x03", 6, REASON, 0x82),
    ("UNSUBACK with code 1", b"\xb0\x04\0\x01\0\x01", 6, REASON, 0x82),
    ("PUBACK with code 0x92", b"\x40\x03\0\x01\x92", 5, REASON, 0x82),
    ("PUBREL with code 0x10", b"\x62\x03\0\x01\x10", 5, REASON, 0x82),
    ("DISCONNECT with code 0x84", b"\xe0\x01\x84", 3, REASON, 0x82),
    ("DISCONNECT with code 1", b"\xe0\x01\x01", 3, REASON, 0x82),
    ("AUTH with code 0x80", b"\xf0\x06\x80\x04\x15\0\x01m", 3, REASON, 0x82),
];

const LEVEL: &str = "connect.protocol_level";
const WILL_FLAGS: &str = "connect.will_flags_without_will";
const SESSION: &str = "connack.session_present_on_error";
