//! What can go wrong between an image's name and its faces. Each text is a sentence for the user.

use std::path::PathBuf;

use super::models::CatalogueError;

/// An image cannot be had or read.
///
/// Texts never hold addresses, status codes or bodies: who may name an image must not learn from the answer
/// what a host inside our network says, or whether it exists.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// Not a URL, a `data:` URL or a path.
    #[error("the image is neither an http(s) URL, a data: URL nor a path below images.directory")]
    Unrecognised,
    /// The scheme is not among `images.schemes`.
    #[error("images by this URL scheme are not allowed (images.schemes)")]
    Scheme,
    /// The URL holds a user name or password.
    #[error("an image URL must not hold a user name or password")]
    UserInfo,
    /// A `data:` URL that is not base64.
    #[error("the data: URL is not of the form data:image/...;base64,...")]
    DataUrl,
    /// A path, though `images.directory` is not set.
    #[error("local image files are not allowed (images.directory is not set)")]
    NoDirectory,
    /// The file does not exist, is outside `images.directory`, or cannot be read.
    #[error("cannot read the image: no such file below images.directory")]
    File(#[source] Option<std::io::Error>),
    /// The address is not allowed, nothing answers, or the answer is not an image's: one text for all of
    /// them; [`FetchFailure`] is for metrics.
    #[error("cannot fetch the image: the address is not allowed, not reachable, or holds no image")]
    Fetch(FetchFailure),
    /// More bytes than `images.max_bytes`.
    #[error("the image has more than {limit} bytes (images.max_bytes)")]
    TooLarge {
        /// The most bytes allowed.
        limit: u64,
    },
    /// Neither JPEG, PNG nor WebP.
    #[error("the image is not a JPEG, PNG or WebP file")]
    Format,
    /// More pixels than `images.max_pixels`.
    #[error("the image has {width} x {height} pixels, more than {limit} (images.max_pixels)")]
    TooManyPixels {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// The most pixels allowed.
        limit: u64,
    },
    /// A side that no camera has, and for which decoders need more memory than for any other shape.
    #[error("the image has a side of {side} pixels, more than {limit}")]
    TooLong {
        /// Its longer side.
        side: u32,
        /// The longest allowed.
        limit: u32,
    },
    /// Its bytes are damaged.
    #[error("the image cannot be decoded: its data are damaged")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why an image was not fetched: for metrics and logs, never for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FetchFailure {
    /// The address, the port or a redirect is not allowed.
    Refused,
    /// The name has no address.
    Resolve,
    /// No connection, or TLS failed.
    Connect,
    /// Not done in time.
    Timeout,
    /// An answer other than 200.
    Status,
    /// The connection broke in the body.
    Body,
}

impl FetchFailure {
    /// A label for metrics.
    pub fn label(self) -> &'static str {
        match self {
            FetchFailure::Refused => "refused",
            FetchFailure::Resolve => "resolve",
            FetchFailure::Connect => "connect",
            FetchFailure::Timeout => "timeout",
            FetchFailure::Status => "status",
            FetchFailure::Body => "body",
        }
    }
}

/// The HTTP client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    /// Mostly: this machine has no CA certificates.
    #[error("cannot set up HTTPS: this machine has no usable CA certificates (install ca-certificates)")]
    Client(#[source] rustls::Error),
    /// `images.directory` is not a folder.
    #[error("images.directory = \"{}\" cannot be used: {source}", path.display())]
    Directory {
        /// As configured.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// An image cannot be embedded.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// The image itself is at fault.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// No face, and [`OnNoFace::Error`](super::OnNoFace::Error) was asked for.
    #[error("no face was found in the image")]
    NoFace,
    /// The queue is full; trying again later helps.
    #[error("too many images are waiting to be embedded; try again later")]
    Busy,
    /// No such recogniser in the catalogue, or its file is missing or wrong.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A worker failed in a way that it should not.
    #[error("the image could not be processed")]
    Failed,
    /// The engine has been stopped.
    #[error("the face engine has stopped")]
    Stopped,
}

/// The engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The ONNX Runtime library is missing or not the right one.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The catalogue is wrong.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// There is no models directory: none is configured, and the user has no home folder.
    #[error("set models.directory: this user has no cache folder")]
    NoDirectory,
    /// A model is missing or wrong.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The system gives us no thread.
    #[error("cannot start a worker thread")]
    Thread(#[source] std::io::Error),
    /// A worker panicked.
    #[error("a worker thread failed while it loaded the models")]
    Worker,
}

/// The ONNX Runtime library cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// Found neither in the models directory nor by `ORT_DYLIB_PATH`.
    #[error("ONNX Runtime is not in {}: run `facebolt models fetch`, or set ORT_DYLIB_PATH", directory.display())]
    Missing {
        /// The models directory.
        directory: PathBuf,
    },
    /// The catalogue has no library for this platform.
    #[error("no ONNX Runtime can be fetched for this platform: install 1.24 to 1.26 and set ORT_DYLIB_PATH")]
    Platform,
    /// The file in the models directory is not the one that the catalogue names.
    #[error("{} is not the ONNX Runtime that was asked for (its SHA-256 differs): run `facebolt models fetch`", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
    },
    /// The library cannot be loaded, or its version does not fit.
    #[error("{} cannot be used as ONNX Runtime: run `facebolt models fetch`, or mend ORT_DYLIB_PATH", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What the loader says.
        source: ort::LoadDynamicError,
    },
    /// The library was loaded but does not start.
    #[error("ONNX Runtime does not start")]
    Start(#[source] ort::Error),
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The catalogue has no model of this name and kind.
    #[error("there is no model '{name}'; there are: {known}")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Its file is not there.
    #[error("the model '{name}' is not in {}: run `facebolt models fetch`", directory.display())]
    Missing {
        /// The model.
        name: String,
        /// The models directory.
        directory: PathBuf,
    },
    /// Its file is another one.
    #[error("{} is not the model '{name}' (its SHA-256 differs): run `facebolt models fetch`", path.display())]
    Wrong {
        /// The model.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// Its file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Its file is no ONNX model, though the one that the catalogue names.
    #[error("the model '{name}' is not an ONNX file")]
    Malformed {
        /// The model.
        name: String,
    },
    /// ONNX Runtime refuses it, or fails while it runs.
    #[error("the model '{name}' does not run")]
    Run {
        /// The model.
        name: String,
        /// What ONNX Runtime says.
        source: ort::Error,
    },
    /// Its inputs and outputs are not those of the catalogue.
    #[error("the model '{name}' does not fit models.toml: {what}")]
    Misfit {
        /// The model.
        name: String,
        /// What does not fit.
        what: String,
    },
    /// What it puts out is not what the catalogue says.
    #[error("the model '{name}' does not have the outputs that models.toml says")]
    Output {
        /// The model.
        name: String,
    },
}
