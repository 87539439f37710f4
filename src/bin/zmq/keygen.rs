//! `zmq keygen`: a key pair, printed, or in two files as CZMQ and pyzmq have them.
#![forbid(unsafe_code)]

use crate::cli::{KeygenArgs, ReportFormat};
use crate::failure::{Failure, Outcome};
use serde_json::json;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroxide::{curve_key_text, CurveKeyPair};

pub fn keygen(args: &KeygenArgs) -> Outcome {
    let pair = CurveKeyPair::new().map_err(|error| Failure::of(error, "cannot make a key"))?;
    let (public, secret) = (curve_key_text(&pair.public()), curve_key_text(pair.secret()));
    match (&args.output, args.format) {
        (Some(name), _) => write(name, args.force, &public, &secret),
        (None, ReportFormat::Text) => {
            crate::print(format!("public-key {public}\nsecret-key {secret}\n").as_bytes())
        }
        (None, ReportFormat::Json) => {
            let keys = json!({ "public-key": public, "secret-key": secret });
            crate::print(format!("{keys}\n").as_bytes())
        }
    }
}

/// Both files, or none.
fn write(name: &Path, force: bool, public: &str, secret: &str) -> Outcome {
    let (public_file, secret_file) = (with_suffix(name, ".key"), with_suffix(name, ".key_secret"));
    for file in [&public_file, &secret_file] {
        if !force && file.symlink_metadata().is_ok() {
            return Err(Failure::Error(format!(
                "{} is there already; --force overwrites it",
                file.display()
            )));
        }
    }
    let keys = format!("curve\n    public-key = \"{public}\"\n");
    create(&public_file, 0o644, &format!("# A CURVE public key: for everybody.\n{keys}"))?;
    let keys =
        format!("# A CURVE secret key: for its owner only.\n{keys}    secret-key = \"{secret}\"\n");
    create(&secret_file, 0o600, &keys).inspect_err(|_| {
        let _ = fs::remove_file(&public_file);
    })
}

fn with_suffix(name: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = name.into();
    name.push(suffix);
    name.into()
}

/// Written beside and then moved, so that there is never half a file, nor a secret in one with other permissions.
fn create(file: &Path, mode: u32, content: &str) -> Outcome {
    let temporary = with_suffix(file, &format!(".{}", std::process::id()));
    let write = || -> io::Result<()> {
        let mut open = OpenOptions::new();
        let mut out = open.write(true).create_new(true).mode(mode).open(&temporary)?;
        out.write_all(content.as_bytes())?;
        out.sync_all()?;
        fs::rename(&temporary, file)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&temporary);
        Failure::of_io(&error, format!("cannot write {}", file.display()))
    })
}
