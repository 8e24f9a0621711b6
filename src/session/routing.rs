//! Routing tables: whatever addresses the backend names, a client is to come back to where it reached us.

use std::net::SocketAddr;
use std::sync::Arc;

use bolt::message::{Reply, RunMessage};
use packstream::{Limits, Map, Reader, Value};

use super::SessionError;
use super::edit::Edit;
use super::parameters::Parameters;
use super::statement::Outcome;
use crate::config::HostPort;
use crate::cypher::{Expr, RoutingTable};

/// The port where an address names none, as Neo4j has it.
const PORT: u16 = 7687;

/// Where the client reached us.
#[derive(Debug)]
pub(crate) struct Reached {
    /// What the configuration says instead.
    advertised: Option<Arc<str>>,
    /// As far as the connection itself tells.
    known: Arc<str>,
}

impl Reached {
    /// A client on a connection that ends here.
    pub(crate) fn new(advertised: Option<&HostPort>, here: SocketAddr) -> Self {
        Self {
            advertised: advertised.map(|address| address.to_string().into()),
            known: SocketAddr::new(here.ip().to_canonical(), here.port()).to_string().into(),
        }
    }

    /// Takes note of the address that the client says it used, in its HELLO.
    pub(super) fn hello(&mut self, message: &[u8]) {
        if let Some(context) = routing(message)
            && let Some(address) = address(&context)
        {
            self.known = with_port(address).into();
        }
    }

    /// What stands for every address in the answer to a request; `context` is its own word on the address used.
    fn by(&self, context: Option<&str>) -> Arc<str> {
        match (&self.advertised, context) {
            (Some(advertised), _) => Arc::clone(advertised),
            (None, Some(context)) => with_port(context).into(),
            (None, None) => Arc::clone(&self.known),
        }
    }

    /// The same for a ROUTE; none if it is too long to be read.
    pub(super) fn route(&self, message: Option<&[u8]>) -> Arc<str> {
        let context = message.and_then(first_field).map(Value::Map);
        self.by(context.as_ref().and_then(address))
    }

    /// The SUCCESS of a HELLO or LOGON.
    pub(super) fn login(&self, payload: Vec<u8>) -> Result<Vec<u8>, SessionError> {
        const KEY: &str = "advertised_address";
        match bolt::message::parse_reply(&payload, Limits::default())? {
            Reply::Success(mut metadata) if metadata.get(KEY).is_some() => {
                metadata.insert(KEY, &*self.by(None));
                Ok(bolt::message::success(&metadata)?)
            }
            _ => Ok(payload),
        }
    }
}

/// The answer to a ROUTE.
pub(super) fn table(payload: Vec<u8>, address: &str) -> Result<Vec<u8>, SessionError> {
    let Reply::Success(mut metadata) = bolt::message::parse_reply(&payload, Limits::default())? else {
        return Ok(payload);
    };
    if let Some(Value::Map(table)) = metadata.get_mut("rt")
        && let Some(servers) = table.get_mut("servers")
    {
        redirect(servers, address);
    }
    Ok(bolt::message::success(&metadata)?)
}

/// Where a RECORD has servers, and what stands for their addresses.
#[derive(Debug)]
pub(crate) struct Servers {
    columns: Vec<usize>,
    address: Arc<str>,
}

impl Servers {
    pub(super) fn record(&self, payload: &[u8]) -> Result<Vec<u8>, SessionError> {
        let mut reader = Reader::new(payload, Limits::default());
        reader.structure()?;
        let mut values = Vec::new();
        for column in 0..reader.list()? {
            let mut value = reader.value()?;
            if self.columns.contains(&column) {
                redirect(&mut value, &self.address);
            }
            values.push(value);
        }
        Ok(bolt::message::record(&values)?)
    }
}

/// A call of the procedure that is older than ROUTE: it is sent as it came, and its rows are changed.
pub(super) fn call(
    reached: &Reached,
    run: &RunMessage<'_>,
    call: &RoutingTable,
) -> Result<Outcome, SessionError> {
    let parameters = Parameters::new(run.parameters);
    let parameter = |name: &str| parameters.get(name).ok().flatten();
    let context = match &call.context {
        Some(Expr::Map(entries)) => {
            let given = entries.iter().rev().find(|(key, _)| key == "address");
            match given.map(|(_, value)| value) {
                Some(Expr::String(address)) => Some(Value::from(address.as_str())),
                Some(Expr::Parameter(name)) => parameter(name),
                _ => None,
            }
        }
        Some(Expr::Parameter(name)) => parameter(name).and_then(|context| match context {
            Value::Map(mut context) => context.remove("address"),
            _ => None,
        }),
        _ => None,
    };
    let address = reached.by(context.as_ref().and_then(Value::as_str));
    let servers = Servers { columns: call.columns.clone(), address };
    let edit = Edit { text: run.query.to_owned(), servers: Some(servers), ..Edit::default() };
    let run = bolt::message::run_raw(run.query, run.parameters, run.extra)?;
    Ok(Outcome::Send { run, edit: Arc::new(edit) })
}

/// Leaves one address, ours, where there are any. A role without a server keeps none: nobody has it.
fn redirect(servers: &mut Value, address: &str) {
    let Value::List(entries) = servers else { return };
    for entry in entries.iter_mut() {
        if let Value::Map(entry) = entry
            && let Some(Value::List(addresses)) = entry.get_mut("addresses")
            && !addresses.is_empty()
        {
            *addresses = vec![Value::from(address)];
        }
    }
    entries.dedup();
}

/// The map that a message starts with. What cannot be read is the backend's to refuse.
fn first_field(message: &[u8]) -> Option<Map> {
    let mut reader = Reader::new(message, Limits::default());
    reader.structure().ok()?;
    reader.entries().ok()
}

/// The routing context of a HELLO. Nothing else is copied: up to Bolt 5.0 it holds credentials too.
fn routing(hello: &[u8]) -> Option<Value> {
    let mut reader = Reader::new(hello, Limits::default());
    reader.structure().ok()?;
    for _ in 0..reader.map().ok()? {
        if reader.raw_string().ok()? == b"routing" {
            return reader.value().ok();
        }
        reader.skip().ok()?;
    }
    None
}

/// The address in a routing context.
fn address(context: &Value) -> Option<&str> {
    context.as_map()?.get("address")?.as_str().filter(|address| !address.is_empty())
}

/// An address as Neo4j gives it back.
fn with_port(address: &str) -> String {
    match address.rsplit_once(':') {
        Some((host, _)) if host.contains(':') && !host.starts_with('[') => format!("[{address}]:{PORT}"),
        Some((_, port)) if !port.ends_with(']') => address.to_owned(),
        _ => format!("{address}:{PORT}"),
    }
}

#[cfg(test)]
mod tests;
