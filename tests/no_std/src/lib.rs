//! Everything that the library does, linked without `std`. If something pulled it in, there would be
//! two panic handlers, and the compiler stops with E0152.

#![no_std]

use core::{
    alloc::{GlobalAlloc, Layout},
    panic::PanicInfo,
    ptr, slice,
};
use mqtt_pure::{DecodeOptions, Packet, StreamDecoder, Version, explain};

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// There is no memory; this is to be linked, not run.
struct Nothing;

unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Nothing = Nothing;

/// Reads the packet at the front of `len` bytes and writes it to as many; how many were written.
///
/// # Safety
///
/// Both pointers are to `len` bytes, which nothing else uses meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqtt_rewrite(from: *const u8, to: *mut u8, len: usize) -> usize {
    let (from, to) =
        unsafe { (slice::from_raw_parts(from, len), slice::from_raw_parts_mut(to, len)) };
    let read = Packet::read(&mut &*from, DecodeOptions::default());
    let Ok(Some(packet)) = read else { return 0 };
    let mut out = to;
    match packet.encode(Version::V3_1_1, &mut out) {
        Ok(()) => len - out.len(),
        Err(_) => 0,
    }
}

/// How many items a stream decoder takes out of `len` bytes, and how many fields they have.
///
/// # Safety
///
/// The pointer is to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqtt_count(from: *const u8, len: usize) -> usize {
    let from = unsafe { slice::from_raw_parts(from, len) };
    let mut decoder = StreamDecoder::new(DecodeOptions::default());
    let mut feed = decoder.feed(from);
    let mut count = explain(from, DecodeOptions::default()).fields.len();
    while let Ok(Some(_)) = feed.next() {
        count += 1;
    }
    count
}
