//! CURVE, the keys: makes a key pair each for the server and the client, as text files in a folder. Secret keys
//! are readable by their owner only. Usage: `curve_keys [folder]`
mod arguments;

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use zeroxide::{curve_key_text, CurveKey, CurveKeyPair};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = arguments::text(1, ".");
    let folder = Path::new(&folder);
    for owner in ["server", "client"] {
        let pair = CurveKeyPair::new()?;
        write_key(&folder.join(format!("{owner}.public")), &pair.public(), 0o644)?;
        write_key(&folder.join(format!("{owner}.secret")), pair.secret(), 0o600)?;
    }
    println!("Wrote two key pairs");
    Ok(())
}

fn write_key(path: &Path, key: &CurveKey, mode: u32) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(curve_key_text(key).as_bytes())
}
