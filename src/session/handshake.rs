//! The handshake on both sides: one version of Bolt that client, backend and we know.

use std::io;

use bolt::Version;
use bolt::handshake::{self, Agreed, Answer, HandshakeError, Manifest, Proposals};
use bytes::Buf;

use super::SessionError;
use super::wire::{Stream, Wire};

/// Longest answer to a manifest proposal, or choice from one, that is waited for.
const MAX_MANIFEST: usize = 1024;

/// Reads what the client proposes.
pub(crate) async fn proposals<C: Stream>(client: &mut Wire<C>) -> Result<Proposals, SessionError> {
    client.need(20).await.map_err(SessionError::Client)?;
    let mut opening = [0; 20];
    client.inbox.copy_to_slice(&mut opening);
    Ok(Proposals::parse(&opening)?)
}

/// Proposes to the backend what the client does, cut down to what we know, and brings its answer back.
pub(crate) async fn relay<C: Stream, B: Stream>(
    client: &mut Wire<C>,
    backend: &mut Wire<B>,
    proposals: &Proposals,
) -> Result<Version, SessionError> {
    backend.send(&proposals.cut().encode());
    backend.flush().await.map_err(SessionError::Backend)?;
    backend.need(4).await.map_err(SessionError::Backend)?;
    let mut answer = [0; 4];
    backend.inbox.copy_to_slice(&mut answer);
    match handshake::parse_answer(answer)? {
        Answer::Version(version) => {
            client.send(&version.encode_choice());
            Ok(version)
        }
        Answer::Manifest => {
            let offered =
                read(backend, SessionError::Backend, Manifest::parse).await?.intersect(&Manifest::ours());
            let version = choose(client, &offered).await?;
            backend.send(&handshake::encode_manifest_choice(version));
            Ok(version)
        }
        Answer::None => {
            client.send(&[0; 4]);
            Err(SessionError::NoVersion)
        }
    }
}

/// Negotiates in the backend's stead, for a client that is to be told that there is none.
pub(crate) async fn alone<C: Stream>(
    client: &mut Wire<C>,
    proposals: &Proposals,
) -> Result<Version, SessionError> {
    match proposals.agree() {
        Some(Agreed::Version(version)) => {
            client.send(&version.encode_choice());
            Ok(version)
        }
        Some(Agreed::Manifest) => choose(client, &Manifest::ours()).await,
        None => {
            client.send(&[0; 4]);
            Err(SessionError::NoVersion)
        }
    }
}

/// Offers versions to the client, in one write as some drivers need it, and reads which it takes.
async fn choose<C: Stream>(client: &mut Wire<C>, offered: &Manifest) -> Result<Version, SessionError> {
    client.send(&offered.encode());
    client.flush().await.map_err(SessionError::Client)?;
    let version = read(client, SessionError::Client, handshake::parse_choice).await?;
    if offered.contains(version) { Ok(version) } else { Err(SessionError::NoVersion) }
}

/// Reads until `parse` has what it needs.
async fn read<S: Stream, T>(
    wire: &mut Wire<S>,
    broken: fn(io::Error) -> SessionError,
    parse: impl Fn(&[u8]) -> Result<Option<(T, usize)>, HandshakeError>,
) -> Result<T, SessionError> {
    loop {
        if let Some((parsed, consumed)) = parse(&wire.inbox)? {
            wire.inbox.advance(consumed);
            return Ok(parsed);
        }
        if wire.inbox.len() > MAX_MANIFEST {
            return Err(SessionError::NoVersion);
        }
        let more = wire.inbox.len() + 1;
        wire.need(more).await.map_err(broken)?;
    }
}
