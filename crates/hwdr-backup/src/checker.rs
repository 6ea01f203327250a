//! A file that is read from its first byte to its last, in pieces.

use crate::flaw::Flaw;

/// Reads a file in pieces of any size: the result must not depend on where it is cut. It must use a bounded amount of memory, whatever it is fed.
pub trait Checker {
    /// What is known of a good file.
    type Facts;

    /// Takes the next piece.
    ///
    /// # Errors
    /// What is wrong. Nothing is fed after that.
    fn feed(&mut self, piece: &[u8]) -> Result<(), Flaw>;

    /// The file has ended.
    ///
    /// # Errors
    /// What is wrong: a file that ends early is damaged.
    fn finish(self) -> Result<Self::Facts, Flaw>;
}

/// Reads a file that is in memory.
///
/// # Errors
/// What is wrong with it.
pub fn check_whole<C: Checker>(mut checker: C, bytes: &[u8]) -> Result<C::Facts, Flaw> {
    checker.feed(bytes)?;
    checker.finish()
}
