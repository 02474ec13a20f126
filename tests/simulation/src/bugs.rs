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

    /// The run with this bug.
    pub fn in_run(&self, run: Run) -> Run {
        match self {
            Self::OfTheDriver(driver) => Run { driver: *driver, ..run },
            #[cfg(mqtt_pure_bugs)]
            Self::Planted(_) => run,
        }
    }
}

/// Takes the planted one away.
pub fn none() {
    #[cfg(mqtt_pure_bugs)]
    mqtt_pure::planted::plant(None);
}

/// Those of sessions, or those of whole brokers.
pub fn all(brokers: bool) -> Vec<Bug> {
    #[cfg(mqtt_pure_bugs)]
    let planted = {
        use mqtt_pure::planted::Bug as Planted;
        let all = if brokers { Planted::OF_BROKERS } else { Planted::ALL };
        all.iter().map(|bug| Bug::Planted(*bug))
    };
    let _ = brokers;
    #[cfg(not(mqtt_pure_bugs))]
    let planted = std::iter::empty();
    OF_THE_DRIVER.into_iter().map(Bug::OfTheDriver).chain(planted).collect()
}
