//! What the program does with a connection, and with the next one if it is lost.
//!
//! rumqttc has all its types twice, for 3.1.1 and for 5.0, so this is written once as a macro.

macro_rules! session {
    () => {
        use crate::{args::Args, print};
        use std::{error::Error, time::Duration};

        /// Subscribes and prints until it is killed, or publishes until all is acknowledged.
        pub async fn run(args: Args) -> Result<(), Box<dyn Error>> {
            let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(args.qos)];
            let (client, mut events) = AsyncClient::new(options(&args), 1_000);
            let (mut was_connected, mut left) = (false, args.messages.len());
            loop {
                let event = match events.poll().await {
                    Ok(event) => event,
                    Err(error) if was_connected => {
                        eprintln!("{error}");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                match event {
                    Event::Incoming(Packet::ConnAck(_)) if !was_connected => {
                        was_connected = true;
                        start(&args, client.clone(), qos);
                    }
                    Event::Incoming(Packet::SubAck(_)) => println!("ready"),
                    Event::Incoming(Packet::Publish(publish)) => {
                        let topic = std::str::from_utf8(publish.topic.as_ref())?;
                        let level = publish.qos as u8;
                        print(topic, level, publish.retain, &publish.payload);
                        client.try_ack(&publish)?;
                    }
                    Event::Incoming(Packet::PubAck(_) | Packet::PubComp(_)) => left -= 1,
                    Event::Outgoing(Outgoing::Publish(_)) if args.qos == 0 => left -= 1,
                    Event::Outgoing(Outgoing::Disconnect) => return Ok(()),
                    _ => continue,
                }
                if left == 0 && !args.subscribes {
                    client.try_disconnect()?;
                }
            }
        }

        fn start(args: &Args, client: AsyncClient, qos: QoS) {
            if args.subscribes {
                let filters = args.filters.iter().map(|path| Filter::new(path.clone(), qos));
                client.try_subscribe_many(filters.collect::<Vec<_>>()).unwrap();
                return;
            }
            let (messages, retain, pace) = (args.messages.clone(), args.retain, args.pace);
            tokio::spawn(async move {
                for (topic, payload) in messages {
                    client.publish(topic, qos, retain, payload).await.unwrap();
                    tokio::time::sleep(pace).await;
                }
            });
        }
    };
}

pub mod v3_1_1 {
    use rumqttc::{
        AsyncClient, Event, LastWill, MqttOptions, Outgoing, Packet, QoS, SubscribeFilter as Filter,
    };

    session!();

    fn options(args: &Args) -> MqttOptions {
        let mut options = MqttOptions::new(&args.id, args.broker(), args.port);
        let largest = usize::try_from(crate::LARGEST).unwrap();
        options.set_max_packet_size(largest, largest).set_transport(args.transport());
        options.set_clean_session(args.is_clean).set_manual_acks(true);
        if let Some((topic, message)) = &args.will {
            let will = LastWill::new(topic, message.clone(), QoS::AtLeastOnce, false);
            options.set_last_will(will);
        }
        options
    }
}

pub mod v5_0 {
    use rumqttc::Outgoing;
    use rumqttc::v5::{
        AsyncClient, Event, MqttOptions,
        mqttbytes::{
            QoS,
            v5::{Filter, LastWill, Packet},
        },
    };

    session!();

    fn options(args: &Args) -> MqttOptions {
        let mut options = MqttOptions::new(&args.id, args.broker(), args.port);
        options.set_max_packet_size(Some(crate::LARGEST)).set_transport(args.transport());
        options.set_clean_start(args.is_clean).set_manual_acks(true);
        if !args.is_clean {
            options.set_session_expiry_interval(Some(crate::EXPIRY));
        }
        if let Some((topic, message)) = &args.will {
            let will = LastWill::new(topic, message.clone(), QoS::AtLeastOnce, false, None);
            options.set_last_will(will);
        }
        options
    }
}
