//! The text of a file, or as much of it at a time as its records need. Must not know records.

use super::Input;
use super::decode::Form;
use super::large::Content;
use encoding_rs::{Decoder, DecoderResult};
use std::io::{self, Read, Take};

/// How many bytes are decoded in one go, at least: what a processor keeps close by.
const PIECE: usize = 1 << 16;

/// Where text comes from, every byte of it checked.
pub(super) enum Source<'s> {
    /// From memory, as it is.
    Text(&'s str),
    /// From bytes that are decoded on the way.
    Bytes(Form, Content<'s>),
}

impl Source<'_> {
    /// The first bytes, at most `length`.
    ///
    /// # Errors
    /// Whatever reading says.
    pub(super) fn first(&mut self, length: usize) -> io::Result<Vec<u8>> {
        match self {
            Self::Text(text) => Ok(text.bytes().take(length).collect()),
            Self::Bytes(_, content) => content.bytes(0, length),
        }
    }

    /// The text behind the first `start` bytes, which are whole characters.
    ///
    /// # Errors
    /// Whatever reading says.
    pub(super) fn window(&mut self, start: usize) -> io::Result<Window<'_>> {
        Ok(match self {
            Self::Text(text) => Window::All(text.get(start..).unwrap_or_default()),
            Self::Bytes(form, content) => Window::Part(Part {
                rest: content.from(u64::try_from(start).unwrap_or(u64::MAX))?,
                decoder: form.decoder(),
                bytes: Vec::new(),
                text: String::new(),
                is_last: false,
            }),
        })
    }
}

/// Text to look at.
pub(super) enum Window<'w> {
    /// All of it.
    All(&'w str),
    /// A part that can be moved on.
    Part(Part<'w>),
}

/// A part of a text.
pub(super) struct Part<'w> {
    rest: Take<&'w mut (dyn Input + 'w)>,
    decoder: Decoder,
    bytes: Vec<u8>,
    text: String,
    is_last: bool,
}

impl Window<'_> {
    /// The text in it.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::All(text) => text,
            Self::Part(part) => &part.text,
        }
    }

    /// Whether nothing comes behind it.
    pub(super) fn is_last(&self) -> bool {
        match self {
            Self::All(_) => true,
            Self::Part(part) => part.is_last,
        }
    }

    /// Lets go of the first `used` bytes and takes in more, at least as much as is left.
    ///
    /// # Errors
    /// Whatever reading says; also when the bytes are no longer those that were checked.
    pub(super) fn slide(&mut self, used: usize) -> io::Result<()> {
        let Self::Part(Part { rest, decoder, bytes, text, is_last }) = self else { return Ok(()) };
        text.drain(..used);
        let more = PIECE.max(text.len());
        bytes.clear();
        *is_last = rest.take(u64::try_from(more).unwrap_or(u64::MAX)).read_to_end(bytes)? < more;
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        text.reserve(room.ok_or(io::ErrorKind::OutOfMemory)?);
        match decoder.decode_to_string_without_replacement(bytes, text, *is_last) {
            (DecoderResult::InputEmpty, _) => Ok(()),
            (DecoderResult::Malformed(..) | DecoderResult::OutputFull, _) => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}
