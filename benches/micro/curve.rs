use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use zeroxide::internal::security::curve::{Client, ClientKeys, Key, Server};
use zeroxide::internal::security::{Local, Mechanism, Open, Seal, Traffic};
use zeroxide::SocketType;

/// How fast messages can be sealed and opened: the limit of any connection with CURVE.
pub fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("curve");
    for size in [64, 128, 256, 512, 1024, 64 << 10] {
        group.throughput(Throughput::Bytes(size as u64));
        let body = vec![7; size];
        let (mut seal, mut open) = connection();
        let mut frame = Vec::new();
        group.bench_function(BenchmarkId::new("seal", size), |bencher| {
            bencher.iter(|| {
                frame.clear();
                seal.seal(0, black_box(&body), &mut frame).is_ok()
            });
        });
        let mut opened = vec![0; size];
        group.bench_function(BenchmarkId::new("seal and open", size), |bencher| {
            bencher.iter(|| {
                frame.clear();
                let header = if size > 200 { 9 } else { 2 };
                seal.seal(0, black_box(&body), &mut frame).is_ok()
                    && open.open(&frame[header..], &mut opened).is_ok()
            });
        });
        assert_eq!(opened, body);
    }
    group.finish();
}

/// A client's way to seal and its server's way to open.
fn connection() -> (Box<dyn Seal>, Box<dyn Open>) {
    let (key, secret) = (Key::new([2; 32]), Key::new([1; 32]));
    let keys = ClientKeys { public: secret.public(), secret, server: key.public() };
    let mut client: Box<dyn Mechanism> = Box::new(Client::new(local(), keys));
    let mut server: Box<dyn Mechanism> = Box::new(Server::new(local(), key));
    let carry = |from: &mut dyn Mechanism, to: &mut dyn Mechanism| {
        while let Ok(Some(command)) = from.next_command() {
            to.process(&command).expect("the two ends agree");
        }
    };
    for _ in 0..2 {
        carry(&mut *client, &mut *server);
        if server.take_zap_request().is_some() {
            server.zap_unavailable().expect("nobody asks for a handler");
        }
        carry(&mut *server, &mut *client);
    }
    match (client.split(), server.split()) {
        (Ok(Traffic::Sealed(seal, _)), Ok(Traffic::Sealed(_, open))) => (seal, open),
        _ => panic!("the handshake is over"),
    }
}

fn local() -> Local {
    Local {
        socket_type: SocketType::Dealer,
        routing_id: Vec::new(),
        metadata: Vec::new(),
        zap_domain: Vec::new(),
        zap_enforce_domain: false,
        peer_address: Vec::new(),
    }
}
