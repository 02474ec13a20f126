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
    ($($name:ident,)*; $($of_brokers:ident,)*) => {
        #[allow(missing_docs, reason = "their names say what they are")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug { $($name,)* $($of_brokers,)* }

        impl Bug {
            /// Those of sessions.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
            /// Those of whole brokers.
            pub const OF_BROKERS: &[Self] = &[$(Self::$of_brokers,)*];
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
    ExpiryWholeAgain,
    DroppedIdentifierFree,
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
    ;
    WillNotRouted,
    WillLeftBehindOnClose,
    SubscriptionsKeptOnSessionEnd,
    RetainedNotCleared,
    RetainedNotReplaced,
    OneCopyForEachSubscription,
    NoLocalIgnored,
    JournalWithoutSubscription,
    JournalWithoutRetained,
    JournalWithoutUnsubscribed,
    SharedToAll,
    TakeOverKeepsOld,
    ReplayedBehindNewer,
    ReplayForgottenOnRestore,
    RetainAsPublishedIgnored,
    LowestQosOfOverlapping,
    UnsubscribedStillSubscribed,
    IdentifiersForgotten,
    ForsakenKept,
}

#[cfg(mqtt_pure_bugs)]
static PLANTED: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(usize::MAX);

/// Whether this bug is planted now.
#[cfg(mqtt_pure_bugs)]
pub fn is(bug: Bug) -> bool {
    PLANTED.load(core::sync::atomic::Ordering::Relaxed) == bug as usize
}

/// Plants this bug in the whole process, in place of another.
#[cfg(mqtt_pure_bugs)]
pub fn plant(bug: Option<Bug>) {
    PLANTED
        .store(bug.map_or(usize::MAX, |bug| bug as usize), core::sync::atomic::Ordering::Relaxed);
}
