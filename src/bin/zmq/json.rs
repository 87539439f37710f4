//! Messages as JSON: `{"parts":["text",{"hex":"00ff"}]}`. A part that is UTF-8 is a string, any other one an object with
//! its bytes. A bare array of parts is read as well.
#![forbid(unsafe_code)]

use serde_json::{json, Value};
use zeroxide::{Message, Multipart};

pub fn write(message: &Multipart) -> String {
    let parts: Vec<Value> = message.iter().map(part).collect();
    json!({ "parts": parts }).to_string()
}

fn part(part: &Message) -> Value {
    match part.as_str() {
        Ok(text) => text.into(),
        Err(_) => json!({ "hex": hex(part) }),
    }
}

pub fn read(line: &[u8]) -> Result<Multipart, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| format!("no JSON: {error}"))?;
    let parts = value.get("parts").unwrap_or(&value).as_array();
    let parts = parts.ok_or(r#"a message is {"parts":[...]} or [...]"#)?;
    if parts.is_empty() {
        return Err("a message has one part at least".into());
    }
    parts.iter().map(read_part).collect()
}

fn read_part(value: &Value) -> Result<Message, String> {
    match (value, value.get("hex").and_then(Value::as_str)) {
        (Value::String(text), _) => Ok(text.into()),
        (_, Some(digits)) => unhex(digits.as_bytes()).map(Message::from),
        _ => Err(r#"a part is "text" or {"hex":"00ff"}"#.into()),
    }
}

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

pub fn unhex(digits: &[u8]) -> Result<Vec<u8>, String> {
    let value =
        |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(value(*high)? << 4 | value(*low)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    bytes.ok_or_else(|| "hexadecimal digits come in pairs of 0-9 and a-f".into())
}
