//! A script block's text, and the measures of it by which rules find obfuscated ones.
//!
//! Source: the newest pipeline of Elastic's windows integration. The measures are about the
//! distribution of characters (UTF-16 units), without the signature at the text's end. Elastic
//! composes accents with their letters first (NFC), which is not done here: it changes the measures
//! of texts that hold decomposed letters, and of no others.

use std::collections::HashMap;

use dragnet_event::Scalar;

use crate::community_id::push_base64;
use crate::out::Out;

pub(super) const TEXT: &str = "powershell.file.script_block_text";
const HASH: &str = "powershell.file.script_block_hash";
const ENTROPY: &str = "powershell.file.script_block_entropy_bits";
const SURPRISAL: &str = "powershell.file.script_block_surprisal_stdev";
const LENGTH: &str = "powershell.file.script_block_length";
const SYMBOLS: &str = "powershell.file.script_block_unique_symbols";

/// What a signature at a script's end begins with.
const SIGNATURE: &str = "# SIG # Begin signature block";

/// Puts the text, without blanks around it, and its measures.
pub(super) fn put(text: &str, out: &mut Out<'_>) {
    let text = text.trim_matches(|c| c <= ' ');
    out.text(TEXT, text);
    if out.sink.wants(HASH) {
        out.text(HASH, &hash(text));
    }
    if !out.wants_any(&[ENTROPY, SURPRISAL, LENGTH, SYMBOLS]) {
        return;
    }
    let text = match text.find(SIGNATURE) {
        Some(at) if at + SIGNATURE.len() < text.len() => &text[..at],
        _ => text,
    };
    if text.is_empty() || is_signature(text) {
        return;
    }
    let measures = measure(text);
    out.long(LENGTH, i64::from(measures.length));
    out.long(SYMBOLS, i64::from(measures.symbols));
    out.sink.put(ENTROPY, Scalar::Double(measures.entropy));
    out.sink.put(SURPRISAL, Scalar::Double(measures.surprisal_stdev));
}

/// The text's hash, blanks left out: what Elasticsearch's `fingerprint` processor makes of one
/// value (SHA-1 of a zero byte and the text, in base64).
fn hash(text: &str) -> String {
    let mut sha1 = sha1_smol::Sha1::new();
    sha1.update(&[0]);
    // Java's `\s` is ASCII white space and the vertical tab.
    for word in text.split([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']) {
        sha1.update(word.as_bytes());
    }
    let mut hash = String::with_capacity(28);
    push_base64(&mut hash, &sha1.digest().bytes());
    hash
}

/// Whether this is the part of a long script that holds nothing but its signature: the second line
/// is a comment of 64 characters of base64 (the first may be cut).
fn is_signature(text: &str) -> bool {
    let Some(line) = text.split('\n').nth(1).filter(|_| !text.starts_with('\n')) else {
        return false;
    };
    let line = line.strip_suffix('\r').unwrap_or(line);
    let Some(content) = line.strip_prefix('#') else { return false };
    let content = content.strip_prefix(' ').unwrap_or(content);
    let base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    content.len() == 64 && content.bytes().all(base64)
}

#[derive(Debug)]
struct Measures {
    length: u32,
    symbols: u32,
    /// Shannon's entropy in bits for a symbol.
    entropy: f64,
    /// The standard deviation of the symbols' information content.
    surprisal_stdev: f64,
}

fn measure(text: &str) -> Measures {
    let mut ascii = [0u32; 128];
    let mut others: HashMap<u16, u32> = HashMap::new();
    let mut length = 0;
    for unit in text.encode_utf16() {
        match ascii.get_mut(usize::from(unit)) {
            Some(count) => *count += 1,
            None => *others.entry(unit).or_default() += 1,
        }
        length += 1;
    }
    // Sums of floating-point numbers depend on their order, and a hash table has none.
    let mut others: Vec<u32> = others.into_values().collect();
    others.sort_unstable();
    let counts = || ascii.iter().chain(&others).filter(|count| **count > 0);

    let probability = |count: &u32| f64::from(*count) / f64::from(length);
    let entropy: f64 = counts().map(probability).map(|p| -p * p.log2()).sum();
    let variance: f64 = counts().map(probability).map(|p| p * (-p.log2() - entropy).powi(2)).sum();
    Measures {
        length,
        symbols: counts().map(|_| 1).sum(),
        // A single symbol gives -0.
        entropy: entropy.max(0.0),
        surprisal_stdev: variance.max(0.0).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, length: u32, symbols: u32, entropy: f64, stdev: f64) {
        let measures = measure(text);
        assert_eq!((measures.length, measures.symbols), (length, symbols), "{text}");
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(measures.entropy, entropy), "{text}: {measures:?}");
        assert!(close(measures.surprisal_stdev, stdev), "{text}: {measures:?}");
    }

    #[test]
    fn measures() {
        check("aaaa", 4, 1, 0.0, 0.0);
        check("abcd", 4, 4, 2.0, 0.0);
        // a: 1/2 at 1 bit, b and c: 1/4 at 2 bits.
        check("aabc", 4, 3, 1.5, 0.5);
        check("é€😀é", 5, 4, 1.921_928_094_887_362_3, 0.489_897_948_556_635_6);
    }

    #[test]
    fn signatures() {
        let line = "A".repeat(64);
        assert!(is_signature(&format!("AAA\n# {line}\n# {line}")));
        assert!(is_signature(&format!("AAA\r\n# {line}\r\n")));
        assert!(!is_signature(&format!("AAA\n# {line}A")));
        assert!(!is_signature(&format!("AAA\n{line}")));
        assert!(!is_signature("AAA"));
    }
}
