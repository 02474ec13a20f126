//! Prints the messages that come.

use crate::{
    args::SubscribeArgs, connection::Application, failure::Failure, protocol::Protocol,
    store::Store,
};
use mqtt_pure::{
    Client, ClientAction, Instant, Properties, QoS, Received, RetainHandling, Subscription,
    TopicFilter,
};
use std::io::{self, Write};
use tracing::{debug, info, warn};

pub struct Subscriber {
    filters: Vec<String>,
    qos: QoS,
    /// How many messages are still to come.
    left: Option<u64>,
    payload_only: bool,
    is_5_0: bool,
    is_subscribed: bool,
    refused: usize,
}

impl Subscriber {
    pub fn new(args: &SubscribeArgs) -> Result<Self, Failure> {
        for filter in &args.filters {
            TopicFilter::new(filter)
                .map_err(|error| Failure::Input(format!("filter {filter:?}: {error}")))?;
        }
        Ok(Self {
            filters: args.filters.clone(),
            qos: args.qos,
            left: args.count,
            payload_only: args.payload,
            is_5_0: args.connection.protocol == Protocol::V5_0,
            is_subscribed: false,
            refused: 0,
        })
    }

    fn print(&mut self, received: &Received<'_>) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let topic = received.topic();
        let head = if self.payload_only { String::new() } else { format!("{topic} ") };
        out.write_all(head.as_bytes())
            .and_then(|()| out.write_all(received.payload()))
            .and_then(|()| out.write_all(b"\n"))
            // The acknowledgement is written after this.
            .and_then(|()| out.flush())
            .map_err(|error| Failure::output(&error))?;
        self.left = self.left.map(|left| left.saturating_sub(1));
        Ok(())
    }
}

impl Application for Subscriber {
    fn connected(
        &mut self,
        client: &mut Client,
        now: Instant,
        session_present: bool,
    ) -> Result<(), Failure> {
        if session_present && self.is_subscribed {
            return Ok(());
        }
        self.is_subscribed = false;
        let mut subscriptions = Vec::new();
        for filter in &self.filters {
            let filter = TopicFilter::new(filter)
                .map_err(|error| Failure::Input(format!("filter {filter:?}: {error}")))?;
            let mut subscription = Subscription::new(filter, self.qos);
            if self.is_5_0 {
                // A subscription that was resumed has had them.
                subscription.options.retain_handling = RetainHandling::SendIfNew;
            }
            subscriptions.push(subscription);
        }
        client.subscribe(now, &subscriptions[..], Properties::EMPTY)?;
        Ok(())
    }

    fn act(&mut self, action: ClientAction<'_>) -> Result<(), Failure> {
        match action {
            ClientAction::Message(received) => self.print(&received)?,
            ClientAction::Subscribed(_, suback) => {
                self.is_subscribed = true;
                self.refused = 0;
                for (filter, code) in self.filters.iter().zip(suback.codes) {
                    if code.is_failure() {
                        self.refused += 1;
                        warn!("{filter}: {code}");
                    } else {
                        info!("subscribed to {filter}: {code}");
                    }
                }
                if self.refused == self.filters.len() {
                    return Err(Failure::NotDone("the server grants no subscription".to_owned()));
                }
            }
            ClientAction::Skipped(skipped) => warn!("skipped: {skipped:?}"),
            other => debug!("{other:?}"),
        }
        Ok(())
    }

    async fn ready(&mut self) {
        std::future::pending().await
    }

    fn work(&mut self, _: &mut Client, _: Option<&mut Store>, _: Instant) -> Result<(), Failure> {
        Ok(())
    }

    fn is_done(&self, _: &Client) -> bool {
        self.left == Some(0)
    }

    fn finish(&self) -> Result<(), Failure> {
        match self.refused {
            0 => Ok(()),
            count => Err(Failure::NotDone(format!("{count} subscriptions were not granted"))),
        }
    }
}
