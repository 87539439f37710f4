use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use std::io::IoSlice;
use zeroxide::internal::sync::queue::{queue, Consumer, Payload, Producer, Verdict};

use crate::codec::frames;

const FIRST_CHUNK: usize = 4096;
const BATCH: u64 = 256;

/// No frame of these benchmarks travels by reference but those of `object`.
struct Shared(std::sync::Arc<Vec<u8>>);

impl Payload for Shared {
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

type Ends = (Producer<Shared>, Consumer<Shared>);

pub fn all(criterion: &mut Criterion) {
    one_by_one(criterion);
    batches(criterion);
    absorb(criterion);
    gather(criterion);
    objects(criterion);
}

fn ends() -> Ends {
    queue(0, FIRST_CHUNK).unwrap()
}

/// A commit for each message, and the consumer close behind.
fn one_by_one(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue, one by one");
    group.throughput(Throughput::Elements(1));
    for size in [1, 64, 1024] {
        let body = vec![7; size];
        let (mut producer, mut consumer) = ends();
        group.bench_function(BenchmarkId::new("push and pop", size), |bencher| {
            bencher.iter(|| {
                producer.push(0, black_box(&body)).unwrap();
                producer.commit();
                take(&mut consumer)
            });
        });
    }
    group.finish();
}

/// A commit for many messages.
fn batches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue, in batches");
    group.throughput(Throughput::Elements(BATCH));
    for size in [1, 64, 1024] {
        let body = vec![7; size];
        let (mut producer, mut consumer) = ends();
        group.bench_function(BenchmarkId::new("push and pop", size), |bencher| {
            bencher.iter(|| {
                push_batch(&mut producer, &body);
                (0..BATCH).map(|_| take(&mut consumer)).sum::<usize>()
            });
        });
    }
    group.finish();
}

/// What a connection does with the bytes it read, and the socket then.
fn absorb(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue, received");
    for size in [1, 64, 1024] {
        let (block, count) = frames(size);
        let (mut producer, mut consumer) = ends();
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("absorb and pop", size), |bencher| {
            bencher.iter(|| {
                producer.room(block.len()).unwrap()[..block.len()].copy_from_slice(&block);
                let absorbed = producer.absorb(block.len(), u64::MAX, |_| Verdict::Refuse);
                producer.commit_absorbed();
                (0..absorbed.messages).map(|_| take(&mut consumer)).sum::<usize>()
            });
        });
    }
    group.finish();
}

/// What a connection does with the messages that it writes.
fn gather(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue, to be sent");
    group.throughput(Throughput::Elements(BATCH));
    for size in [1, 64, 1024] {
        let body = vec![7; size];
        let (mut producer, mut consumer) = ends();
        let mut cursor = consumer.cursor();
        group.bench_function(BenchmarkId::new("push and gather", size), |bencher| {
            bencher.iter(|| {
                push_batch(&mut producer, &body);
                loop {
                    let mut slices = [IoSlice::new(&[]); 64];
                    let (pieces, bytes) = consumer.gather(&cursor, &mut slices, 1 << 20);
                    black_box(&slices[..pieces]);
                    if bytes == 0 {
                        break;
                    }
                    consumer.advance(&mut cursor, bytes);
                }
            });
        });
    }
    group.finish();
}

fn objects(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue, by reference");
    group.throughput(Throughput::Elements(1));
    let body = std::sync::Arc::new(vec![7; 64 << 10]);
    let (mut producer, mut consumer) = ends();
    group.bench_function("push and pop", |bencher| {
        bencher.iter(|| {
            producer.push_object(0, Shared(body.clone())).unwrap();
            producer.commit();
            consumer.pop_object()
        });
    });
    group.finish();
}

fn push_batch(producer: &mut Producer<Shared>, body: &[u8]) {
    for _ in 0..BATCH {
        producer.push(0, black_box(body)).unwrap();
    }
    producer.commit();
}

fn take(consumer: &mut Consumer<Shared>) -> usize {
    let len = consumer.front().map_or(0, |record| black_box(record.body()).len());
    consumer.pop();
    len
}
