//! Sealing: a file that says nothing without the key, and cannot be altered, cut short, swapped or taken from elsewhere without it.
//!
//! A sealed file is a header (eight bytes that name the format, 24 random ones) and pieces of 64 KiB, each encrypted and authenticated by
//! ChaCha20-Poly1305 (RFC 8439) with the tag behind it. The key of a file is derived from the index's own by keyed BLAKE3, with the name of the file, the
//! lineage of the index and the random bytes, so that no two files share one; the nonce of a piece counts, and says whether it is the last (the
//! construction STREAM of Hoang, Reyhanitabar, Rogaway and Vizár).

use std::io::{self, Read, Write};

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};
use zeroize::{Zeroize, Zeroizing};

use super::key::IndexKey;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"tlxseal1";
const SALT: usize = 24;
const HEADER: usize = MAGIC.len() + SALT;
const TAG: usize = 16;
/// Bytes of a piece, before it is encrypted.
const PIECE: usize = 64 << 10;

/// What the files of one index are sealed with.
#[derive(Clone)]
pub(crate) struct Seal {
    key: IndexKey,
    lineage: String,
}

impl Seal {
    pub(crate) fn new(key: IndexKey, lineage: &str) -> Self {
        Self { key, lineage: lineage.to_owned() }
    }

    /// A seal that nobody can open once it is dropped.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn of_the_moment() -> Result<Self> {
        Ok(Self::new(IndexKey::random()?, ""))
    }

    /// What says which key it is, and nothing else of it.
    pub(crate) fn key_id(&self) -> String {
        self.key.id()
    }

    fn cipher(&self, name: &str, salt: &[u8; SALT]) -> ChaCha20Poly1305 {
        let key = self.key.derive(&[b"tightlip sealed file", self.lineage.as_bytes(), name.as_bytes(), salt]);
        ChaCha20Poly1305::new((&*key).into())
    }

    /// Seals what is small.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn seal(&self, name: &str, content: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = Sealing::new(self, name, Vec::new())?;
        sealed
            .write_all(content)
            .and_then(|()| sealed.finish())
            .map_err(|error| Error::io("cannot seal", &error))
    }

    /// Opens what is small; `None` if it was not sealed so.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut content = Zeroizing::new(Vec::with_capacity(opened_bytes(sealed.len() as u64)? as usize));
        Opened::new(self, name, sealed, sealed.len() as u64).ok()?.read_to_end(&mut content).ok()?;
        Some(content)
    }
}

/// How many bytes are in a sealed file of this length; `None` if it cannot be one.
pub(crate) fn opened_bytes(sealed: u64) -> Option<u64> {
    let body = sealed.checked_sub((HEADER + TAG) as u64)?;
    let pieces = body / (PIECE + TAG) as u64 + 1;
    // The last piece has its tag too.
    (body + TAG as u64).checked_sub(TAG as u64 * pieces)
}

fn nonce(number: u32, is_last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[7..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(is_last);
    nonce.into()
}

/// Seals what is written to it.
pub(crate) struct Sealing<W: Write> {
    cipher: ChaCha20Poly1305,
    piece: Zeroizing<Vec<u8>>,
    number: u32,
    into: W,
}

impl<W: Write> Sealing<W> {
    pub(crate) fn new(seal: &Seal, name: &str, mut into: W) -> Result<Self> {
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt)
            .map_err(|_| Error::io("cannot get random numbers", &io::Error::other("the system has none")))?;
        let begun = into.write_all(MAGIC).and_then(|()| into.write_all(&salt));
        begun.map_err(|error| Error::io("cannot write a sealed file", &error))?;
        // Room for the tag: a piece that had to be moved would stay behind unwiped.
        let piece = Zeroizing::new(Vec::with_capacity(PIECE + TAG));
        Ok(Self { cipher: seal.cipher(name, &salt), piece, number: 0, into })
    }

    fn write_piece(&mut self, is_last: bool) -> io::Result<()> {
        let sealed = self.cipher.encrypt_in_place(&nonce(self.number, is_last), b"", &mut *self.piece);
        sealed.map_err(|_| io::Error::other("it is too long to be sealed"))?;
        self.number =
            self.number.checked_add(1).ok_or_else(|| io::Error::other("it is too long to be sealed"))?;
        self.into.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }

    /// Writes what is left and gives back what was written to.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.write_piece(true)?;
        Ok(self.into)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full piece waits for what comes behind it: it may be the last.
        if self.piece.len() == PIECE && !bytes.is_empty() {
            self.write_piece(false)?;
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}

/// Reads what is in a sealed file. A piece that was not sealed so is an error, before any byte of it is read.
pub(crate) struct Opened<R: Read> {
    cipher: ChaCha20Poly1305,
    piece: Vec<u8>,
    at: usize,
    number: u32,
    /// Sealed bytes that are still to be read.
    left: u64,
    from: R,
}

impl<R: Read> Opened<R> {
    /// Reads from a sealed file of this many bytes.
    pub(crate) fn new(seal: &Seal, name: &str, mut from: R, bytes: u64) -> io::Result<Self> {
        let mut header = [0; HEADER];
        opened_bytes(bytes).ok_or_else(not_sealed_so)?;
        from.read_exact(&mut header)?;
        let (magic, salt) = header.split_first_chunk().expect("it is longer");
        if magic != MAGIC {
            return Err(not_sealed_so());
        }
        let cipher = seal.cipher(name, salt.try_into().expect("the rest is the salt"));
        let piece = Vec::with_capacity(PIECE + TAG);
        Ok(Self { cipher, piece, at: 0, number: 0, left: bytes - HEADER as u64, from })
    }

    /// Reads from a place of the content on.
    #[cfg(feature = "parquet")]
    pub(crate) fn at(seal: &Seal, name: &str, from: R, bytes: u64, start: u64) -> io::Result<Self>
    where
        R: io::Seek,
    {
        let mut opened = Self::new(seal, name, from, bytes)?;
        let (number, within) = (start / PIECE as u64, (start % PIECE as u64) as usize);
        let before = number.saturating_mul((PIECE + TAG) as u64);
        opened.left = opened.left.checked_sub(before).ok_or_else(not_sealed_so)?;
        opened.number = u32::try_from(number).map_err(|_| not_sealed_so())?;
        opened.from.seek(io::SeekFrom::Start(HEADER as u64 + before))?;
        if within > 0 {
            opened.next_piece()?;
            opened.at = within.min(opened.piece.len());
        }
        Ok(opened)
    }

    fn next_piece(&mut self) -> io::Result<()> {
        let length = self.left.min((PIECE + TAG) as u64);
        self.left -= length;
        self.piece.resize(length as usize, 0);
        self.at = 0;
        self.from.read_exact(&mut self.piece)?;
        let opened = self.cipher.decrypt_in_place(&nonce(self.number, self.left == 0), b"", &mut self.piece);
        if opened.is_err() {
            self.piece.clear();
            return Err(not_sealed_so());
        }
        self.number = self.number.wrapping_add(1);
        Ok(())
    }
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() && self.left > 0 {
            self.next_piece()?;
        }
        let taken = into.len().min(self.piece.len() - self.at);
        into[..taken].copy_from_slice(&self.piece[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}

impl<R: Read> Drop for Opened<R> {
    fn drop(&mut self) {
        self.piece.zeroize();
    }
}

fn not_sealed_so() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "altered, cut short or not of this index")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal() -> Seal {
        Seal::of_the_moment().unwrap()
    }

    #[test]
    fn what_is_sealed_opens_and_nothing_else_does() {
        let seal = seal();
        for length in [0, 1, 100, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 17] {
            let content: Vec<u8> = (0..length).map(|at| (at * 7 % 251) as u8).collect();
            let sealed = seal.seal("a", &content).unwrap();
            assert_eq!(opened_bytes(sealed.len() as u64), Some(length as u64), "{length}");
            assert_eq!(*seal.open("a", &sealed).unwrap(), content, "{length}");
            assert!(seal.open("b", &sealed).is_none(), "another name");
            assert!(self::seal().open("a", &sealed).is_none(), "another key");
            let other = Seal { lineage: "other".into(), ..seal.clone() };
            assert!(other.open("a", &sealed).is_none(), "another index");
            for cut in
                [1, TAG, TAG + 1, PIECE + TAG, sealed.len()].into_iter().filter(|cut| *cut <= sealed.len())
            {
                assert!(seal.open("a", &sealed[..sealed.len() - cut]).is_none(), "{length} cut by {cut}");
            }
            for at in (0..sealed.len()).step_by(1 + sealed.len() / 12) {
                let mut altered = sealed.clone();
                altered[at] ^= 1 << (at % 8);
                assert!(seal.open("a", &altered).is_none(), "{length} altered at {at}");
            }
            assert!(length < 16 || !sealed.windows(16).any(|window| window == &content[..16]));
        }
    }

    #[test]
    fn pieces_cannot_change_places() {
        let seal = seal();
        let sealed = seal.seal("a", &vec![7; 3 * PIECE]).unwrap();
        let piece = |number: usize| HEADER + number * (PIECE + TAG)..HEADER + (number + 1) * (PIECE + TAG);
        let mut swapped = sealed.clone();
        swapped[piece(0)].copy_from_slice(&sealed[piece(1)]);
        swapped[piece(1)].copy_from_slice(&sealed[piece(0)]);
        assert!(seal.open("a", &swapped).is_none());
        assert!(seal.open("a", &[&sealed[..], &sealed[piece(2)]].concat()).is_none(), "one more piece");
        assert!(seal.open("a", &sealed[..piece(1).end]).is_none(), "one piece less");
    }
}
