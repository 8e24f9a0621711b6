//! `\uXXXX`: decoded over the whole text before it is lexed, in comments too.
//!
//! Neo4j's lexer never sees such an escape: `'\u0027 + f(x) + \u0027'` is code, and `CALL f\u0061ce.embed()`
//! a call. A backslash that is itself escaped does not start one; one that comes out of an escape escapes
//! nothing.

use std::borrow::Cow;

use memchr::memmem;

/// A text as Neo4j's lexer sees it, and the way back.
#[derive(Debug)]
pub(super) struct Decoded<'t> {
    /// The text without escapes.
    pub(super) text: Cow<'t, str>,
    /// Is one half of a surrogate pair missing? Then `text` has U+FFFD in its place.
    pub(super) lossy: bool,
    /// Where each escape ends: in `text`, in the source.
    ends: Vec<(usize, usize)>,
}

impl<'t> Decoded<'t> {
    /// Decodes all escapes of `source`. None if one has no four hexadecimal digits: Neo4j refuses it.
    pub(super) fn new(source: &'t str) -> Option<Self> {
        if memmem::find(source.as_bytes(), br"\u").is_none() {
            return Some(Self { text: Cow::Borrowed(source), lossy: false, ends: Vec::new() });
        }
        let mut decoded = Self { text: Cow::Borrowed(""), lossy: false, ends: Vec::new() };
        let mut text = String::with_capacity(source.len());
        let mut rest = source;
        while let Some(backslash) = rest.find('\\') {
            let (before, escape) = rest.split_at(backslash);
            text.push_str(before);
            let taken = if escape.starts_with(r"\u") {
                let (character, length) = character(escape)?;
                decoded.lossy |= character.is_none();
                text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
                length
            } else {
                let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                text.push_str(escape.get(..length)?);
                length
            };
            rest = escape.get(taken..)?;
            if escape.starts_with(r"\u") {
                decoded.ends.push((text.len(), source.len() - rest.len()));
            }
        }
        text.push_str(rest);
        decoded.text = Cow::Owned(text);
        Some(decoded)
    }

    /// The byte of the source that the boundary `at` of the decoded text came from.
    pub(super) fn source(&self, at: usize) -> usize {
        let after = self.ends.partition_point(|&(end, _)| end <= at);
        match after.checked_sub(1).and_then(|last| self.ends.get(last)) {
            Some(&(end, source)) => source + (at - end),
            None => at,
        }
    }
}

/// The character of the escape at the start of `text` and the length of what stands for it; none if it is
/// half a surrogate pair. The outer `None`: it is no escape.
fn character(text: &str) -> Option<(Option<char>, usize)> {
    let high = unit(text)?;
    let low = text.get(6..).and_then(unit);
    if let Some(low) = low
        && let Some(Ok(character)) = char::decode_utf16([high, low]).next()
        && char::from_u32(u32::from(high)).is_none()
    {
        return Some((Some(character), 12));
    }
    Some((char::from_u32(u32::from(high)), 6))
}

/// The UTF-16 code unit of the escape at the start of `text`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix(r"\u")?.get(..4)?;
    let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hexadecimal.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::Decoded;

    #[test]
    fn escapes_are_decoded_unless_their_backslash_is_escaped() {
        for (source, text) in [
            (r"RETURN 1", "RETURN 1"),
            (r"f\u0061ce", "face"),
            (r"'\u0027 + f(x) + \u0027'", "'' + f(x) + ''"),
            (r"\\u16bc \\\u16bc \\\\u16bc \\\\\u16bc", r"\\u16bc \\ᚼ \\\\u16bc \\\\ᚼ"),
            (r"'\ud83d\ude00'", "'😀'"),
            (r"\u005cu0041", r"\u0041"),
            (r"a\", r"a\"),
            (r"\t\u00e9", r"\té"),
            (r"\é\u0041", r"\éA"),
        ] {
            let decoded = Decoded::new(source).unwrap();
            assert_eq!((&*decoded.text, decoded.lossy), (text, false), "{source}");
        }
    }

    #[test]
    fn a_bad_escape_is_none_and_half_a_pair_is_lossy() {
        for bad in [r"\u", r"\u12", r"\uohno", r"\u+041", r"\u00é1"] {
            assert!(Decoded::new(bad).is_none(), "{bad}");
        }
        for half in [r"\ud83d", r"\ud83d\u0041", r"\ude00\ud83d"] {
            assert!(Decoded::new(half).unwrap().lossy, "{half}");
        }
        assert_eq!(Decoded::new(r"\ud83d\u0041").unwrap().text, "\u{fffd}A");
    }

    #[test]
    fn offsets_lead_back_to_the_source() {
        let source = r"é\u0061b\ud83d\ude00c";
        let decoded = Decoded::new(source).unwrap();
        let back: Vec<usize> = decoded.text.char_indices().map(|(at, _)| decoded.source(at)).collect();
        assert_eq!((&*decoded.text, back), ("éab😀c", vec![0, 2, 8, 9, 21]));
        assert_eq!(decoded.source(decoded.text.len()), source.len());
    }
}
