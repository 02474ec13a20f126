//! Connections one after the other, with pauses that grow, until everything is done.

use crate::{
    args::ConnectionArgs,
    clock::Clock,
    connection::{Application, End, Session},
    failure::Failure,
    store::Store,
    transport::Transport,
};
use mqtt_pure::{
    Binary, Client, Connect, Disconnect, Properties, Property, SessionOptions, Text, TopicName,
    Version, Will,
};
use std::{env, fs, pin::pin, process, time::Duration};
use tokio::time::sleep;
use tracing::{info, warn};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// For how many seconds a server of 5.0 keeps a session that is in no file.
const EXPIRY_WITHOUT_FILE: u32 = 300;

/// Runs an application over as many connections as it takes.
pub async fn run<A: Application>(
    args: &ConnectionArgs,
    make: impl FnOnce(Option<&Store>) -> Result<A, Failure>,
) -> Result<(), Failure> {
    let version = args.protocol.version();
    let client_id = args.client_id.clone().unwrap_or_else(|| format!("pure-{}", process::id()));
    let password = password(args)?;
    let transport = Transport::new(args)?;
    let expiry = if args.session.is_some() { args.session_expiry } else { EXPIRY_WITHOUT_FILE };
    let of_5_0 = version == Version::V5_0;
    let properties = [Property::SessionExpiryInterval(expiry)];
    let properties = if of_5_0 { Properties::from(&properties) } else { Properties::EMPTY };
    let connect = connect(args, version, &client_id, password.as_deref(), properties)?;
    // Without a file nobody comes back for the session.
    let over = [Property::SessionExpiryInterval(0)];
    let ends = of_5_0 && args.session.is_none();
    let mut leave = Disconnect::new();
    leave.properties = if ends { Properties::from(&over) } else { Properties::EMPTY };

    let (store, client) = match &args.session {
        Some(path) => {
            let (store, client) = Store::open(path, &client_id, options())?;
            (Some(store), client)
        }
        None => (None, Client::new(options())),
    };
    let application = make(store.as_ref())?;
    let clock = Clock::new();
    let session = Session { client, store, application, clock, leave, was_accepted: false };
    again_and_again(args, session, &transport, connect).await
}

async fn again_and_again<A: Application>(
    args: &ConnectionArgs,
    mut session: Session<'_, A>,
    transport: &Transport,
    mut connect: Connect<'_>,
) -> Result<(), Failure> {
    let mut interrupt = pin!(interrupted());
    let mut pause = FIRST_PAUSE;
    let mut is_first = true;
    let server = transport.url().authority();
    let of_5_0 = connect.version == Version::V5_0;
    // Before 5.0 a session that is not clean outlives the program.
    connect.clean_session = !of_5_0 && args.session.is_none();
    loop {
        let opened = tokio::select! {
            opened = transport.open() => opened,
            () = &mut interrupt => return session.application.finish(),
        };
        let why = match opened {
            Err(error) => error.to_string(),
            Ok(stream) => match session.run(stream, &connect, &mut interrupt).await? {
                End::Left => return session.application.finish(),
                End::Refused(why) => {
                    return Err(Failure::Refused(format!("{server} refuses: {why}")));
                }
                // [MQTT-3.2.2-4] of 5.0: a clean start is the way out. It is not the way in, as
                // mosquitto 2.0.11 does not store sessions that began so.
                End::UnknownSession => {
                    info!("the server has a session of an older run, which is given up");
                    connect.clean_session = true;
                    continue;
                }
                End::Lost(why) => why,
            },
        };
        connect.clean_session &= !of_5_0;
        if session.was_accepted {
            (is_first, pause) = (false, FIRST_PAUSE);
        }
        if is_first && !args.keep_trying {
            return Err(Failure::Connection(format!("cannot connect to {server}: {why}")));
        }
        warn!("no connection to {server}: {why}; next try in {} ms", pause.as_millis());
        tokio::select! {
            () = sleep(pause) => {}
            () = &mut interrupt => return session.application.finish(),
        }
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// This side is no server that strangers connect to, so that large files may pass.
fn options() -> SessionOptions {
    let mut options = SessionOptions::client();
    options.max_packet_size = 268_435_460;
    options.max_queued_bytes = usize::MAX;
    options
}

fn connect<'a>(
    args: &'a ConnectionArgs,
    version: Version,
    client_id: &'a str,
    password: Option<&'a [u8]>,
    properties: Properties<'a>,
) -> Result<Connect<'a>, Failure> {
    let bad = |what: &str, error: String| Failure::Input(format!("{what}: {error}"));
    let text = |what: &str, text| Text::new(text).map_err(|error| bad(what, error.to_string()));
    let binary =
        |what: &str, bytes| Binary::new(bytes).map_err(|error| bad(what, error.to_string()));
    let mut connect = Connect::new(version, text("client identifier", client_id)?);
    connect.keep_alive = args.keep_alive;
    connect.properties = properties;
    connect.user_name =
        args.user_name.as_deref().map(|name| text("user name", name)).transpose()?;
    connect.password = password.map(|password| binary("password", password)).transpose()?;
    if let (Some(topic), Some(message)) = (&args.will.will_topic, &args.will.will_message) {
        let topic = TopicName::new(topic).map_err(|error| bad("will topic", error.to_string()))?;
        connect.will = Some(Will {
            topic,
            payload: binary("will message", message.as_bytes())?,
            properties: Properties::EMPTY,
            qos: args.will.will_qos,
            retain: args.will.will_retain,
        });
    }
    Ok(connect)
}

/// It is never on the command line, which everybody on the machine can read.
fn password(args: &ConnectionArgs) -> Result<Option<Vec<u8>>, Failure> {
    if let Some(variable) = &args.password_env {
        let value = env::var_os(variable)
            .ok_or_else(|| Failure::Input(format!("the environment has no variable {variable}")))?;
        return Ok(Some(value.into_encoded_bytes()));
    }
    let Some(path) = &args.password_file else { return Ok(None) };
    let mut bytes =
        fs::read(path).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    Ok(Some(bytes))
}

/// Somebody wants the program to end.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        info!("Ctrl-C is not noticed here");
        std::future::pending::<()>().await;
    }
}
