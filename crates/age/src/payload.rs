//! The payload: chunks of 64 KiB, each encrypted under its number and whether it is the last (STREAM).

use std::io::{self, BufReader, Read, Write};

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};

use super::AgeError;

const CHUNK: usize = 64 * 1024;
/// A chunk with its seal.
pub(super) const SEALED_CHUNK: usize = CHUNK + 16;

/// The chunk's number and whether it is the last, as a nonce.
fn nonce(number: u64, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce.iter_mut().skip(3).zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
    if let Some(end) = nonce.last_mut() {
        *end = u8::from(last);
    }
    Nonce::from(nonce)
}

/// Takes the content and writes it encrypted; [`Encrypting::finish`] makes it whole.
pub struct Encrypting<W> {
    to: W,
    cipher: ChaCha20Poly1305,
    number: u64,
    waiting: Vec<u8>,
}

impl<W> std::fmt::Debug for Encrypting<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encrypting").field("number", &self.number).finish_non_exhaustive()
    }
}

impl<W: Write> Encrypting<W> {
    pub(super) fn new(to: W, key: &Key) -> Self {
        Self { to, cipher: ChaCha20Poly1305::new(key), number: 0, waiting: Vec::with_capacity(CHUNK) }
    }

    /// Writes the last chunk and gives back what was written to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let sealed = self.cipher.encrypt(&nonce(self.number, last), self.waiting.as_slice());
        self.to.write_all(&sealed.map_err(|_| io::Error::other("a chunk could not be encrypted"))?)?;
        self.number += 1;
        self.waiting.clear();
        Ok(())
    }
}

impl<W: Write> Write for Encrypting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waiting.len() == CHUNK {
            self.seal(false)?; // only now is it known not to be the last
        }
        let (taken, _) = bytes.split_at(bytes.len().min(CHUNK - self.waiting.len()));
        self.waiting.extend_from_slice(taken);
        Ok(taken.len())
    }

    /// Passes on what is sealed; the chunk that is not full waits.
    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Gives the content; an error of kind [`io::ErrorKind::InvalidData`] carries an [`AgeError`].
pub struct Decrypting<R> {
    from: BufReader<R>,
    cipher: ChaCha20Poly1305,
    number: u64,
    bytes: u64,
    sealed: Vec<u8>,
    open: io::Cursor<Vec<u8>>,
    ended: bool,
}

impl<R> std::fmt::Debug for Decrypting<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decrypting").field("number", &self.number).finish_non_exhaustive()
    }
}

impl<R: Read> Decrypting<R> {
    pub(super) fn new(from: BufReader<R>, key: &Key) -> Self {
        let cipher = ChaCha20Poly1305::new(key);
        // One byte more than a chunk, so that the last one is known to be it.
        let sealed = Vec::with_capacity(SEALED_CHUNK + 1);
        Self { from, cipher, number: 0, bytes: 0, sealed, open: io::Cursor::default(), ended: false }
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let room = u64::try_from(SEALED_CHUNK + 1 - self.sealed.len()).unwrap_or(0);
        (&mut self.from).take(room).read_to_end(&mut self.sealed)?;
        let ahead = if self.sealed.len() > SEALED_CHUNK { self.sealed.pop() } else { None };
        self.ended = ahead.is_none();
        let open = self.cipher.decrypt(&nonce(self.number, self.ended), self.sealed.as_slice());
        let told = self.bytes;
        self.bytes += u64::try_from(self.sealed.len()).unwrap_or(0);
        let open = open.map_err(|_| {
            let as_one_of_many = self.cipher.decrypt(&nonce(self.number, false), self.sealed.as_slice());
            let cut = self.ended && (as_one_of_many.is_ok() || self.sealed.is_empty());
            broken(if cut { AgeError::CutShort(self.bytes) } else { AgeError::Damaged(told) })
        })?;
        if open.is_empty() && self.number > 0 {
            return Err(broken(AgeError::Damaged(told))); // only an empty file has an empty chunk
        }
        self.number += 1;
        self.sealed.clear();
        self.sealed.extend(ahead);
        self.open = io::Cursor::new(open);
        Ok(())
    }
}

fn broken(error: AgeError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl<R: Read> Read for Decrypting<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.open.read(to)?;
            if read > 0 || self.ended || to.is_empty() {
                return Ok(read);
            }
            self.next_chunk()?;
        }
    }
}
