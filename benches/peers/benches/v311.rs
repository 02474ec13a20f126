//! All codecs under criterion, for those who want distributions: slower than the table, and the
//! codecs do not take turns.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use peers::{
    measure::{Input, V311, Work},
    v311,
    validate::validate,
};

fn all(c: &mut Criterion) {
    for case in &V311 {
        let input = Input::new(case);
        let mut group = c.benchmark_group(case.name);
        group.throughput(Throughput::Elements(case.count as u64)).sample_size(20);
        for mut peer in v311::all() {
            validate(peer.as_mut(), case, &input);
            let name = peer.name();
            let peer = std::cell::RefCell::new(peer);
            let load = || match case.work {
                Work::Decode => peer.borrow_mut().load(&input.buffers),
                Work::Feed => {}
                Work::Encode => peer.borrow_mut().prepare(),
            };
            let work = |()| match case.work {
                Work::Decode => peer.borrow_mut().decode(),
                Work::Feed => peer.borrow_mut().feed(&mut input.stream.chunks(1460)),
                Work::Encode => {
                    peer.borrow_mut().encode();
                    0
                }
            };
            group.bench_function(name, |b| b.iter_batched(load, work, BatchSize::PerIteration));
        }
        group.finish();
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
