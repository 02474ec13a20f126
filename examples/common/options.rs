//! What a conformance vector says of the decoder as the options of one.
#![allow(dead_code, reason = "each program that includes this file uses a part of it")]

use mqtt_pure::{DecodeOptions, Role, Rule, Version, Versions};
use serde_json::Value;

/// The options of a decoder of this version alone. Without a limit in the case there is none but that
/// of the protocol; the side that receives matters to cases of the level `direction` only.
pub fn of(version: Version, level: &Value, to: &Value) -> DecodeOptions {
    let options = DecodeOptions::new(version)
        .with_versions(Versions::NONE.with(version))
        .with_max_packet_size(DecodeOptions::MAX_PACKET_SIZE);
    match (level.as_str(), to.as_str()) {
        (Some("direction"), Some("server")) => options.with_sender(Role::Client),
        (Some("direction"), Some("client")) => options.with_sender(Role::Server),
        _ => options,
    }
}

/// The same for a server that takes every version and waits for the CONNECT that names one.
pub fn untold(mut options: DecodeOptions) -> DecodeOptions {
    options.version = DecodeOptions::default().version;
    options.with_versions(Versions::ALL)
}

/// Changes the options as the object says. `None` means that it names an option that is not known
/// here, so that the case has to be skipped; an error, that a known one has a wrong value.
pub fn read(object: &Value, mut options: DecodeOptions) -> Result<Option<DecodeOptions>, String> {
    if object.is_null() {
        return Ok(Some(options));
    }
    for (name, value) in object.as_object().ok_or("options: is not an object")? {
        match name.as_str() {
            "max_packet_size" => {
                let size = value.as_u64().and_then(|size| u32::try_from(size).ok());
                options.max_packet_size = size.ok_or("options.max_packet_size: is no u32")?;
            }
            "max_user_properties" => {
                let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
                options.max_user_properties =
                    count.ok_or("options.max_user_properties: is no u32")?;
            }
            "strictness" => {
                for (name, value) in value.as_object().ok_or("options.strictness: is no object")? {
                    let Some(rule) = Rule::ALL.into_iter().find(|rule| rule.name() == name) else {
                        return Ok(None);
                    };
                    options.strictness = match value.as_str() {
                        Some("accept") => options.strictness.accept(rule),
                        Some("refuse") => options.strictness.refuse(rule),
                        _ => return Err(format!("options.strictness.{name}: {value}")),
                    };
                }
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(options))
}
