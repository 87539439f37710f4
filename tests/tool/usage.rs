//! Wrong use: one line that says what is wrong, and exit code 2. And what is no use of its own: help, completions, man pages.

use crate::{start, zmq, zmq_with, Folder};

const NOWHERE: &str = "tcp://127.0.0.1:1";

#[test]
fn wrong_use_is_told_in_one_line() {
    let table: &[(&[&str], &str)] = &[
        (&[], "no command is given (see: zmq --help)"),
        (&["frobnicate"], "unrecognized subcommand 'frobnicate'"),
        (&["push"], "--bind <ENDPOINT>|--connect <ENDPOINT>"),
        (&["push", "--frob", "-c", NOWHERE], "unexpected argument '--frob'"),
        (
            &["push", "-c", "localhost:5555", "x"],
            "an endpoint is like tcp://host:port or ipc://path",
        ),
        (&["pull", "-c", "inproc://x"], "inproc endpoints are within one process"),
        (&["pull", "-c", "pgm://x"], "there is no transport 'pgm'"),
        (&["pull", "-c", "tcp://"], "there is no address"),
        (&["pull", "-c", "tcp://host"], "cannot connect to tcp://host: this is no such address"),
        (&["pull", "-b", "tcp://127.0.0.1:99999"], "cannot bind to tcp://127.0.0.1:99999"),
        (&["pull", "-c", NOWHERE, "-t", "soon"], "a time is a number of seconds"),
        (&["pull", "-c", NOWHERE, "-t", "-1"], "-1"),
        (&["pull", "-c", NOWHERE, "-n", "0"], "0 is not in 1.."),
        (&["pull", "-c", NOWHERE, "-o", "xml"], "possible values: text, raw, hex, json"),
        (&["pull", "-c", NOWHERE, "-d", ""], "it has one character at least"),
        (&["pull", "-c", NOWHERE, "part"], "unexpected argument 'part'"),
        (&["push", "-c", NOWHERE, "-i", "hex", "xyz"], "hexadecimal digits"),
        (&["push", "-c", NOWHERE, "-i", "json", "[]"], "--input json is for lines of stdin"),
        (&["push", "-c", NOWHERE, "@-", "@-"], "stdin can be one part only"),
        (&["push", "-c", NOWHERE, "--hwm", "-1", "x"], "--hwm"),
        (
            &["send", "--type", "pull", "-c", NOWHERE],
            "possible values: push, pub, pair, dealer, router",
        ),
        (
            &["send", "--type", "push", "--wait", "1", "-c", NOWHERE, "x"],
            "--wait and --drop are for --type pub",
        ),
        (&["recv", "--type", "push", "-c", NOWHERE], "possible values: pull, sub"),
        (&["recv", "--topic", "x", "-c", NOWHERE], "--topic is for --type sub"),
        (&["sub", "-c", NOWHERE, "--wait", "1"], "unexpected argument '--wait'"),
        (&["pub", "-c", NOWHERE, "--wait", "many"], "invalid digit"),
        (&["req", "-b", "x"], "an endpoint is like"),
        (&["rep", "-b", "ipc:///tmp/x", "--echo", "reply"], "cannot be used with"),
        (&["rep", "-b", "ipc:///tmp/x", "--echo", "--exec", "date"], "cannot be used with"),
        (&["proxy"], "<DEVICE>"),
        (
            &["proxy", "queue", "-f", "tcp://127.0.0.1:*"],
            "--backend <ENDPOINT>|--backend-connect <ENDPOINT>",
        ),
        (
            &["proxy", "ring", "-f", NOWHERE, "-b", NOWHERE],
            "possible values: queue, forwarder, streamer",
        ),
        (&["perf"], "<TEST>"),
        (&["perf", "latency", "-b", NOWHERE, "-c", NOWHERE], "cannot be used with"),
        (&["perf", "throughput", "-b", NOWHERE, "-n", "5"], "cannot be used with"),
        (&["perf", "throughput", "-n", "0"], "0 is not in 1.."),
        (&["perf", "throughput", "-n", "1"], "--count is 2 or more"),
        (&["keygen", "--force"], "--output <NAME>"),
        (&["keygen", "name"], "unexpected argument 'name'"),
        (&["monitor", "-c", NOWHERE], "--type <TYPE>"),
        (&["monitor", "--type", "post", "-c", NOWHERE], "there are pair, pub, sub, req"),
        (&["monitor", "--type", "pub"], "--bind <ENDPOINT>|--connect <ENDPOINT>"),
        (&["completions"], "<SHELL>"),
        (&["completions", "cmd"], "possible values: bash"),
        (&["man", "--output"], "a value is required"),
        (&["run"], "<PROGRAM>"),
        (&["help", "frob"], "unrecognized subcommand 'frob'"),
        (&["help", "--frob"], "unexpected argument '--frob'"),
    ];
    for (args, part) in table {
        let done = zmq(*args);
        assert_eq!((done.code, done.out.as_str()), (Some(2), ""), "{args:?}: {}", done.err);
        assert_eq!(done.err.lines().count(), 1, "{args:?}: {}", done.err);
        assert!(done.err.starts_with("zmq: ") && done.err.contains(part), "{args:?}: {}", done.err);
        if let Some(command) = args.first().filter(|name| **name != "frobnicate") {
            let see = format!("(see: zmq {command} --help)");
            assert!(done.err.contains(&see) || !done.err.contains("(see:"), "{}", done.err);
        }
    }
}

#[test]
fn what_goes_wrong_is_told_in_one_line() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    zmq(["push", "-c", &endpoint, "@/no/such/file"])
        .failed(1, "cannot read /no/such/file: No such file");
    zmq(["pull", "-b", "ipc:///no/such/folder/x"])
        .failed(1, "cannot bind to ipc:///no/such/folder/x: No such");
    zmq(["pull", "-b", "tcp://192.0.2.1:5555"]).failed(1, "Cannot assign requested address");
    zmq(["proxy", "queue", "-f", "ipc:///no/such/folder/x", "-b", &endpoint])
        .failed(1, "cannot bind to");
    zmq(["monitor", "--type", "pull", "-b", "ipc:///no/such/folder/x"]).failed(1, "cannot bind to");
    zmq(["perf", "latency", "-b", "ipc:///no/such/folder/x"]).failed(1, "cannot bind to");
    let held = start(["pull", "-b", "tcp://127.0.0.1:*", "-n", "1"]);
    drop(held);
    for (format, line) in
        [("json", "{"), ("json", "[]"), ("json", "[1]"), ("json", "3"), ("hex", "0 1")]
    {
        let done = zmq_with(["push", "-c", &endpoint, "-i", format], line.as_bytes());
        done.failed(1, "line 1 of stdin: ");
    }
    let file = folder.write("file", "");
    let inside = file.join("inside");
    zmq(["man", "--output", inside.to_str().unwrap()]).failed(1, "cannot write to");
}

#[test]
fn there_is_help_for_everything() {
    let help = zmq(["--help"]);
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    assert!(help.out.contains("Exit codes:"));
    let commands = help.out.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = commands.map_while(|line| line.split_whitespace().next());
    let names: Vec<_> = names.collect();
    assert_eq!(names.len(), 17, "{names:?}");
    for name in names {
        let help = zmq([name, "--help"]);
        assert_eq!(help.code, Some(0));
        assert!(help.out.contains("Usage: zmq"), "{}", help.out);
        zmq(["help", name]).printed(&help.out);
    }
    zmq(["help"]).printed(&help.out);
    let version = zmq(["--version"]);
    assert!(version.out.starts_with("zmq ") && version.out.contains("4.3.5"), "{}", version.out);
    zmq(["version"]).printed(&version.out);
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = zmq(["completions", shell]);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
        for word in ["keygen", "curve-server"] {
            assert!(done.out.contains(word), "{shell}: {word}");
        }
    }
    let bash = Folder::new();
    let file = bash.write("zmq.bash", zmq(["completions", "bash"]).out);
    match std::process::Command::new("bash").arg("-n").arg(file).status() {
        Ok(status) => assert!(status.success()),
        Err(_) => println!("skipped: there is no bash to read them"),
    }
}

#[test]
fn there_are_man_pages() {
    let done = zmq(["man"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert!(done.out.contains(".TH zmq 1") && done.out.contains("Exit codes"), "{}", done.out);
    let folder = Folder::new();
    let pages = folder.text("man/man1");
    zmq(["man", "--output", &pages]).printed("");
    for name in ["zmq", "zmq-run", "zmq-proxy", "zmq-completions"] {
        let page = std::fs::read_to_string(format!("{pages}/{name}.1")).unwrap();
        assert!(page.contains(&format!(".TH {name} 1")), "{page}");
    }
}
