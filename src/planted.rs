//! Bugs on purpose, by which the simulation shows that it finds what it looks for.
//!
//! They exist in builds with `--cfg mqtt_pure_bugs` alone; in any other `planted!` is `false`.

#[cfg(not(mqtt_pure_bugs))]
macro_rules! planted {
    ($bug:ident) => {
        false
    };
}

#[cfg(mqtt_pure_bugs)]
macro_rules! planted {
    ($bug:ident) => {
        $crate::planted::is($crate::planted::Bug::$bug)
    };
}

#[cfg(mqtt_pure_bugs)]
macro_rules! bugs {
    ($($name:ident,)*) => {
        #[allow(missing_docs, reason = "their names say what they are")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug { $($name,)* }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

#[cfg(mqtt_pure_bugs)]
bugs! {
    ReceivedForgottenOnReconnect,
    NoDedup,
    PubrelLostOnResume,
    PublishAfterPubrec,
    NoDupOnResend,
    DupOnFirstSend,
    ResendByIdentifier,
    NewBeforeResend,
    QuotaNotRestoredByPubcomp,
    QuotaNotSetOnConnect,
    QuotaNotRestoredByRefusal,
    QuotaIgnored,
    RequestsHaveOwnIdentifiers,
    IdentifiersKeptOnSessionEnd,
    ReceivedKeptOnSessionEnd,
    NoPubcompForUnknown,
    AnswersOutOfOrder,
    JournalWithoutReleased,
    JournalWithoutReceived,
    JournalWithoutDone,
    JournalWithoutQueued,
    JournalWithoutCompleted,
    JournalWithoutWillOver,
    WillAfterDisconnect,
    WillTwice,
    WillNotCancelled,
    WillLostOnTakeOver,
    KeepAliveFromLastSent,
    PingFromLastReceived,
    DoneTwice,
    RequestsNotLost,
    LostNotTold,
    QueueLimitOff,
    AliasesKeptOnReconnect,
    ExpiredSent,
    SnapshotReversesQueue,
    PubcompEndsOldest,
    SessionPresentAlways,
    SessionNeverExpires,
    WritesAfterClose,
    WrongAnswerTaken,
    QueueOvertaken,
    WillCancelledLate,
    OneDeadlineOnly,
    ExpiryNotRestored,
}

#[cfg(mqtt_pure_bugs)]
static PLANTED: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(usize::MAX);

/// Whether this bug is planted now.
#[cfg(mqtt_pure_bugs)]
pub fn is(bug: Bug) -> bool {
    Bug::ALL.get(PLANTED.load(core::sync::atomic::Ordering::Relaxed)) == Some(&bug)
}

/// Plants this bug in the whole process, in place of another.
#[cfg(mqtt_pure_bugs)]
pub fn plant(bug: Option<Bug>) {
    let place = Bug::ALL.iter().position(|other| Some(*other) == bug).unwrap_or(usize::MAX);
    PLANTED.store(place, core::sync::atomic::Ordering::Relaxed);
}
