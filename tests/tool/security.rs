//! PLAIN and CURVE, from both ends.

use crate::{start, zmq, Folder};

/// Key pairs as files, by name.
fn keys(folder: &Folder, names: &[&str]) {
    for name in names {
        zmq(["keygen", "-o", &folder.text(name)]).printed("");
    }
}

#[test]
fn plain_lets_in_who_has_the_password() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let server = ["--plain-server", "--username", "admin", "--password", "secret"];
    let rep = start(["rep", "-b", &endpoint, "-n", "1", "in"].iter().chain(&server));
    let ask = |name: &str, password: &str| {
        zmq(["req", "-c", &endpoint, "--username", name, "--password", password, "-t", "10", "x"])
    };
    ask("admin", "wrong").failed(1, "does not accept this end (status 400)");
    ask("nobody", "secret").failed(1, "does not accept this end (status 400)");
    ask("admin", "secretly").failed(1, "does not accept this end (status 400)");
    zmq(["req", "-c", &endpoint, "-t", "10", "x"]).failed(1, "does not use the same security");
    let file = folder.write("password", "secret\n");
    ask("admin", &format!("@{}", file.display())).printed("in\n");
    rep.done().printed("x\n");
}

#[test]
fn curve_lets_in_who_has_the_key() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    keys(&folder, &["server", "client", "stranger"]);
    let at = |name: &str| format!("@{}", folder.text(name));
    let (secret, allowed) = (at("server.key_secret"), at("client.key"));
    let server = ["--curve-server", "--secret-key", &secret, "--allow-key", &allowed];
    let pull = start(["pull", "-b", &endpoint, "-n", "1"].iter().chain(&server));
    let push = |server: &str, own: &[&str]| {
        let args = ["push", "-c", &endpoint, "-t", "2", "--server-key", server, "x"];
        zmq(args.iter().chain(own))
    };
    let (known, stranger) = (at("client.key_secret"), at("stranger.key_secret"));
    push(&at("server.key"), &["--secret-key", &stranger]).failed(1, "does not accept this end");
    push(&at("server.key"), &[]).failed(1, "does not accept this end");
    push(&at("stranger.key"), &["--secret-key", &known]).failed(3, "it may want other security");
    zmq(["push", "-c", &endpoint, "-t", "10", "x"]).failed(1, "does not use the same security");
    push(&at("server.key"), &["--secret-key", &known]).printed("");
    pull.done().printed("x\n");
}

#[test]
fn curve_keys_can_be_given_as_text_and_clients_make_their_own() {
    let folder = Folder::new();
    let endpoint = folder.endpoint("a");
    let pair: serde_json::Value =
        serde_json::from_str(&zmq(["keygen", "--format", "json"]).out).unwrap();
    let (public, secret) =
        (pair["public-key"].as_str().unwrap(), pair["secret-key"].as_str().unwrap());
    // Keys may begin with what looks like an option.
    let (public, secret) = (format!("--server-key={public}"), format!("--secret-key={secret}"));
    let rep = start(["rep", "-b", &endpoint, "-n", "1", "--curve-server", &secret, "--echo"]);
    zmq(["req", "-c", &endpoint, "-t", "10", &public, "x"]).printed("x\n");
    rep.done().printed("x\n");
}

#[test]
fn wrong_security_options_are_told() {
    let folder = Folder::new();
    keys(&folder, &["pair"]);
    let endpoint = folder.endpoint("a");
    let public = format!("@{}", folder.text("pair.key"));
    let table: [(&[&str], i32, &str); 9] = [
        (&["--username", "me"], 2, "--password"),
        (&["--password", "me"], 2, "--username"),
        (&["--plain-server"], 2, "--username"),
        (&["--curve-server"], 2, "--secret-key"),
        (&["--allow-key", &public], 2, "--curve-server"),
        (&["--server-key", "short"], 2, "a key is 40 characters of Z85, or @FILE"),
        (&["--server-key", "@/no/such/file"], 1, "cannot read /no/such/file"),
        (&["--server-key", &public, "--secret-key", &public], 1, "there is no secret-key in"),
        (
            &["--secret-key", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"],
            2,
            "goes with the --server-key",
        ),
    ];
    for (options, code, part) in table {
        zmq(["pull", "-b", &endpoint, "-t", "1"].iter().chain(options)).failed(code, part);
    }
}

#[test]
fn other_programs_of_the_library_come_in() {
    use zeroxide::{Context, CurveKeyPair, SocketType};
    let folder = Folder::new();
    let (server, client) = (CurveKeyPair::new().unwrap(), CurveKeyPair::new().unwrap());
    let secret = format!("--secret-key={}", zeroxide::curve_key_text(server.secret()));
    let allowed = format!("--allow-key={}", zeroxide::curve_key_text(&client.public()));
    let endpoint = folder.endpoint("a");
    let pull = start(["pull", "-b", &endpoint, "-n", "1", "--curve-server", &secret, &allowed]);
    let context = Context::new().unwrap();
    let push = context.socket(SocketType::Push).unwrap();
    push.set_curve_server_key(&server.public()).unwrap();
    push.set_curve_public_key(&client.public()).unwrap();
    push.set_curve_secret_key(client.secret()).unwrap();
    push.connect(&endpoint).unwrap();
    push.send("sealed").unwrap();
    pull.done().printed("sealed\n");
}
