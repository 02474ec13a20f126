//! Values that cannot be wrong once they exist. Knows neither bytes nor packets.

mod packet_id;
mod qos;
mod reason;
mod version;

pub use packet_id::{PacketId, PacketIdZero};
pub use qos::{Delivery, QoS};
pub use reason::{ConnectReturnCode, ReasonCode};
pub use version::Version;
