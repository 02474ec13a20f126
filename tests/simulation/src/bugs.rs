//! The bugs that are planted to be found.

use crate::{Driver, Run};

/// Bugs of the driver, which need no planting.
pub const OF_THE_DRIVER: [Driver; 1] = [Driver::WritesBeforePersisting];

#[derive(Clone, Debug)]
pub enum Bug {
    OfTheDriver(Driver),
    #[cfg(mqtt_pure_bugs)]
    Planted(mqtt_pure::planted::Bug),
}

impl Bug {
    pub fn name(&self) -> String {
        match self {
            Self::OfTheDriver(driver) => format!("{driver:?}"),
            #[cfg(mqtt_pure_bugs)]
            Self::Planted(bug) => format!("{bug:?}"),
        }
    }

    /// Puts it in place of another.
    pub fn plant(&self) {
        match self {
            Self::OfTheDriver(_) => none(),
            #[cfg(mqtt_pure_bugs)]
            Self::Planted(bug) => mqtt_pure::planted::plant(Some(*bug)),
        }
    }

    /// A run that may find it.
    pub fn run(&self, seed: u64) -> Run {
        match self {
            Self::OfTheDriver(driver) => Run { driver: *driver, ..Run::of(seed) },
            #[cfg(mqtt_pure_bugs)]
            Self::Planted(_) => Run::of(seed),
        }
    }
}

/// Takes the planted one away.
pub fn none() {
    #[cfg(mqtt_pure_bugs)]
    mqtt_pure::planted::plant(None);
}

pub fn all() -> Vec<Bug> {
    #[cfg(mqtt_pure_bugs)]
    let planted = mqtt_pure::planted::Bug::ALL.iter().map(|bug| Bug::Planted(*bug));
    #[cfg(not(mqtt_pure_bugs))]
    let planted = std::iter::empty();
    OF_THE_DRIVER.into_iter().map(Bug::OfTheDriver).chain(planted).collect()
}
