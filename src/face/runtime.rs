//! ONNX Runtime in this process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

use super::RuntimeError;
use super::models::{Catalogue, State, state};

/// Names a library to be used when the models directory has none; the variable is ONNX Runtime's own.
const VARIABLE: &str = "ORT_DYLIB_PATH";

/// A process can load one library and have one environment, and keeps both to its end.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// The process's ONNX Runtime: the one already loaded, or the one in `directory`, or the one that
/// `ORT_DYLIB_PATH` names.
pub(super) fn environment(directory: &Path, catalogue: &Catalogue) -> Result<Environment, RuntimeError> {
    let mut loaded = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = &*loaded {
        return Ok(environment.clone());
    }
    let path = find(directory, catalogue, std::env::var_os(VARIABLE).map(PathBuf::from))?;
    let builder =
        ort::init_from(&path).map_err(|source| RuntimeError::Load { path: path.clone(), source })?;
    let environment =
        builder.with_name("facebolt").with_telemetry(false).build().map_err(RuntimeError::Start)?;
    tracing::debug!(path = %path.display(), "ONNX Runtime loaded");
    Ok(loaded.insert(environment).clone())
}

fn find(directory: &Path, catalogue: &Catalogue, variable: Option<PathBuf>) -> Result<PathBuf, RuntimeError> {
    let installed = catalogue.runtime().map(|runtime| (directory.join(&runtime.file.name), &runtime.file));
    if let Some((path, file)) = installed {
        match state(&path, file) {
            State::Verified => return Ok(path),
            State::Wrong => return Err(RuntimeError::Wrong { path }),
            State::Unreadable(source) => return Err(RuntimeError::Read { path, source }),
            State::Missing => {}
        }
    }
    match variable {
        Some(path) if !path.as_os_str().is_empty() => Ok(path),
        _ if catalogue.runtime().is_none() => Err(RuntimeError::Platform),
        _ => Err(RuntimeError::Missing { directory: directory.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Catalogue, RuntimeError, find};

    #[test]
    fn the_directory_comes_first_then_the_variable() {
        let directory = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::load(directory.path()).unwrap();
        let find = |variable: Option<&str>| find(directory.path(), &catalogue, variable.map(PathBuf::from));
        let missing = find(None).unwrap_err();
        assert!(missing.to_string().contains("facebolt models fetch"), "{missing}");
        assert!(find(Some("")).is_err());
        assert_eq!(find(Some("/opt/libonnxruntime.so")).unwrap(), PathBuf::from("/opt/libonnxruntime.so"));
        if let Some(runtime) = catalogue.runtime() {
            std::fs::write(directory.path().join(&runtime.file.name), "another library").unwrap();
            assert!(matches!(find(Some("/opt/libonnxruntime.so")), Err(RuntimeError::Wrong { .. })));
        }
    }
}
