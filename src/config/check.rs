//! Values that are right alone and wrong together.

use super::{BackendScheme, Config};

/// Pairs of keys whose values contradict each other, and why.
pub(super) fn contradictions(config: &Config) -> Vec<([&'static str; 2], &'static str)> {
    let Config { listen, backend, callback, admin, .. } = config;
    let mut found = Vec::new();
    if listen.tls_certificate.is_some() != listen.tls_key.is_some() {
        found.push((["listen.tls_certificate", "listen.tls_key"], "one is set without the other"));
    }
    if listen.tls_client_ca.is_some() && listen.tls_certificate.is_none() {
        found.push((["listen.tls_client_ca", "listen.tls_certificate"], "client certificates need TLS"));
    }
    if backend.ca_file.is_some() && backend.url.scheme != BackendScheme::Tls {
        found.push((["backend.ca_file", "backend.url"], "the file is used with bolt+s:// only"));
    }
    if backend.url.address == listen.address {
        found.push((["listen.address", "backend.url"], "facebolt would connect to itself"));
    }
    let doors = [
        ("listen.address", Some(&listen.address)),
        ("callback.listen", callback.listen.as_ref()),
        ("admin.listen", admin.listen.as_ref()),
    ];
    for (index, (key, address)) in doors.iter().enumerate() {
        for (other, same) in doors.iter().skip(index + 1) {
            // Port 0 is a port of its own each time.
            if address.is_some_and(|address| address.port != 0) && address == same {
                found.push(([key, other], "they are the same address"));
            }
        }
    }
    found
}
