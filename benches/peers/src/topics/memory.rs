//! An allocator that counts the bytes that are asked for, when it is told to.

#![allow(unsafe_code, reason = "a global allocator is unsafe by its trait")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed},
};

pub struct Counting;

static IS_ON: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);
static COUNT: AtomicIsize = AtomicIsize::new(0);

/// Bytes that something has asked for and not given back.
#[derive(Clone, Copy, Debug)]
pub struct Bytes {
    /// At the end.
    pub live: isize,
    /// At most, while old and new room of something that grew were there together.
    pub peak: isize,
    /// How often something was asked for, or for more of it.
    pub count: isize,
}

/// What the work leaves behind, and what it needs on the way.
pub fn bytes_of<T>(work: impl FnOnce() -> T) -> (T, Bytes) {
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    COUNT.store(0, Relaxed);
    IS_ON.store(true, Relaxed);
    let made = work();
    IS_ON.store(false, Relaxed);
    let [live, peak, count] = [&LIVE, &PEAK, &COUNT].map(|number| number.load(Relaxed));
    (made, Bytes { live, peak, count })
}

fn note(change: isize) {
    if IS_ON.load(Relaxed) {
        let live = LIVE.fetch_add(change, Relaxed) + change;
        PEAK.fetch_max(live, Relaxed);
        COUNT.fetch_add(isize::from(change > 0), Relaxed);
    }
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The old room may have to be there until its content is moved.
        note(size as isize);
        note(-(layout.size() as isize));
        unsafe { System.realloc(pointer, layout, size) }
    }
}
