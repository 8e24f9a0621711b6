//! The addresses that facebolt listens on.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Answer;
use crate::config::{Config, HostPort};
use crate::listener::listen;
use crate::transport::{CLOSE_TIMEOUT, tls};

/// What was found.
pub(super) struct Doors {
    pub(super) answers: Vec<(&'static str, Answer)>,
    /// A facebolt of this configuration serves already.
    pub(super) served: bool,
}

/// Tries every address, and the certificate that clients are shown.
pub(super) async fn find(config: &Config) -> Doors {
    let served = match &config.admin.listen {
        Some(address) => is_facebolt(address).await,
        None => false,
    };
    let addresses = [
        ("listen.address", Some(&config.listen.address)),
        ("callback.listen", config.callback.listen.as_ref()),
        ("admin.listen", config.admin.listen.as_ref()),
    ];
    let mut free = Vec::new();
    let mut failed = Vec::new();
    for (key, address) in addresses.into_iter().filter_map(|(key, address)| Some((key, address?))) {
        match listen(key, address).await {
            Ok(_) => free.push(address.to_string()),
            Err(error) if error.source.kind() == ErrorKind::AddrInUse && served => {}
            Err(error) => failed.push(format!("{error}; {}", mend(key, address, error.source.kind()))),
        }
    }
    let mut answers: Vec<_> = failed.into_iter().map(|text| ("listen", Answer::Failed(text))).collect();
    if answers.is_empty() {
        let text = match (served, free.as_slice()) {
            (true, _) => "a facebolt serves there already".to_owned(),
            (false, free) => format!("{} can be listened on", free.join(", ")),
        };
        answers.push(("listen", Answer::Ok(text)));
    }
    match tls::Server::new(&config.listen) {
        Ok(None) => {}
        Ok(Some(_)) => answers.push(("tls", Answer::Ok("certificate and key fit each other".to_owned()))),
        Err(error) => answers.push(("tls", Answer::Failed(error.to_string()))),
    }
    Doors { answers, served }
}

fn mend(key: &str, address: &HostPort, kind: ErrorKind) -> String {
    let port = address.port;
    match kind {
        ErrorKind::AddrInUse => {
            format!("end the program that does (`ss -ltnp 'sport = :{port}'` names it), or set {key}")
        }
        ErrorKind::AddrNotAvailable => {
            format!("{key} must name an address of this machine: 0.0.0.0 stands for all of them")
        }
        ErrorKind::PermissionDenied => format!("set {key} to a port above 1023"),
        _ => format!("set {key}"),
    }
}

/// Whether what listens there shows the metrics of a facebolt.
async fn is_facebolt(address: &HostPort) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(address.to_string()).await?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: facebolt\r\nConnection: close\r\n\r\n").await?;
        let mut text = Vec::new();
        stream.take(1 << 20).read_to_end(&mut text).await?;
        std::io::Result::Ok(text)
    };
    let name = b"facebolt_build_info";
    match timeout(CLOSE_TIMEOUT, asked).await {
        Ok(Ok(text)) => text.windows(name.len()).any(|window| window == name),
        _ => false,
    }
}
