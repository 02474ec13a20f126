//! Traces of sessions, a step a request. `begin` makes a new client or server, every other request
//! is a step of it.

use crate::{
    field,
    session_role::{Driven, role},
    skip,
};
use mqtt_pure::{Role, Version};
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the roles of this crate can be told.
const CONFIG: [&str; 15] = [
    "client_id",
    "clean_session",
    "clean_start",
    "keep_alive",
    "will",
    "user_name",
    "password",
    "properties",
    "acknowledge",
    "connect_timeout",
    "ping_timeout",
    "in_flight_maximum",
    "queue_maximum",
    "maximum_packet_size",
    "protocol_version",
];

/// The trace that is being run.
#[derive(Default)]
pub struct Sessions(Option<Box<dyn Driven>>);

impl Sessions {
    pub fn answer(&mut self, request: &Value) -> Result<Value, String> {
        let id = field(request, "id");
        let begin = field(request, "begin");
        // What a trace cannot say is a panic of the one that drives it.
        let done = catch_unwind(AssertUnwindSafe(|| {
            if begin.is_null() { self.step(request) } else { self.begin(id, begin) }
        }));
        done.unwrap_or_else(|_| {
            self.0 = None;
            Err("the step cannot be done".to_owned())
        })
    }

    fn begin(&mut self, id: &Value, begin: &Value) -> Result<Value, String> {
        let name = field(begin, "version").as_str().ok_or("begin.version: is not a string")?;
        let Some(version) = Version::ALL.into_iter().find(|version| version.to_string() == name)
        else {
            return Ok(skip(id, "unknown version"));
        };
        let side = match field(begin, "role").as_str() {
            Some("client") => Role::Client,
            Some("server") => Role::Server,
            _ => return Err("begin.role: is neither client nor server".to_owned()),
        };
        let config = field(begin, "config");
        let names = config.as_object().ok_or("begin.config: is not an object")?.keys();
        if let Some(unknown) = names.into_iter().find(|name| !CONFIG.contains(&name.as_str())) {
            return Ok(skip(id, &format!("unknown configuration {unknown}")));
        }
        self.0 = Some(role(side, version, config));
        Ok(json!({"id": id, "result": "ok"}))
    }

    fn step(&mut self, request: &Value) -> Result<Value, String> {
        let role = self.0.as_mut().ok_or("there is no trace")?;
        let at = field(request, "at").as_u64().ok_or("at: is not a number")?;
        let input = field(request, "in").as_object().and_then(|input| input.iter().next());
        let (name, body) = input.ok_or("in: is not an input")?;
        let digits = field(request, "hex").as_str().unwrap_or_default();
        let bytes = hex::decode(digits).map_err(|error| format!("hex: {error}"))?;
        let out = role.step(at, name, body, &bytes);
        Ok(json!({"id": field(request, "id"), "result": "ok", "out": out}))
    }
}
