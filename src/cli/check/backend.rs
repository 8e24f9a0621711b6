//! The Neo4j behind us: whether there is one, which, and whether it lets us in.

use packstream::{Map, Value};

use super::bolt::{BoltError, Connection};
use super::{Answer, whole};
use crate::config::{Backend, BackendScheme, BackendUrl};
use crate::transport::{DialError, Dialer};

/// From this Neo4j on a CALL of ours may stand on rows.
const ON_ROWS: (u32, u32) = (5, 24);

/// Who to log in as.
pub(super) struct Login {
    user: String,
    password: Option<String>,
}

impl Login {
    /// What Neo4j's own tools read.
    pub(super) fn of_environment() -> Self {
        let read = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
        Self {
            user: read("NEO4J_USERNAME").unwrap_or_else(|| "neo4j".to_owned()),
            password: read("NEO4J_PASSWORD"),
        }
    }

    fn credentials(&self) -> Map {
        match &self.password {
            None => Map::from([("scheme", "none")]),
            Some(password) => Map::from([
                ("scheme", "basic"),
                ("principal", self.user.as_str()),
                ("credentials", password.as_str()),
            ]),
        }
    }
}

/// Connects and asks who is there.
pub(super) async fn reach(backend: &Backend) -> (Answer, Option<Connection>) {
    let url = &backend.url;
    match open(backend).await {
        Ok(connection) => {
            let text = format!("{url} speaks Bolt {}", connection.version);
            (Answer::Ok(text), Some(connection))
        }
        Err(error) => (Answer::Failed(format!("{url}: {}", wrong(backend, error).await)), None),
    }
}

/// Says HELLO and logs in.
pub(super) async fn log_in(connection: Option<Connection>, login: &Login) -> (Answer, Option<Connection>) {
    let Some(mut connection) = connection else {
        return (Answer::Unknown("there is no connection to do it on".to_owned()), None);
    };
    match greet(&mut connection, &login.credentials()).await {
        Ok(server) => {
            let who = login.password.as_ref().map_or("nobody", |_| &login.user);
            let answer = match version(&server) {
                Some(version) if version < ON_ROWS => Answer::Failed(format!(
                    "{server} is older than 5.24: everything passes through, but face.* and gds.* need 5.24"
                )),
                _ => Answer::Ok(format!("{server} lets {who} in")),
            };
            (answer, Some(connection))
        }
        Err(error) => (Answer::Failed(refused(&error, login)), None),
    }
}

async fn greet(connection: &mut Connection, credentials: &Map) -> Result<String, BoltError> {
    let metadata = if connection.version.has_logon() {
        let metadata = connection.hello(None).await?;
        connection.logon(credentials).await?;
        metadata
    } else {
        connection.hello(Some(credentials)).await?
    };
    // A password that has to be changed lets its user in, and then nothing be done.
    connection.run("RETURN 1", &Map::new()).await?;
    Ok(metadata.get("server").and_then(Value::as_str).unwrap_or("a server without a name").to_owned())
}

fn version(server: &str) -> Option<(u32, u32)> {
    let mut numbers = server.strip_prefix("Neo4j/")?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn refused(error: &BoltError, login: &Login) -> String {
    let BoltError::Failure(failure) = error else { return whole(error) };
    let mend = match (failure.code.as_str(), &login.password) {
        ("Neo.ClientError.Security.Unauthorized", None) => {
            "set NEO4J_PASSWORD, and NEO4J_USERNAME if it is not neo4j, for this check"
        }
        ("Neo.ClientError.Security.Unauthorized", Some(_)) => "mend NEO4J_USERNAME and NEO4J_PASSWORD",
        ("Neo.ClientError.Security.AuthenticationRateLimit", _) => "wait for some seconds",
        ("Neo.ClientError.Security.CredentialsExpired", _) => {
            "change the password first: ALTER CURRENT USER SET PASSWORD FROM 'old' TO 'new', on the database system"
        }
        _ => return whole(error),
    };
    format!("{error}; {mend}")
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ReachError {
    #[error(transparent)]
    Tls(#[from] crate::transport::tls::TlsError),
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error(transparent)]
    Bolt(#[from] BoltError),
    #[error("it takes connections, but says nothing")]
    Silent,
}

/// Connects, and agrees on a version.
pub(super) async fn open(backend: &Backend) -> Result<Connection, ReachError> {
    let stream = Dialer::new(backend)?.dial(None).await?;
    let opened = tokio::time::timeout(backend.connect_timeout, Connection::open(stream)).await;
    Ok(opened.map_err(|_| ReachError::Silent)??)
}

/// The same address, by another scheme.
fn by(backend: &Backend, scheme: BackendScheme) -> Backend {
    let url = BackendUrl { scheme, address: backend.url.address.clone() };
    Backend { url, ca_file: None, ..backend.clone() }
}

/// What is wrong, and how to mend it. The address is tried the other way round to tell TLS from no TLS.
async fn wrong(backend: &Backend, error: ReachError) -> String {
    let address = &backend.url.address;
    match error {
        ReachError::Dial(error @ DialError::Timeout) => {
            format!("{error}; is a firewall between, or backend.url wrong?")
        }
        ReachError::Dial(DialError::Tls(_)) if open(&by(backend, BackendScheme::Plain)).await.is_ok() => {
            format!("it does not offer TLS; set backend.url to bolt://{address}, or have Neo4j offer it")
        }
        ReachError::Dial(DialError::Tls(error)) => format!(
            "the TLS handshake failed: {error}; set backend.ca_file to the authority of its certificate, and \
             name it as its certificate does (bolt+ssc:// takes any certificate)"
        ),
        ReachError::Dial(error) => format!("{}; start Neo4j, or set backend.url", whole(&error)),
        ReachError::Bolt(BoltError::Http) => {
            format!("{}; set backend.url to Neo4j's Bolt port, mostly 7687", BoltError::Http)
        }
        error if backend.url.scheme == BackendScheme::Plain && speaks_tls(backend).await => format!(
            "{}; it takes TLS only: set backend.url to bolt+s://{address}, or bolt+ssc:// for any certificate",
            whole(&error)
        ),
        error @ (ReachError::Bolt(_) | ReachError::Silent) => {
            format!("{}; is this Neo4j's Bolt port? set backend.url", whole(&error))
        }
        error @ ReachError::Tls(_) => whole(&error),
    }
}

async fn speaks_tls(backend: &Backend) -> bool {
    open(&by(backend, BackendScheme::TlsUnverified)).await.is_ok()
}
