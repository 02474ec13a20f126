//! What a broker counts.

/// What a broker has counted since it was made, and what there is now. Plain numbers: how they are
/// published is the application's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Connections that there are.
    pub connections: u64,
    /// Sessions that there are.
    pub sessions: u64,
    /// Subscriptions that there are.
    pub subscriptions: u64,
    /// Retained messages that there are.
    pub retained: u64,
    /// About how many bytes these take up.
    pub retained_bytes: u64,
    /// Connections that were opened.
    pub opened: u64,
    /// Connections that were not, as there were too many.
    pub turned_away: u64,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections that were refused, by the application or for a limit.
    pub refused: u64,
    /// Connections that were closed as another one of the same client was accepted.
    pub taken_over: u64,
    /// Connections that were closed for a fault of the client.
    pub faults: u64,
    /// Sessions that were ended: expired, replaced or given up.
    pub sessions_ended: u64,
    /// Connections that were refused as there were too many sessions.
    pub sessions_full: u64,
    /// Subscriptions that were refused by the policy.
    pub subscriptions_refused: u64,
    /// Subscriptions that were refused for a limit.
    pub subscriptions_full: u64,
    /// Bytes that were taken in.
    pub bytes_in: u64,
    /// Messages that came from clients.
    pub messages_in: u64,
    /// Wills among the messages that were published.
    pub wills: u64,
    /// Messages that went to clients, or wait for them: one for each.
    pub messages_out: u64,
    /// Messages that clients have acknowledged.
    pub acknowledged: u64,
    /// Messages that the policy did not allow to be published.
    pub publish_refused: u64,
    /// Messages that the policy did not allow to be received: one for each client.
    pub receive_refused: u64,
    /// Messages that nobody had subscribed to.
    pub unmatched: u64,
    /// Messages that could not be retained for a limit.
    pub retained_full: u64,
    /// Retained messages whose time was over.
    pub retained_expired: u64,
    /// Messages of QoS 0 that were not sent to clients that were away.
    pub dropped_away: u64,
    /// Messages of QoS 0 that were not sent as the client does not read.
    pub dropped_slow: u64,
    /// Messages that were not kept as too many wait for the client.
    pub dropped_full: u64,
    /// Messages that were larger than the client takes.
    pub dropped_too_large: u64,
    /// Messages whose time was over before they could be sent.
    pub dropped_expired: u64,
    /// Messages that clients have refused.
    pub dropped_by_client: u64,
    /// Messages on their way when their session ended.
    pub lost: u64,
    /// Messages of clients that were skipped, as they were too large.
    pub skipped: u64,
}

/// One more.
pub(super) const fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

/// A size as a number to be counted.
pub(super) fn size(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
