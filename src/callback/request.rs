//! One request of a client whose token is known: the number of a call, a key and headers that do not matter.

use memchr::{memchr, memmem};

/// Longest key.
pub(super) const MAX_KEY: usize = 16 << 20;

/// Longest head behind the key.
const MAX_HEAD: usize = 8 << 10;

/// A request that is arriving. The token has been taken off.
#[derive(Debug, Default)]
pub(super) struct Arriving {
    bytes: Vec<u8>,
    /// Where the path ends, once that is there.
    path: Option<usize>,
    /// How far the end of what is looked for has been looked for.
    seen: usize,
}

/// A whole request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Which call of the statement.
    pub(super) call: usize,
    /// The key, as it was sent.
    pub(super) key: Vec<u8>,
    /// May another request follow on this connection?
    pub(super) keep: bool,
}

/// A request that is not answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The key is longer than [`MAX_KEY`].
    TooLong,
    /// It is no request of Neo4j's.
    Malformed,
}

impl Arriving {
    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes what came.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Option<Request>, Refused> {
        self.bytes.extend_from_slice(bytes);
        let path = match self.path {
            Some(path) => path,
            None => {
                let found = memchr(b' ', self.bytes.get(self.seen..).unwrap_or_default());
                let Some(found) = found else {
                    self.seen = self.bytes.len();
                    return if self.seen > MAX_KEY { Err(Refused::TooLong) } else { Ok(None) };
                };
                let path = self.seen + found;
                if path > MAX_KEY {
                    return Err(Refused::TooLong);
                }
                self.path = Some(path);
                self.seen = path;
                path
            }
        };
        const END: &[u8] = b"\r\n\r\n";
        let Some(end) = memmem::find(self.bytes.get(self.seen..).unwrap_or_default(), END) else {
            self.seen = self.bytes.len().saturating_sub(END.len() - 1).max(path);
            return if self.bytes.len() - path > MAX_HEAD { Err(Refused::Malformed) } else { Ok(None) };
        };
        let end = self.seen + end;
        let all = std::mem::take(&mut self.bytes);
        read(&all, path, end).map(Some).ok_or(Refused::Malformed)
    }
}

/// The request of which the path ends at `path` and the head at `end`.
fn read(all: &[u8], path: usize, end: usize) -> Option<Request> {
    let slash = memchr(b'/', all.get(..path)?)?;
    let call = std::str::from_utf8(all.get(..slash)?).ok()?;
    if !call.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let head = all.get(path..end)?;
    if !head.starts_with(b" HTTP/1.1\r\n") && head != b" HTTP/1.1" {
        return None;
    }
    // Neo4j sends no request before it has the answer to the last.
    let alone = all.len() == end + 4;
    let closes = head.split(|&byte| byte == b'\n').any(|line| {
        let line = line.trim_ascii().to_ascii_lowercase();
        line.strip_prefix(b"connection:").is_some_and(|value| value.trim_ascii() == b"close")
    });
    Some(Request {
        call: call.parse().ok()?,
        key: all.get(slash + 1..path)?.to_vec(),
        keep: alone && !closes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GET: &[u8] = b"12/sa%2Fb/n HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n";

    #[test]
    fn a_request_is_read_however_it_arrives() {
        let expected = Request { call: 12, key: b"sa%2Fb/n".to_vec(), keep: true };
        for size in 1..=GET.len() {
            let mut arriving = Arriving::default();
            let last = GET.len().div_ceil(size) - 1;
            for (index, piece) in GET.chunks(size).enumerate() {
                let taken = arriving.take(piece).unwrap();
                assert_eq!(taken.is_some(), index == last, "{size}");
                assert!(taken.is_none_or(|request| request == expected));
            }
        }
    }

    #[test]
    fn a_connection_is_kept_only_if_all_is_well() {
        for (text, keep) in [
            ("0/n HTTP/1.1\r\n\r\n", true),
            ("0/n HTTP/1.1\r\nconnection:  Close \r\n\r\n", false),
            ("0/n HTTP/1.1\r\nA: b\r\n\r\nGET /", false),
        ] {
            assert_eq!(Arriving::default().take(text.as_bytes()).unwrap().unwrap().keep, keep, "{text}");
        }
    }

    #[test]
    fn what_is_no_request_of_neo4js_is_refused() {
        for text in [
            "n HTTP/1.1\r\n\r\n",
            "x/n HTTP/1.1\r\n\r\n",
            "0/n HTTP/1.0\r\n\r\n",
            "0/n \r\n\r\n",
            "/n HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(Arriving::default().take(text.as_bytes()), Err(Refused::Malformed), "{text}");
        }
        let mut long = b"0/n HTTP/1.1\r\nA: ".to_vec();
        long.extend(vec![b'a'; MAX_HEAD]);
        assert_eq!(Arriving::default().take(&long), Err(Refused::Malformed));
        assert_eq!(Arriving::default().take(&vec![b'a'; MAX_KEY + 1]), Err(Refused::TooLong));
        let mut long = vec![b'a'; MAX_KEY + 1];
        long.push(b' ');
        assert_eq!(Arriving::default().take(&long), Err(Refused::TooLong));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(pieces in proptest::collection::vec(any::<Vec<u8>>(), 0..6)) {
            let mut arriving = Arriving::default();
            for piece in pieces {
                if arriving.take(&piece).is_err() {
                    break;
                }
            }
        }
    }
}
