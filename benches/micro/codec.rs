use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use zeroxide::wire::frame::{encode_frame, encode_header, scan};

const BLOCK: usize = 64 << 10;

pub fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    for size in [1, 64, 1024] {
        let frames = frames(size);
        let count = scan(&frames, None).messages as u64;
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::new("scan", size), |bencher| {
            bencher.iter(|| scan(black_box(&frames), None));
        });
    }
    group.throughput(Throughput::Elements(1));
    for size in [64, 1024] {
        group.bench_function(BenchmarkId::new("header", size), |bencher| {
            bencher.iter(|| encode_header(black_box(0), black_box(size)));
        });
    }
    group.finish();
}

/// About a block of whole frames.
pub fn frames(size: usize) -> Vec<u8> {
    let body = vec![7; size];
    let mut block = Vec::new();
    while block.len() + size < BLOCK {
        encode_frame(0, &body, &mut block);
    }
    block
}
