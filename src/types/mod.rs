//! Values that cannot be wrong once they exist. Knows neither bytes nor packets.

mod packet_id;
mod qos;
mod reason;
mod return_code;
mod role;
mod subscription_id;
mod version;

pub use packet_id::{PacketId, PacketIdZero};
pub use qos::{Delivery, QoS};
pub use reason::ReasonCode;
pub(crate) use reason::ReasonCodes;
pub use return_code::ConnectReturnCode;
pub use role::Role;
pub use subscription_id::SubscriptionId;
pub use version::{Version, Versions};
