//! Reads a stream from a pipe.

use std::io::{self, Read};

/// Reads all of it, into memory that grows in place: no copies, and no more pages than there are bytes.
///
/// # Errors
/// The errors of `input`.
pub fn read(mut input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(1 << 20);
    loop {
        if bytes.capacity() - bytes.len() < 1 << 16 {
            bytes.reserve_exact(bytes.capacity());
        }
        let room = (bytes.capacity() - bytes.len()) as u64;
        if io::copy(&mut input.by_ref().take(room), &mut bytes)? == 0 {
            return Ok(bytes);
        }
    }
}
