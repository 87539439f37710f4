//! Key pairs: what is printed, and what lies in files that only their owner may read.

use crate::{zmq, Folder};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use zeroxide::{curve_key, curve_key_text, CurveKeyPair};

/// A secret key, and whether the public one belongs to it.
#[track_caller]
fn belong_together(public: &str, secret: &str) {
    let pair = CurveKeyPair::from_secret(curve_key(secret).unwrap());
    assert_eq!(curve_key_text(&pair.public()), public);
}

#[test]
fn printed_keys_are_a_pair_and_new() {
    let printed = [zmq(["keygen"]).out, zmq(["keygen"]).out];
    assert_ne!(printed[0], printed[1]);
    for text in printed {
        let keys: Vec<_> = text.lines().map(|line| line.split_once(' ').unwrap()).collect();
        assert_eq!([keys[0].0, keys[1].0], ["public-key", "secret-key"]);
        belong_together(keys[0].1, keys[1].1);
    }
}

#[test]
fn files_have_the_keys_and_their_permissions() {
    let folder = Folder::new();
    zmq(["keygen", "-o", &folder.text("mine")]).printed("");
    let public = fs::read_to_string(folder.path("mine.key")).unwrap();
    let secret = fs::read_to_string(folder.path("mine.key_secret")).unwrap();
    let value = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name).map(str::to_owned));
        line.map(|line| line.trim_start_matches([' ', '=']).trim_matches('"').to_owned())
    };
    belong_together(&value(&public, "public-key").unwrap(), &value(&secret, "secret-key").unwrap());
    assert_eq!(value(&public, "secret-key"), None);
    assert_eq!(value(&public, "public-key"), value(&secret, "public-key"));
    let mode = fs::metadata(folder.path("mine.key_secret")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn files_are_overwritten_only_when_told_so() {
    let folder = Folder::new();
    let name = folder.text("mine");
    folder.write("mine.key_secret", "precious");
    zmq(["keygen", "-o", &name]).failed(1, "is there already; --force overwrites it");
    assert_eq!(fs::read(folder.path("mine.key_secret")).unwrap(), b"precious");
    assert!(!folder.path("mine.key").exists());
    zmq(["keygen", "-o", &name, "--force"]).printed("");
    assert!(fs::read_to_string(folder.path("mine.key_secret")).unwrap().contains("secret-key"));
    let mode = fs::metadata(folder.path("mine.key_secret")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn nothing_is_left_where_it_cannot_be_written() {
    let folder = Folder::new();
    zmq(["keygen", "-o", &folder.text("no/such/folder/mine")]).failed(1, "cannot write");
    fs::create_dir(folder.path("mine.key_secret")).unwrap();
    zmq(["keygen", "-o", &folder.text("mine"), "--force"]).failed(1, "cannot write");
    let left: Vec<_> =
        fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["mine.key_secret"]);
}
