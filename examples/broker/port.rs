//! Where the task of a connection is handed what it is to do.

use mqtt_pure::{CloseReason, Outgoing};
use std::{
    sync::{Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

/// What a connection is to do.
pub enum Order {
    Write(Outgoing),
    /// Close, as everything is written.
    Close(CloseReason),
    /// Offer again what is left of the input.
    Again,
    /// What is being written is the last thing, and is not to take long.
    Hurry,
}

#[derive(Default)]
struct Orders {
    write: Option<Outgoing>,
    close: Option<CloseReason>,
    again: bool,
    hurry: bool,
    waker: Option<Waker>,
}

/// There is never more than one thing to write: the next one comes when that is done.
#[derive(Default)]
pub struct Port {
    orders: Mutex<Orders>,
}

impl Port {
    pub fn give(&self, order: Order) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        match order {
            Order::Write(out) => orders.write = Some(out),
            Order::Close(reason) => orders.close = Some(reason),
            Order::Again => orders.again = true,
            Order::Hurry => orders.hurry = true,
        }
        let waker = orders.waker.take();
        drop(orders);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub fn poll(&self, context: &Context<'_>) -> Poll<Order> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(out) = orders.write.take() {
            return Poll::Ready(Order::Write(out));
        }
        if let Some(reason) = orders.close.take() {
            return Poll::Ready(Order::Close(reason));
        }
        if std::mem::take(&mut orders.again) {
            return Poll::Ready(Order::Again);
        }
        if std::mem::take(&mut orders.hurry) {
            return Poll::Ready(Order::Hurry);
        }
        match &orders.waker {
            Some(waker) if waker.will_wake(context.waker()) => {}
            _ => orders.waker = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}
