//! An allocator that counts.

#![allow(unsafe_code, reason = "a global allocator is unsafe by its trait")]
#![allow(clippy::as_conversions, reason = "sizes of allocations fit both types")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
};

/// Counts for each thread, so that tests do not disturb each other.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn note(change: isize, is_new: bool) {
    // The thread may be going, and its counters gone.
    let _ = COUNT.try_with(|count| count.set(count.get() + usize::from(is_new)));
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + change);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size() as isize, true);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note(-(layout.size() as isize), false);
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size as isize - layout.size() as isize, true);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often memory is allocated, and how much there is more at most.
pub fn allocations<T>(run: impl FnOnce() -> T) -> (usize, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    COUNT.set(0);
    black_box(run());
    (COUNT.get(), (PEAK.get() - before) as usize)
}

/// How much memory there is at the moment.
pub fn live() -> isize {
    LIVE.get()
}
