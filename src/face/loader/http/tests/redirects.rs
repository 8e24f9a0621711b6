//! Redirects, and names that resolve to something else the second time.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::network::{Fake, PUBLIC};
use super::servers::{Answer, serve, serve_by};
use super::urls::{LITERALS, NAMES};
use super::{REFUSED, Refusal, UNRESOLVED};
use crate::face::FetchFailure;
use crate::face::loader::http::Http;

fn to(location: &str) -> Answer {
    let head = format!(
        "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"
    );
    Answer::Ends(head.into_bytes())
}

#[tokio::test]
async fn a_redirect_is_judged_like_a_first_request() {
    let ascii = |host: &&&str| host.is_ascii() && !host.contains('\t');
    let mut cases: Vec<(String, Refusal)> = LITERALS
        .iter()
        .filter(ascii)
        .chain(&NAMES)
        .map(|host| (format!("http://{host}/secret"), REFUSED))
        .collect();
    let more = [
        "//127.0.0.1/",
        "///127.0.0.1/",
        "/\\127.0.0.1/",
        "\\\\127.0.0.1\\",
        "http:\\\\127.0.0.1",
        "https://127.0.0.1/",
        "http://127.0.0.1:80/",
        "http://public.test:22/",
        "http://user@public.test/",
        "http://127.0.0.1@public.test/",
        "ftp://public.test/",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "gopher://127.0.0.1:6379/_X",
        "javascript:x",
        "http://",
        "http://[::1",
        "http://public.test:99999/",
    ];
    cases.extend(more.map(|location| (location.to_owned(), REFUSED)));
    cases.push(("http://nothing.test/".to_owned(), UNRESOLVED));
    assert!(cases.len() > 100);
    for (location, refusal) in cases {
        let fake = Fake::new(serve(to(&location)).await).await;
        let got = Refusal::of(fake.load(&Fake::policy(), "http://public.test/").await);
        assert_eq!(got, refusal, "{location}");
        fake.assert_untouched(&location);
        assert_eq!(fake.dialled().len(), 1, "{location}");
    }
}

#[tokio::test]
async fn the_fourth_redirect_is_one_too_many() {
    let server = serve_by(|path| match path.trim_start_matches('/').parse::<u32>() {
        Ok(0) => Answer::Ends(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npixels".to_vec()),
        Ok(more) => to(&format!("/{}", more - 1)),
        Err(_) => to("/round/and/round"),
    });
    let fake = Fake::new(server.await).await;
    assert_eq!(fake.load(&Fake::policy(), "http://public.test/3").await.unwrap(), 6);
    assert_eq!(fake.dialled().len(), 4);
    for path in ["4", "1000", "round"] {
        let url = format!("http://public.test/{path}");
        assert_eq!(Refusal::of(fake.load(&Fake::policy(), &url).await), REFUSED, "{url}");
    }
    assert_eq!(fake.dialled().len(), 16);
}

/// The name is public when it is judged, and ourselves when it is looked up again: that look never counts.
#[tokio::test]
async fn a_connection_goes_to_the_address_that_was_judged() {
    let pixels =
        Answer::Ends(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\npixels".to_vec());
    let fake = Fake::new(serve(pixels).await).await;
    let http = fake.http(Fake::policy());
    let url: url::Url = "http://rebind.test/".parse().unwrap();
    assert_eq!(http.get(url.clone()).await.unwrap().len(), 6);
    assert_eq!((fake.resolved(), fake.dialled()), (1, vec![SocketAddr::from((PUBLIC, 80))]));
    for _ in 0..3 {
        assert_eq!(Refusal::of(http.get(url.clone()).await), REFUSED);
    }
    fake.assert_untouched("the second look-up");
    assert_eq!(fake.dialled().len(), 1);
}

/// The same between two hops of one request.
#[tokio::test]
async fn a_redirect_to_itself_is_looked_up_and_judged_again() {
    let fake = Fake::new(serve(to("http://rebind.test/again")).await).await;
    assert_eq!(Refusal::of(fake.load(&Fake::policy(), "http://rebind.test/").await), REFUSED);
    fake.assert_untouched("the second hop");
    assert_eq!((fake.resolved(), fake.dialled().len()), (2, 1));
}

/// A server of TLS with a certificate for `public.test`, which redirects; and whom to trust.
async fn tls_server(location: &'static str) -> (SocketAddr, Arc<ClientConfig>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["public.test".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = Vec::new();
            while let Ok(byte) = stream.read_u8().await {
                head.push(byte);
                if head.ends_with(b"\r\n\r\n") {
                    break;
                }
            }
            let answer = if head.starts_with(b"GET /pixels") {
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\npixels".to_owned()
            } else {
                format!(
                    "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"
                )
            };
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, Arc::new(client))
}

#[tokio::test]
async fn https_leads_to_no_http_and_to_no_one_without_a_certificate() {
    for (url, location, expected) in [
        ("https://public.test/pixels", "", None),
        ("https://public.test/", "https://public.test/pixels", None),
        ("https://public.test/", "/pixels", None),
        ("https://public.test/", "http://public.test/pixels", Some(REFUSED)),
        ("https://public.test/", "https://127.0.0.1/", Some(REFUSED)),
        ("https://public.test/", "https://7f000001.v4.test/", Some(REFUSED)),
        // Of another name, and by address.
        ("https://5db8d822.v4.test/pixels", "", Some(Refusal::Fetch(FetchFailure::Connect))),
        ("https://93.184.216.34/pixels", "", Some(Refusal::Fetch(FetchFailure::Connect))),
    ] {
        let (server, trust) = tls_server(location).await;
        let fake = Fake::new(server).await;
        let http = Http::with(Arc::new(Fake::policy()), Arc::new(fake.clone()), Some(trust));
        let result = http.get(url.parse().unwrap()).await;
        match expected {
            None => assert_eq!(result.unwrap().len(), 6, "{url} {location}"),
            Some(refusal) => assert_eq!(Refusal::of(result), refusal, "{url} {location}"),
        }
        fake.assert_untouched(location);
    }
}
