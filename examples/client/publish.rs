//! Sends messages: one, a file, or the lines of standard input.

use crate::{args::PublishArgs, connection::Application, failure::Failure, store::Store};
use mqtt_pure::{Client, ClientAction, CommandError, Instant, Message, TopicName};
use std::{
    fs,
    io::{self, BufRead},
    thread,
};
use tokio::sync::mpsc::{self, Receiver};
use tracing::{debug, info, warn};

/// So many messages wait in the session before further ones are left in the input.
const WAITING: usize = 100;

/// A message, or why there are no more.
type Item = Result<Vec<u8>, String>;

pub struct Publisher {
    /// All but the payload.
    template: Message,
    input: Receiver<Item>,
    /// What has come and was not looked at.
    next: Option<Item>,
    has_ended: bool,
    /// How many messages at the beginning of the input have been taken by an earlier run.
    skip: u64,
    taken: u64,
    arrived: u64,
    failed: u64,
}

impl Publisher {
    pub fn new(args: &PublishArgs, store: Option<&Store>) -> Result<Self, Failure> {
        let topic = TopicName::new(&args.topic)
            .map_err(|error| Failure::Input(format!("topic {:?}: {error}", args.topic)))?;
        let template = Message::new(topic, "").with_qos(args.qos).with_retain(args.retain);
        let skip = store.map_or(0, |store| store.taken);
        let skip = if args.resume { skip } else { 0 };
        Ok(Self {
            template,
            input: input(args)?,
            next: None,
            has_ended: false,
            skip,
            taken: 0,
            arrived: 0,
            failed: 0,
        })
    }

    /// Takes the next message, as soon as there is one.
    fn take(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            match self.next.take().map_or_else(|| self.input.try_recv(), Ok) {
                Ok(Ok(payload)) => {
                    if self.taken >= self.skip {
                        return Ok(Some(payload));
                    }
                    self.taken += 1;
                }
                Ok(Err(why)) => return Err(Failure::Input(why)),
                Err(mpsc::error::TryRecvError::Empty) => return Ok(None),
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    self.has_ended = true;
                    return Ok(None);
                }
            }
        }
    }

    fn publish(
        &self,
        client: &mut Client,
        now: Instant,
        payload: Vec<u8>,
    ) -> Result<(), CommandError> {
        let message = Message::new(self.template.topic(), payload)
            .with_qos(self.template.qos())
            .with_retain(self.template.retain());
        let published = client.publish(now, message)?;
        debug!("{published:?}");
        Ok(())
    }
}

impl Application for Publisher {
    fn connected(&mut self, client: &mut Client, _: Instant, _: bool) -> Result<(), Failure> {
        let (in_flight, queued) = (client.in_flight(), client.queued());
        if in_flight + queued > 0 {
            info!("{in_flight} messages were sent and are not acknowledged, {queued} wait");
        }
        Ok(())
    }

    fn act(&mut self, action: ClientAction<'_>) -> Result<(), Failure> {
        match action {
            ClientAction::Done { .. } => self.arrived += 1,
            ClientAction::Failed { token, failure } => {
                warn!("message {}: {failure:?}", token.get());
                self.failed += 1;
            }
            ClientAction::Lost { token } => {
                warn!("message {}: whether it has arrived is not known", token.get());
                self.failed += 1;
            }
            other => debug!("{other:?}"),
        }
        Ok(())
    }

    async fn ready(&mut self) {
        if self.next.is_some() || self.has_ended {
            return std::future::pending().await;
        }
        self.next = self.input.recv().await;
        self.has_ended = self.next.is_none();
    }

    fn work(
        &mut self,
        client: &mut Client,
        store: Option<&mut Store>,
        now: Instant,
    ) -> Result<(), Failure> {
        while client.queued() < WAITING && !client.is_blocked() {
            let Some(payload) = self.take()? else { break };
            self.publish(client, now, payload)?;
            self.taken += 1;
        }
        if let Some(store) = store {
            store.taken = self.taken.max(self.skip);
        }
        Ok(())
    }

    fn is_done(&self, client: &Client) -> bool {
        self.has_ended && self.next.is_none() && client.in_flight() == 0 && client.queued() == 0
    }

    fn finish(&self) -> Result<(), Failure> {
        info!("{} messages taken, {} acknowledged", self.taken, self.arrived);
        match self.failed {
            0 => Ok(()),
            1 => Err(Failure::NotDone("one message may not have arrived".to_owned())),
            count => Err(Failure::NotDone(format!("{count} messages may not have arrived"))),
        }
    }
}

fn input(args: &PublishArgs) -> Result<Receiver<Item>, Failure> {
    let (sender, receiver) = mpsc::channel(64);
    let once = match (&args.message, &args.file) {
        (Some(message), _) => Some(message.clone().into_bytes()),
        (None, Some(path)) => Some(
            fs::read(path)
                .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?,
        ),
        (None, None) => None,
    };
    if let Some(payload) = once {
        // There is room for it.
        let _ = sender.try_send(Ok(payload));
        return Ok(receiver);
    }
    // A thread of its own may stay behind in a read when the program ends.
    thread::spawn(move || {
        for line in io::stdin().lock().split(b'\n') {
            let item = line.map_err(|error| format!("cannot read the input: {error}"));
            let is_last = item.is_err();
            if sender.blocking_send(item).is_err() || is_last {
                return;
            }
        }
    });
    Ok(receiver)
}
