use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use zeroxide::Message;

pub fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("message");
    group.throughput(Throughput::Elements(1));
    for size in [1, 64, 1024, 64 << 10] {
        let body = vec![7; size];
        group.bench_function(BenchmarkId::new("copy in and drop", size), |bencher| {
            bencher.iter(|| Message::try_from_slice(black_box(&body)));
        });
        let message = Message::try_from_slice(&body).unwrap_or_default();
        group.bench_function(BenchmarkId::new("clone and drop", size), |bencher| {
            bencher.iter(|| black_box(&message).clone());
        });
    }
    group.finish();
}
