//! What left the program as text that can be searched: archives opened, encodings undone.

use std::io::{Cursor, Read as _};

/// Everything readable in `bytes`: the text itself, parts of archives, and mail with its encodings undone.
pub(crate) fn readable(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if bytes.starts_with(b"PK") {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
        for at in 0..archive.len() {
            let mut part = archive.by_index(at).expect("a part");
            let mut content = Vec::new();
            part.read_to_end(&mut content).expect("a whole part");
            text.push_str(&part.name().expect("a name"));
            text.push_str(&String::from_utf8_lossy(&content));
        }
    }
    text
}

/// A message with its headers and parts decoded, attachments opened.
pub(crate) fn message(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).expect("a message is ASCII");
    let mut all = text.clone();
    for word in text.split("=?").skip(1).filter_map(|rest| rest.split("?=").next()) {
        if let Some(encoded) = word.splitn(3, '?').nth(2) {
            all.push_str(&String::from_utf8_lossy(&base64(encoded)));
        }
    }
    for part in text.split("\r\n--") {
        if let Some((head, body)) = part.split_once("\r\n\r\n")
            && head.to_lowercase().contains("content-transfer-encoding: base64")
        {
            all.push_str(&readable(&base64(body)));
        }
    }
    all
}

fn base64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for sign in text.bytes() {
        let value = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xFF).expect("one byte"));
        }
    }
    bytes
}
