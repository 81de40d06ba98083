//! Buffers that are used again.
//!
//! Fresh memory has to be filled with zeros by the system before anything is read into it, and what was just read lies
//! in no cache by then; together that costs more than the reading. So a block's bytes go into the buffer of
//! one that is done.

use std::cell::RefCell;
use std::ops::Deref;

/// Buffers that a thread keeps, and the room that one may have: a block's, and a little.
const MOST: usize = 3;
const LARGEST: usize = 3 << 20;

thread_local! {
    static FREE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer.
pub(crate) fn get() -> Vec<u8> {
    FREE.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Takes back a buffer.
pub(crate) fn put(mut buffer: Vec<u8>) {
    // While a thread ends there is none to give it back to.
    let _ = FREE.try_with(|free| {
        let mut free = free.borrow_mut();
        if free.len() < MOST && buffer.capacity() <= LARGEST && buffer.capacity() > 0 {
            buffer.clear();
            free.push(buffer);
        }
    });
}

/// Bytes in a buffer that is given back when they are dropped.
#[derive(Debug, Default)]
pub(crate) struct Bytes(Vec<u8>);

impl From<Vec<u8>> for Bytes {
    fn from(buffer: Vec<u8>) -> Bytes {
        Bytes(buffer)
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        put(std::mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty() {
        let mut buffer = get();
        buffer.extend_from_slice(&[1; 5000]);
        let place = buffer.as_ptr();
        drop(Bytes::from(buffer));
        let again = get();
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        drop(Bytes::from(Vec::with_capacity(LARGEST + 1)));
        assert_eq!(get().capacity(), 0);
    }
}
