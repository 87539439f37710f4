//! Reads decisions from the fuzzer's bytes. What is used up reads as zeros, so that every input
//! means something.

/// The bytes of an input that are not used up yet.
pub struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub fn new(rest: &'a [u8]) -> Self {
        Input { rest }
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *byte
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number below `limit`, which is at most 256.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    pub fn int(&mut self) -> i32 {
        i32::from(self.u16()) << 16 | i32::from(self.u16())
    }

    /// As many bytes as the next one says, or what is left.
    pub fn bytes(&mut self) -> &'a [u8] {
        let len = usize::from(self.byte()).min(self.rest.len());
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }
}

/// Cuts data into pieces, each as long as the next of `lengths` says (in a unit that grows with the
/// data), and a last one.
pub fn pieces<'a>(data: &'a [u8], lengths: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let scale = 1 + data.len() / 2048;
    let mut rest = data;
    let mut lengths = lengths.iter();
    let mut over = false;
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        let len = lengths.next().map(|&len| usize::from(len) * scale);
        over = len.is_none();
        let (piece, left) = rest.split_at(len.unwrap_or(rest.len()).min(rest.len()));
        rest = left;
        Some(piece)
    })
}

/// A piece of data as a hostile peer would change it.
pub fn mutate(input: &mut Input<'_>, data: &mut Vec<u8>) {
    let at = if data.is_empty() { 0 } else { usize::from(input.u16()) % data.len() };
    match input.below(4) {
        0 if !data.is_empty() => data[at] ^= input.byte().max(1),
        1 => data.truncate(at),
        2 => data.extend_from_slice(input.bytes()),
        _ => {
            let bytes = input.bytes();
            data.splice(at..at, bytes.iter().copied());
        }
    }
}
