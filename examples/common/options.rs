//! The `options` of a conformance vector as the options of the decoder.

use mqtt_pure::{DecodeOptions, Rule};
use serde_json::Value;

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
