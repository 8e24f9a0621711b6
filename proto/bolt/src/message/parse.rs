//! Bytes to messages.

use packstream::{Limits, Map, Reader, Writer};

use super::{MessageError, tag};

type Result<T> = std::result::Result<T, MessageError>;

/// A RUN, by reference. The maps are well-formed, but their keys and texts were not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunMessage<'a> {
    /// The statement.
    pub query: &'a str,
    /// Its parameters: an encoded map.
    pub parameters: &'a [u8],
    /// Database, mode, bookmarks and the like: an encoded map.
    pub extra: &'a [u8],
}

impl<'a> RunMessage<'a> {
    /// Reads a RUN. A query that is not UTF-8 is an error, though Neo4j would run it with the bad bytes replaced.
    pub fn parse(payload: &'a [u8], limits: Limits) -> Result<Self> {
        let mut reader = Reader::new(payload, limits);
        match reader.structure()? {
            (tag::RUN, 3) => (),
            (tag::RUN, fields) => return Err(MessageError::Fields { tag: tag::RUN, fields }),
            (tag, _) => return Err(MessageError::Tag { tag }),
        }
        let query = reader.string()?;
        let parameters = raw_map(&mut reader)?;
        let extra = raw_map(&mut reader)?;
        reader.finish()?;
        Ok(Self { query, parameters, extra })
    }
}

/// A PULL or a DISCARD.
#[derive(Clone, Debug, PartialEq)]
pub struct Pull {
    /// [`tag::PULL`] or [`tag::DISCARD`].
    pub tag: u8,
    /// How many records; -1 for all. Servers refuse 0 and less than -1.
    pub n: i64,
    /// Of which statement in the transaction; none or -1 for the last.
    pub qid: Option<i64>,
    /// The other entries, unknown to the protocol.
    pub other: Map,
}

impl Pull {
    /// Reads a PULL or a DISCARD.
    pub fn parse(payload: &[u8], limits: Limits) -> Result<Self> {
        let mut reader = Reader::new(payload, limits);
        let tag = match reader.structure()? {
            (tag @ (tag::PULL | tag::DISCARD), 1) => tag,
            (tag @ (tag::PULL | tag::DISCARD), fields) => return Err(MessageError::Fields { tag, fields }),
            (tag, _) => return Err(MessageError::Tag { tag }),
        };
        let mut other = reader.entries()?;
        reader.finish()?;
        let n = other.remove("n").and_then(|n| n.as_i64()).ok_or(MessageError::Entry("n"))?;
        let qid = match other.remove("qid") {
            None => None,
            Some(qid) => Some(qid.as_i64().ok_or(MessageError::Entry("qid"))?),
        };
        Ok(Self { tag, n, qid, other })
    }

    /// The message again.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        writer.structure(self.tag, 1)?;
        writer.map(1 + usize::from(self.qid.is_some()) + self.other.len())?;
        writer.string("n")?;
        writer.integer(self.n);
        if let Some(qid) = self.qid {
            writer.string("qid")?;
            writer.integer(qid);
        }
        for (key, value) in &self.other {
            writer.string(key)?;
            writer.value(value)?;
        }
        Ok(out)
    }
}

/// What a server replies.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The request is done; its metadata.
    Success(Map),
    /// The request failed; see [`Failure::decode`](crate::failure::Failure::decode).
    Failure(Map),
    /// The request was not tried.
    Ignored,
    /// One record, whose values are left unread.
    Record,
}

/// Reads a reply.
pub fn parse_reply(payload: &[u8], limits: Limits) -> Result<Reply> {
    let mut reader = Reader::new(payload, limits);
    let reply = match reader.structure()? {
        (tag::RECORD, 1) => return Ok(Reply::Record),
        (tag::SUCCESS, 1) => Reply::Success(reader.entries()?),
        (tag::FAILURE, 1) => Reply::Failure(reader.entries()?),
        (tag::IGNORED, 0) => Reply::Ignored,
        (tag @ (tag::RECORD | tag::SUCCESS | tag::FAILURE | tag::IGNORED), fields) => {
            return Err(MessageError::Fields { tag, fields });
        }
        (tag, _) => return Err(MessageError::Tag { tag }),
    };
    reader.finish()?;
    Ok(reply)
}

fn raw_map<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    // On a copy: this only makes sure that it is a map.
    reader.clone().map()?;
    Ok(reader.skip()?)
}
