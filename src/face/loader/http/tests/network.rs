//! A network of a test's own: names say what they resolve to, one address is a public server, and every other
//! address is the forbidden one, which counts who comes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::face::loader::Loader;
use crate::face::loader::connect::{Coming, Network};
use crate::face::loader::http::Http;
use crate::face::{ImageError, Policy, Source};

/// The address of the public server: nothing is ever sent to it.
pub(super) const PUBLIC: Ipv4Addr = Ipv4Addr::new(93, 184, 216, 34);

/// What a name of a table resolves to. Its first label holds addresses in hexadecimal, `-` between them; the second
/// says of which kind they are.
pub(super) fn addresses(name: &str) -> Option<Vec<IpAddr>> {
    if name.trim_end_matches('.').eq_ignore_ascii_case("localhost") {
        return Some(vec![Ipv4Addr::LOCALHOST.into()]);
    }
    let mut labels = name.split('.');
    let (first, kind) = (labels.next()?, labels.next()?);
    let of = |hex: &str| -> Option<IpAddr> {
        match kind {
            "v4" => u32::from_str_radix(hex, 16).ok().map(|bits| Ipv4Addr::from_bits(bits).into()),
            "v6" => u128::from_str_radix(hex, 16).ok().map(|bits| Ipv6Addr::from_bits(bits).into()),
            _ => None,
        }
    };
    first.split('-').map(of).collect()
}

/// A listener that only counts.
#[derive(Debug, Clone)]
pub(super) struct Forbidden {
    pub(super) address: SocketAddr,
    reached: Arc<AtomicUsize>,
}

impl Forbidden {
    pub(super) async fn listen(at: &str) -> io::Result<Forbidden> {
        let listener = TcpListener::bind(at).await?;
        let reached = Arc::new(AtomicUsize::new(0));
        let (address, counter) = (listener.local_addr()?, Arc::clone(&reached));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        Ok(Forbidden { address, reached })
    }

    pub(super) fn reached(&self) -> usize {
        self.reached.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
struct Parts {
    public: SocketAddr,
    forbidden: Forbidden,
    dialled: Mutex<Vec<SocketAddr>>,
    resolved: AtomicUsize,
}

#[derive(Debug, Clone)]
pub(super) struct Fake(Arc<Parts>);

impl Fake {
    /// A network whose public server listens on loopback at `public`.
    pub(super) async fn new(public: SocketAddr) -> Fake {
        let forbidden = Forbidden::listen("127.0.0.1:0").await.unwrap();
        Fake(Arc::new(Parts { public, forbidden, dialled: Mutex::default(), resolved: AtomicUsize::new(0) }))
    }

    /// One whose public server is nowhere.
    pub(super) async fn empty() -> Fake {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        Fake::new(gone).await
    }

    pub(super) fn policy() -> Policy {
        Policy { max_bytes: 1000, timeout: Duration::from_millis(300), ..Policy::default() }
    }

    pub(super) fn http(&self, policy: Policy) -> Http {
        Http::with(Arc::new(policy), Arc::new(self.clone()), None)
    }

    /// What `policy` makes of `url` on this network.
    pub(super) async fn load(&self, policy: &Policy, url: &str) -> Result<usize, ImageError> {
        let source = Source::parse(url, policy)?;
        let loader = Loader { policy: Arc::new(policy.clone()), http: self.http(policy.clone()) };
        loader.load(&source).await.map(|bytes| bytes.len())
    }

    pub(super) fn dialled(&self) -> Vec<SocketAddr> {
        self.0.dialled.lock().unwrap().clone()
    }

    /// How often the forbidden listener was.
    pub(super) fn reached(&self) -> usize {
        self.0.forbidden.reached()
    }

    pub(super) fn resolved(&self) -> usize {
        self.0.resolved.load(Ordering::SeqCst)
    }

    pub(super) fn assert_untouched(&self, case: &str) {
        assert_eq!(self.0.forbidden.reached(), 0, "{case} reached the forbidden listener");
        let strange: Vec<_> =
            self.dialled().into_iter().filter(|address| address.ip() != IpAddr::from(PUBLIC)).collect();
        assert!(strange.is_empty(), "{case} connected to {strange:?}");
    }
}

impl Network for Fake {
    fn resolve<'a>(&'a self, name: &'a str) -> Coming<'a, io::Result<Vec<IpAddr>>> {
        let earlier = self.0.resolved.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            match name {
                // Public when it is looked up first, and then ourselves.
                "rebind.test" if earlier == 0 => Ok(vec![PUBLIC.into()]),
                "rebind.test" => Ok(vec![Ipv4Addr::LOCALHOST.into()]),
                "public.test" => Ok(vec![PUBLIC.into()]),
                "nothing.test" => Ok(Vec::new()),
                "slow.test" => std::future::pending().await,
                name => addresses(name).ok_or_else(|| io::ErrorKind::NotFound.into()),
            }
        })
    }

    fn connect(&self, address: SocketAddr) -> Coming<'_, io::Result<TcpStream>> {
        self.0.dialled.lock().unwrap().push(address);
        let to = if address.ip() == IpAddr::from(PUBLIC) { self.0.public } else { self.0.forbidden.address };
        Box::pin(TcpStream::connect(to))
    }
}
