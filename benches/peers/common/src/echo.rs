//! Many DEALERs in one process, one ROUTER in another that answers them:
//! `echo SECONDS PIN tcp|ipc CONNECTIONS SIZE`.

use std::time::{Duration, Instant};

use crate::sides::{Other, Stretch};
use crate::test::{self, Test};
use crate::{connected, Kind, Package, Result, Socket};

pub fn measure<P: Package>(test: &Test) -> Result<()> {
    let mut other = Other::process()?;
    test.pin(0)?;
    crate::runtime()?.block_on(async {
        let context = P::new()?;
        let endpoint = other.hear()?;
        let mut dealers = connected(&context, Kind::Dealer, &endpoint, test.number(1)?).await?;
        let body = vec![0; test.number(2)?];
        // The first round is spent on connecting.
        trips(Duration::ZERO, &mut dealers, &body).await?;
        trips(test.warm_up, &mut dealers, &body).await?;
        let stretch = Stretch::begin(&other)?;
        let trips = trips(test.duration, &mut dealers, &body).await?;
        stretch.report(trips as f64, &other)?;
        test::clear(&endpoint);
        Ok(())
    })
}

/// Rounds, one at least, in which all send and then all receive.
async fn trips(time: Duration, dealers: &mut [impl Socket], body: &[u8]) -> Result<usize> {
    let start = Instant::now();
    let mut trips = 0;
    loop {
        for dealer in &mut *dealers {
            dealer.send(body).await?;
        }
        for dealer in &mut *dealers {
            dealer.receive().await?.of_size(body.len())?;
        }
        trips += dealers.len();
        if start.elapsed() >= time {
            return Ok(trips);
        }
    }
}

pub async fn other_side<P: Package>(context: P, test: &Test) -> Result<()> {
    let mut router = context.open(Kind::Router).await?;
    let endpoint = router.bind(&test::free_endpoint(test.word(0))).await?;
    println!("{endpoint}");
    loop {
        router.answer().await?;
    }
}
