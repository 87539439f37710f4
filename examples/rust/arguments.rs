//! What the examples share: an argument by its place, or what stands for it.
#![allow(dead_code)]

pub fn text(place: usize, otherwise: &str) -> String {
    std::env::args().nth(place).unwrap_or_else(|| otherwise.to_owned())
}

pub fn count(place: usize, otherwise: u32) -> u32 {
    std::env::args().nth(place).map_or(otherwise, |text| {
        text.parse().unwrap_or_else(|_| {
            eprintln!("not a count: {text}");
            std::process::exit(1)
        })
    })
}
