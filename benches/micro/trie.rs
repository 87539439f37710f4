use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use zeroxide::internal::pattern::trie::{MultiTrie, Trie};

const TOPICS: usize = 4096;

pub fn all(criterion: &mut Criterion) {
    matching(criterion);
    changing(criterion);
}

fn matching(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("trie, matching");
    group.throughput(Throughput::Elements(1));
    for count in [1, 1000, 100_000] {
        let mut trie = MultiTrie::new();
        for number in 0..count {
            trie.add(&topic(number), 1u32).unwrap();
        }
        let hits = random_topics(count);
        let mut misses = hits.clone();
        misses.iter_mut().flat_map(|topic| topic.last_mut()).for_each(|last| *last = b'!');
        for (name, data) in [("hit", &hits), ("miss", &misses)] {
            let mut next = data.iter().cycle();
            group.bench_function(BenchmarkId::new(name, count), |bencher| {
                bencher.iter(|| {
                    let mut found = 0;
                    if let Some(topic) = next.next() {
                        trie.for_each_match(black_box(topic), |_| found += 1);
                    }
                    found
                });
            });
        }
    }
    group.finish();
}

fn changing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("trie, changing");
    for count in [1000, 100_000] {
        let topics: Vec<_> = (0..count).map(topic).collect();
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("add all", count), |bencher| {
            bencher.iter_batched_ref(
                Trie::new,
                |trie| topics.iter().filter(|topic| trie.add(topic).unwrap()).count(),
                BatchSize::PerIteration,
            );
        });
        let full = || {
            let mut trie = Trie::new();
            topics.iter().for_each(|topic| {
                trie.add(topic).unwrap();
            });
            trie
        };
        group.bench_function(BenchmarkId::new("remove all", count), |bencher| {
            bencher.iter_batched_ref(
                full,
                |trie| topics.iter().filter(|topic| trie.remove(topic)).count(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn topic(number: usize) -> Vec<u8> {
    format!("sub.{number:07}.").into_bytes()
}

/// Topics in no order, the same on every run.
fn random_topics(count: usize) -> Vec<Vec<u8>> {
    let mut state = 88_172_645_463_325_252u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    (0..TOPICS).map(|_| topic(next() % count)).collect()
}
