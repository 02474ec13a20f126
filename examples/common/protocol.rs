//! A version of the protocol on a command line.

use clap::ValueEnum;
use mqtt_pure::Version;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    #[value(name = "3.1")]
    V3_1,
    #[value(name = "3.1.1")]
    V3_1_1,
    #[value(name = "5.0", alias = "5")]
    V5_0,
}

impl Protocol {
    pub const fn version(self) -> Version {
        match self {
            Self::V3_1 => Version::V3_1,
            Self::V3_1_1 => Version::V3_1_1,
            Self::V5_0 => Version::V5_0,
        }
    }
}
