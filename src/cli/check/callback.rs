//! The side door: whether Neo4j reaches it, and whether what it asks arrives as it was sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use packstream::Map;
use tokio::net::TcpListener;

use super::backend::{Login, log_in, open};
use super::bolt::{BoltError, Connection};
use super::faces::FACE;
use super::{Answer, whole};
use crate::callback::{self, Answers, Door};
use crate::config::{Backend, BackendScheme, BackendUrl, Callback, Config, HostPort};
use crate::cypher::{KeyPart, parts};
use crate::listener::listen;

/// What Neo4j is made to send: no encoding but Unicode's has all of it.
const TEXT: &str = "\u{dc}n\u{ef}\u{4e2d}";

/// Has Neo4j call back, as it does for a CALL on rows. A facebolt that serves already holds the side door.
pub(super) async fn ask(
    config: &Config,
    login: &Login,
    connection: Option<Connection>,
    served: bool,
) -> Answer {
    let (Some(address), Some(door)) = (&config.callback.listen, Door::new(&config.callback)) else {
        let off = "off: a CALL on rows works only where its arguments can be read before anything is written";
        return Answer::Ok(off.to_owned());
    };
    match connection {
        None => Answer::Unknown("Neo4j cannot be asked to call back without a login".to_owned()),
        Some(_) if served => through(config, login).await,
        Some(connection) => match listen("callback.listen", address).await {
            Ok(listener) => alone(&config.callback, address, connection, door, listener).await,
            Err(_) => Answer::Unknown("callback.listen cannot be listened on".to_owned()),
        },
    }
}

/// By LOAD CSV from a side door of our own.
async fn alone(
    callback: &Callback,
    address: &HostPort,
    mut connection: Connection,
    door: Door,
    listener: TcpListener,
) -> Answer {
    let heard = Arc::new(Heard::default());
    let ticket = match door.open(Arc::clone(&heard) as Arc<dyn Answers>) {
        Ok(ticket) => ticket,
        Err(error) => return Answer::Failed(error.to_string()),
    };
    let serving = tokio::spawn(door.serve(listener));
    let url = format!("{}s{TEXT}", ticket.url(0));
    let parameters = Map::from([("url", url)]);
    let loaded = connection.run("LOAD CSV FROM $url AS row RETURN count(row)", &parameters).await;
    serving.abort();
    match loaded {
        Ok(()) if heard.0.load(Ordering::Relaxed) => {
            Answer::Ok(format!("Neo4j reads from {} by LOAD CSV", callback.url))
        }
        _ if ticket.was_asked() => Answer::Failed(
            "characters are lost on the way: start Neo4j's JVM with -Dfile.encoding=UTF-8, as its launcher does"
                .to_owned(),
        ),
        Ok(()) => Answer::Failed(format!(
            "something else answers Neo4j at callback.url = \"{}\"; it must lead to callback.listen = \"{address}\"",
            callback.url
        )),
        Err(error) => Answer::Failed(missed(callback, &error)),
    }
}

/// By a CALL on a row, through the facebolt that serves.
async fn through(config: &Config, login: &Login) -> Answer {
    let front = BackendUrl { scheme: BackendScheme::Plain, address: config.listen.address.clone() };
    let front = Backend { url: front, ..Backend::default() };
    let connection = match open(&front).await {
        Ok(connection) => connection,
        Err(error) => {
            return Answer::Unknown(format!(
                "the facebolt that serves takes no plain Bolt: {}",
                whole(&error)
            ));
        }
    };
    let (answer, connection) = log_in(Some(connection), login).await;
    let Some(mut connection) = connection else { return answer };
    let image = format!("data:image/jpeg;base64,{}", STANDARD.encode(FACE));
    // Within an expression nothing but a callback brings the row's argument.
    let text = "UNWIND [$image] AS i RETURN COLLECT { CALL face.embed(i) YIELD index RETURN index }";
    match connection.run(text, &Map::from([("image", image)])).await {
        Ok(()) => Answer::Ok("a CALL on a row succeeds through the facebolt that serves".to_owned()),
        Err(error) => Answer::Failed(whole(&error)),
    }
}

fn missed(callback: &Callback, error: &BoltError) -> String {
    let BoltError::Failure(failure) = error else { return whole(error) };
    let mend = if failure.message.contains("is blocked") || failure.code.contains(".Security.") {
        "LOAD CSV is forbidden: allow it for callback.url in Neo4j (internal.dbms.cypher_ip_blocklist; in Enterprise \
         GRANT LOAD ON URL), or turn the side door off by callback.listen = \"\""
            .to_owned()
    } else {
        format!(
            "Neo4j's machine does not reach callback.url = \"{}\": set it to an address of this machine that Neo4j's \
             reaches, and callback.listen so that it leads here",
            callback.url
        )
    };
    // The message holds the URL, which is of no use to anybody any more.
    let reason = failure.message.rsplit_once("': ").map_or(failure.message.as_str(), |(_, reason)| reason);
    format!("{reason}; {mend}")
}

/// Whether Neo4j asked, and for what it was told to.
#[derive(Default)]
struct Heard(AtomicBool);

impl Answers for Heard {
    fn answer<'a>(&'a self, _: usize, key: &'a [u8]) -> callback::Answer<'a> {
        let right = parts(key).is_ok_and(|parts| parts == [KeyPart::Text(TEXT.to_owned())]);
        self.0.store(right, Ordering::Relaxed);
        Box::pin(async { Some(b"1\n".to_vec()) })
    }

    fn too_long(&self, _: usize) {}
}
