//! How a session begins: a version that both sides speak, or a refusal in words that drivers understand.

use bolt::failure::Failure;
use bolt::handshake::Proposals;
use packstream::Map;

use super::backend::Backend;
use super::routing::Reached;
use super::wire::{Stream, Wire};
use super::{Services, SessionError, handshake, login};
use crate::transport::{Ends, Socket};

/// Negotiates a version with the client and the backend.
pub(super) async fn open<C: Stream>(
    client: &mut Wire<C>,
    ends: Ends,
    services: &Services,
) -> Result<Backend<Socket>, SessionError> {
    let proposals = handshake::proposals(client).await?;
    match services.dialer.dial(Some(ends)).await {
        Ok(stream) => {
            let mut backend = Wire::new(stream);
            let version = handshake::relay(client, &mut backend, &proposals).await?;
            let reached = Reached::new(services.config.listen.advertised_address.as_ref(), ends.server);
            Ok(Backend::new(backend, version, reached))
        }
        Err(source) => {
            let address = services.config.backend.url.to_string();
            let failure = Failure::database_unavailable(
                "neo4j",
                "facebolt cannot reach the database behind it; check that Neo4j runs and that backend.url \
                 names it",
            );
            decline(client, &proposals, services, &failure).await?;
            Err(SessionError::Unreachable { address, source })
        }
    }
}

/// Negotiates in the backend's stead, and answers HELLO with a failure: it is what drivers expect an answer to. Those
/// that make nothing of it there get it for LOGON.
pub(super) async fn decline<C: Stream>(
    client: &mut Wire<C>,
    proposals: &Proposals,
    services: &Services,
    failure: &Failure,
) -> Result<(), SessionError> {
    let version = handshake::alone(client, proposals).await?;
    client.flush().await.map_err(SessionError::Client)?;
    let limit = services.config.limits.unauthenticated_bytes;
    let hello = login::message(client, limit).await?;
    if version.has_logon() && login::wants_success(&hello) {
        let server = concat!("facebolt/", env!("CARGO_PKG_VERSION"));
        let metadata = Map::from([("server", server), ("connection_id", "facebolt")]);
        client.send_message(&bolt::message::success(&metadata)?);
        client.flush().await.map_err(SessionError::Client)?;
        login::message(client, limit).await?;
    }
    client.send_message(&failure.encode(version)?);
    Ok(())
}
