//! Messages in and out.

use crate::{start, zmq, zmq_with, Folder};

#[test]
fn arguments_are_the_parts_of_a_message() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let file = folder.write("file", b"from a file\n");
    let pull = start(["pull", "-b", &endpoint, "-n", "2"]);
    let file = format!("@{}", file.display());
    zmq(["push", "-c", &endpoint, "-n", "2", "head", "", &file, "@@at", "--", "-n"]).printed("");
    let line = "head\t\tfrom a file\\n\t@at\t-n\n";
    pull.done().printed(&line.repeat(2));
}

#[test]
fn lines_of_stdin_are_messages() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let pull = start(["pull", "-b", &endpoint, "-n", "4"]);
    zmq_with(["push", "-c", &endpoint], b"one\n\nthree 3\nlast").printed("");
    pull.done().printed("one\n\nthree 3\nlast\n");

    let pull = start(["pull", "-b", &endpoint, "-n", "2", "-d", "|"]);
    zmq_with(["push", "-c", &endpoint, "-d", "\\t"], b"a\tb\nc\td\te\n").printed("");
    pull.done().printed("a|b\nc|d|e\n");

    let pull = start(["pull", "-b", &endpoint, "-n", "2"]);
    zmq_with(["push", "-c", &endpoint, "-n", "2"], b"1\n2\n3\n").printed("");
    pull.done().printed("1\n2\n");
}

#[test]
fn all_of_stdin_can_be_one_part() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let content: Vec<u8> = (0..200_000u32).flat_map(|number| number.to_le_bytes()).collect();
    let file = folder.path("copy");
    let command =
        format!("'{}' pull -b '{endpoint}' -n 1 -o raw > '{}'", crate::TOOL, file.display());
    let pull = crate::Running::start(std::process::Command::new("sh").arg("-c").arg(command), b"");
    zmq_with(["push", "-c", &endpoint, "@-"], &content).printed("");
    pull.done().printed("");
    assert!(std::fs::read(file).unwrap() == content);
}

#[test]
fn what_is_printed_as_json_and_hex_can_be_sent_again() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let json = "{\"parts\":[\"text \\\"ü\\\"\\n\",{\"hex\":\"00ff\"},\"\"]}\n";
    let pull = start(["pull", "-b", &endpoint, "-n", "2", "-o", "json"]);
    zmq_with(["push", "-c", &endpoint, "-i", "json"], json.repeat(2).as_bytes()).printed("");
    let printed = pull.done().out;
    assert_eq!(printed, json.repeat(2));
    for line in printed.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["parts"][1]["hex"], "00ff");
    }
    let pull = start(["pull", "-b", &endpoint, "-n", "3", "-o", "hex"]);
    zmq_with(["push", "-c", &endpoint, "-i", "hex"], b"00ff  61\n").printed("");
    zmq(["push", "-c", &endpoint, "-i", "hex", "00FF", "", "61"]).printed("");
    zmq_with(["push", "-c", &endpoint, "-i", "json"], b"[{\"hex\":\"00ff\"},\"\",\"a\"]")
        .printed("");
    pull.done().printed(&"00ff  61\n".repeat(3));
}

#[test]
fn text_does_nothing_to_a_terminal() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let pull = start(["pull", "-b", &endpoint, "-n", "1"]);
    zmq_with(["push", "-c", &endpoint, "@-"], b"\x1b[2Jgr\xc3\xbcn\xff\x00\xc2\x85").printed("");
    pull.done().printed("\\x1b[2Jgr\u{fc}n\\xff\\x00\\xc2\\x85\n");
}

#[test]
fn requests_get_replies() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let fixed = start(["rep", "-b", &endpoint, "-n", "2", "pong", "!"]);
    zmq_with(["req", "-c", &endpoint], b"ping\nagain\n").printed("pong\t!\npong\t!\n");
    fixed.done().printed("ping\nagain\n");

    let echo = start(["rep", "-b", &endpoint, "-n", "1", "--echo", "--quiet"]);
    zmq(["req", "-c", &endpoint, "a", "b"]).printed("a\tb\n");
    echo.done().printed("");

    let shell = start(["rep", "-b", &endpoint, "-n", "1", "--exec", "tr a-z A-Z; echo; echo end"]);
    zmq(["req", "-c", &endpoint, "shout", "ed"]).printed("SHOUTED\\nend\n");
    shell.done().printed("shout\ted\n");
}

#[test]
fn lines_of_stdin_are_replies() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let rep = std::thread::spawn({
        let endpoint = endpoint.clone();
        move || zmq_with(["rep", "-b", &endpoint], b"first\nsecond\n")
    });
    zmq_with(["req", "-c", &endpoint], b"1\n2\n").printed("first\nsecond\n");
    rep.join().unwrap().printed("1\n2\n");
}

#[test]
fn a_command_that_fails_still_replies() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let rep = start(["rep", "-b", &endpoint, "-n", "1", "--exec", "echo partly; exit 3"]);
    zmq(["req", "-c", &endpoint, "x"]).printed("partly\n");
    let done = rep.done();
    assert_eq!((done.code, done.out.as_str()), (Some(0), "x\n"));
    assert!(done.err.contains("exit status: 3"), "{}", done.err);
}

#[test]
fn what_is_published_waits_for_subscribers() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let publisher = start(["pub", "-b", &endpoint, "--wait", "2", "news.here", "body"]);
    let subscribers = ["news.", "news.here"];
    let subscribers =
        subscribers.map(|topic| start(["sub", "-c", &endpoint, "-T", topic, "-n", "1"]));
    publisher.done().printed("");
    for subscriber in subscribers {
        subscriber.done().printed("news.here\tbody\n");
    }
}

#[test]
fn a_subscriber_gets_its_topics_and_loses_none() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let sub = start(["sub", "-b", &endpoint, "-T", "b", "-T", "c", "-n", "20000", "--hwm", "10"]);
    let lines: String =
        (0..30_000).map(|number| format!("{}{number}\n", ["a", "b", "c"][number % 3])).collect();
    zmq_with(["pub", "-c", &endpoint, "--hwm", "10", "--wait", "2"], lines.as_bytes()).printed("");
    let wanted: String = lines
        .lines()
        .filter(|line| !line.starts_with('a'))
        .map(|line| format!("{line}\n"))
        .collect();
    let done = sub.done();
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out == wanted, "{} of {} bytes came", done.out.len(), wanted.len());
}

#[test]
fn nothing_that_was_sent_is_lost_at_the_end() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let lines: String = (0..50_000).map(|number| format!("{number}\n")).collect();
    // The sender has long read everything when the receiver comes.
    let push = std::thread::spawn({
        let (endpoint, lines) = (endpoint.clone(), lines.clone());
        move || zmq_with(["push", "-c", &endpoint, "--hwm", "0"], lines.as_bytes())
    });
    let pull = zmq(["pull", "-b", &endpoint, "-n", "50000"]);
    push.join().unwrap().printed("");
    assert!(pull.out == lines);
}

#[test]
fn any_type_can_send_and_receive() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let recv = start(["recv", "--type", "router", "-b", &endpoint, "-n", "1"]);
    zmq(["send", "--type", "dealer", "-c", &endpoint, "--routing-id", "me", "x"]).printed("");
    recv.done().printed("me\tx\n");

    // A ROUTER waits for the peer that it is to send to.
    let send = start(["send", "--type", "router", "-b", &endpoint, "you", "hello"]);
    let args = ["recv", "--type", "dealer", "-c", &endpoint, "--routing-id", "you", "-n", "1"];
    zmq(args).printed("hello\n");
    send.done().printed("");

    let recv = start(["recv", "--type", "pair", "-b", &endpoint, "-n", "1"]);
    zmq(["send", "--type", "pair", "-c", &endpoint, "x"]).printed("");
    recv.done().printed("x\n");

    let recv = start(["recv", "--type", "xpub", "-b", &endpoint, "-n", "1"]);
    let sub = start(["sub", "-c", &endpoint, "-T", "topic"]);
    recv.done().printed("\\x01topic\n");
    drop(sub);

    let recv = start(["recv", "--type", "sub", "-b", &endpoint, "--topic", "t", "-n", "1"]);
    zmq(["send", "--type", "pub", "-c", &endpoint, "topic"]).printed("");
    recv.done().printed("topic\n");
}

#[test]
fn several_endpoints_and_wildcards_work() {
    let folder = Folder::new();
    let (one, two) = (folder.endpoint("1"), folder.endpoint("2"));
    let pull = start(["pull", "-b", &one, "-b", &two, "-n", "2"]);
    zmq(["push", "-c", &one, "x"]).printed("");
    zmq(["push", "-c", &two, "x"]).printed("");
    pull.done().printed("x\nx\n");

    let done = zmq(["pull", "-b", "tcp://127.0.0.1:*", "--verbose", "-t", "50ms"]);
    assert_eq!(done.code, Some(3));
    assert!(done.err.starts_with("zmq: PULL is bound to tcp://127.0.0.1:"), "{}", done.err);
}

#[test]
fn it_talks_to_sockets_of_the_library() {
    use zeroxide::{Context, SocketType};
    let context = Context::new().unwrap();
    let rep = context.socket(SocketType::Rep).unwrap();
    rep.bind("tcp://127.0.0.1:*").unwrap();
    let req = start(["req", "-c", &rep.last_endpoint().unwrap(), "Hello"]);
    assert_eq!(rep.recv().unwrap(), "Hello");
    rep.send("World").unwrap();
    req.done().printed("World\n");
}

#[test]
fn what_takes_too_long_has_its_own_exit_code() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    zmq(["pull", "-b", &endpoint, "-t", "100ms"]).failed(3, "no message came within 100ms");
    zmq(["sub", "-c", &endpoint, "-t", "0.1"]).failed(3, "is not there");
    zmq(["req", "-c", &endpoint, "-t", "100ms", "x"]).failed(3, "no message came");
    zmq(["push", "-b", &endpoint, "-t", "100ms", "x"]).failed(3, "nobody could take a message");
    zmq(["push", "-c", &endpoint, "-t", "100ms", "x"])
        .failed(3, "not all was delivered within 100ms");
    zmq(["push", "-c", &endpoint, "--linger", "0", "x"]).failed(3, "not all was delivered");
    zmq(["pub", "-b", &endpoint, "-t", "100ms", "x"]).failed(3, "0 of 1 subscriptions came");
    zmq(["rep", "-b", &endpoint, "-t", "100ms", "x"]).failed(3, "no message came");
    zmq(["send", "--type", "router", "-b", &endpoint, "-t", "100ms", "a", "x"])
        .failed(3, "nobody could take");
    zmq(["pub", "-b", &endpoint, "--wait", "0", "x"]).printed("");
}

#[test]
fn a_signal_ends_it_cleanly() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    // What goes on for ever ends well.
    let pull = start(["pull", "-b", &endpoint]);
    zmq(["push", "-c", &endpoint, "x"]).printed("");
    assert_eq!(pull.line(), "x");
    pull.signal("INT");
    pull.done().printed("");

    // What was to end by itself does not.
    let pull = start(["pull", "-b", &endpoint, "-n", "2"]);
    zmq(["push", "-c", &endpoint, "x"]).printed("");
    assert_eq!(pull.line(), "x");
    pull.signal("TERM");
    assert_eq!(pull.done().code, Some(143));
    assert!(!folder.path("a").exists(), "the socket file is left behind");
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    // It ends without a message that could not be printed: the shell waits for both.
    let command = format!("{{ '{}' pull -b '{endpoint}'; echo $? >&2; }} | head -n 1", crate::TOOL);
    let pull = crate::Running::start(std::process::Command::new("sh").arg("-c").arg(command), b"");
    zmq(["push", "-c", &endpoint, "x"]).printed("");
    let done = pull.done();
    assert_eq!((done.out.as_str(), done.err.as_str()), ("x\n", "0\n"));
}

#[test]
fn an_output_that_is_full_is_an_error() {
    if !std::path::Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full");
        return;
    }
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let command = format!("'{}' pull -b '{endpoint}' > /dev/full", crate::TOOL);
    let pull = crate::Running::start(std::process::Command::new("sh").arg("-c").arg(command), b"");
    zmq(["push", "-c", &endpoint, "x"]).printed("");
    pull.done().failed(1, "cannot write the output: No space left on device");
}
