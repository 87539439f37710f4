//! Reads the files that `curve_keys` writes.

use std::path::Path;
use zeroxide::{curve_key, CurveKey};

pub fn read(folder: &str, name: &str) -> Result<CurveKey, Box<dyn std::error::Error>> {
    let path = Path::new(folder).join(name);
    let text =
        std::fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    Ok(curve_key(&text)?)
}
