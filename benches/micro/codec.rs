use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use zeroxide::internal::wire::frame::{encode_frame, encode_header};

const BLOCK: usize = 64 << 10;

pub fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    group.throughput(Throughput::Elements(1));
    for size in [64, 1024] {
        group.bench_function(BenchmarkId::new("header", size), |bencher| {
            bencher.iter(|| encode_header(black_box(0), black_box(size)));
        });
    }
    group.finish();
}

/// About a block of whole frames, and how many they are.
pub fn frames(size: usize) -> (Vec<u8>, usize) {
    let body = vec![7; size];
    let (mut block, mut count) = (Vec::new(), 0);
    while block.len() + size < BLOCK {
        encode_frame(0, &body, &mut block);
        count += 1;
    }
    (block, count)
}
