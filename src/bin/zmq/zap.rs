//! Security as the options describe it: what this end shows, and for servers who may come in. A server with a list has its
//! own ZAP handler (RFC 27), in a thread that ends with the context.
#![forbid(unsafe_code)]

use crate::cli::SecurityArgs;
use crate::failure::{Failure, Outcome};
use std::fs;
use std::path::Path;
use std::thread;
use zeroxide::{
    curve_key, Context, CurveKey, CurveKeyPair, Error, Message, Multipart, Socket, SocketType,
};

const HANDLER: &str = "inproc://zeromq.zap.01";

/// Sets the security options of a socket that has no endpoints yet.
pub fn secure(socket: &Socket, args: &SecurityArgs) -> Outcome {
    let rules = match (&args.username, &args.password) {
        (Some(username), Some(password)) => plain(socket, args, username, password)?,
        _ => curve(socket, args)?,
    };
    if let Some(domain) = &args.zap_domain {
        socket.set_zap_domain(domain).map_err(|error| Failure::of(error, "--zap-domain"))?;
    }
    match rules {
        Some(rules) => start(socket.context(), rules)
            .map_err(|error| Failure::of(error, "cannot start to check clients")),
        None => Ok(()),
    }
}

/// Who may come in.
enum Rules {
    Plain { username: String, password: String },
    Curve(Vec<CurveKey>),
}

fn plain(
    socket: &Socket,
    args: &SecurityArgs,
    username: &str,
    password: &str,
) -> Result<Option<Rules>, Failure> {
    let password = match password.strip_prefix('@') {
        Some(file) => read(file)?.lines().next().unwrap_or_default().to_owned(),
        None => password.to_owned(),
    };
    if args.plain_server {
        socket.set_plain_server(true).map_err(|error| Failure::of(error, "--plain-server"))?;
        return Ok(Some(Rules::Plain { username: username.to_owned(), password }));
    }
    let set =
        socket.set_plain_username(username).and_then(|()| socket.set_plain_password(&password));
    set.map_err(|error| Failure::of(error, "--username and --password"))?;
    Ok(None)
}

fn curve(socket: &Socket, args: &SecurityArgs) -> Result<Option<Rules>, Failure> {
    let failed = |error| Failure::of(error, "cannot set the keys");
    let pair = match &args.secret_key {
        Some(text) => Some(CurveKeyPair::from_secret(key("--secret-key", text, "secret-key")?)),
        None => None,
    };
    if args.curve_server {
        let pair =
            pair.ok_or_else(|| Failure::Usage("--curve-server wants --secret-key".into()))?;
        socket.set_curve_server(true).map_err(failed)?;
        socket.set_curve_secret_key(pair.secret()).map_err(failed)?;
        let allowed = args.allow_key.iter().map(|text| key("--allow-key", text, "public-key"));
        let allowed = allowed.collect::<Result<Vec<_>, _>>()?;
        return Ok((!allowed.is_empty()).then_some(Rules::Curve(allowed)));
    }
    match (&args.server_key, pair) {
        (Some(text), pair) => {
            let server = key("--server-key", text, "public-key")?;
            let pair = pair.map_or_else(CurveKeyPair::new, Ok).map_err(failed)?;
            socket.set_curve_server_key(&server).map_err(failed)?;
            socket.set_curve_public_key(&pair.public()).map_err(failed)?;
            socket.set_curve_secret_key(pair.secret()).map_err(failed)?;
            Ok(None)
        }
        (None, Some(_)) => Err(Failure::Usage(
            "--secret-key is for a --curve-server, or goes with the --server-key of one".into(),
        )),
        (None, None) => Ok(None),
    }
}

/// A key as it is given: 40 characters, or @FILE with a certificate, or with nothing but these.
fn key(option: &str, text: &str, name: &str) -> Result<CurveKey, Failure> {
    if let Ok(key) = curve_key(text) {
        return Ok(key);
    }
    let Some(file) = text.strip_prefix('@') else {
        return Err(Failure::Usage(format!("{option}: a key is 40 characters of Z85, or @FILE")));
    };
    let content = read(file)?;
    let lines = || content.lines().map(str::trim);
    let in_certificate = |line: &str| {
        let value = line.strip_prefix(name)?.trim_start().strip_prefix('=')?;
        curve_key(value.trim().trim_matches('"')).ok()
    };
    let found = lines().find_map(in_certificate);
    // A file of one line with a key has no names.
    let bare = || lines().find(|line| !line.is_empty()).and_then(|line| curve_key(line).ok());
    found
        .or_else(bare)
        .ok_or_else(|| Failure::Error(format!("{option}: there is no {name} in {file}")))
}

fn read(file: &str) -> Result<String, Failure> {
    fs::read_to_string(Path::new(file))
        .map_err(|error| Failure::of_io(&error, format!("cannot read {file}")))
}

fn start(context: &Context, rules: Rules) -> zeroxide::Result<()> {
    let handler = context.socket(SocketType::Rep)?;
    handler.bind(HANDLER)?;
    let work = move || loop {
        let Ok(request) = handler.recv_multipart() else { return };
        let answered = match answer(&request, &rules) {
            Some(reply) => handler.send_multipart(reply),
            None => handler.send(Message::new()),
        };
        if answered == Err(Error::Terminated) {
            return;
        }
    };
    thread::Builder::new().spawn(work).map(drop).map_err(Error::from)
}

/// The parts of a request: version, id, domain, address, routing id, mechanism, and what it comes with.
fn answer(request: &Multipart, rules: &Rules) -> Option<Multipart> {
    let [version, id, _domain, _address, _routing_id, mechanism, credentials @ ..] = &request[..]
    else {
        return None;
    };
    let user = match (rules, &mechanism[..], credentials) {
        (Rules::Plain { username, password }, b"PLAIN", [name, secret]) => {
            (are_equal(name, username.as_bytes()) & are_equal(secret, password.as_bytes()))
                .then_some(username.as_str())
        }
        (Rules::Curve(allowed), b"CURVE", [public]) => {
            allowed.iter().any(|key| public == key).then_some("client")
        }
        _ => None,
    };
    let (status, text) = if user.is_some() { ("200", "OK") } else { ("400", "Not accepted") };
    let reply = Multipart::new().part(version).part(id).part(status).part(text);
    Some(reply.part(user.unwrap_or_default()).part(""))
}

/// In a time that says nothing of where they differ.
fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let differences = one.iter().zip(other).fold(0, |sum, (one, other)| sum | (one ^ other));
    one.len() == other.len() && differences == 0
}
