//! Inputs out of vectors, for the tests that replay targets.

use serde_json::Value;

/// All that stands under the name `hex`, however deep.
pub fn collect(node: &Value, all: &mut Vec<Vec<u8>>) {
    match node {
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get("hex") {
                all.push(hex::decode(text).unwrap());
            }
            object.values().for_each(|value| collect(value, all));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, all)),
        _ => {}
    }
}
