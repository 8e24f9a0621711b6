use std::io::Write as _;

use super::*;

/// Loads a file with this content, variables and flags; without a file if the content is empty.
fn load(file: &str, environment: &[(&str, &str)], flags: &[(&'static str, &'static str, &str)]) -> Loaded {
    let mut on_disk = tempfile::NamedTempFile::new().unwrap();
    on_disk.write_all(file.as_bytes()).unwrap();
    let sources = Sources {
        file: (!file.is_empty()).then(|| on_disk.path().to_owned()),
        environment: environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        flags: flags.iter().map(|&(name, key, text)| Flag { name, key, text: text.to_owned() }).collect(),
    };
    let shown = |text: String| text.replace(on_disk.path().to_str().unwrap(), "FILE");
    sources.load().map_err(|error| shown(error.to_string()).lines().map(str::to_owned).collect())
}

type Loaded = Result<Effective, Vec<String>>;

fn origin(effective: &Effective, key: &str) -> (String, String) {
    let entry = effective.explain().into_iter().find(|entry| entry.key == key).unwrap();
    (entry.value, entry.origin.to_string())
}

#[test]
fn the_documented_file_is_the_defaults() {
    let text = include_str!("../../docs/facebolt.toml");
    let documented: toml::Table = text.parse().unwrap();
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    // As text, since tables are equal whatever their order.
    assert_eq!(documented.to_string(), defaults.to_string());

    // A key without a comment is one of a group whose first key has it.
    let lines: Vec<&str> = text.lines().collect();
    for pair in lines.windows(2) {
        let section = pair[0].starts_with('[');
        assert!(!section || pair[1].starts_with('#'), "no comment below {}", pair[0]);
    }
}

#[test]
fn nothing_given_is_the_defaults() {
    let effective = load("", &[], &[]).unwrap();
    assert_eq!(effective.config, Config::default());
    assert!(effective.explain().iter().all(|entry| entry.origin == Origin::Default));
    assert_eq!(effective.explain()[0].key, "listen.address");
}

#[test]
fn each_layer_ranks_above_the_one_before() {
    let file =
        "[listen]\naddress = '0.0.0.0:1'\n[admin]\nlisten = '0.0.0.0:2'\n[log]\nlevel = 'debug'\n[limits]\n";
    let environment = [("FACEBOLT_LISTEN__ADDRESS", "0.0.0.0:3"), ("FACEBOLT_ADMIN__LISTEN", "0.0.0.0:4")];
    let effective = load(file, &environment, &[("--listen", "listen.address", "0.0.0.0:5")]).unwrap();
    assert_eq!(origin(&effective, "listen.address"), ("\"0.0.0.0:5\"".into(), "--listen".into()));
    assert_eq!(origin(&effective, "admin.listen"), ("\"0.0.0.0:4\"".into(), "FACEBOLT_ADMIN__LISTEN".into()));
    assert_eq!(origin(&effective, "log.level").0, "\"debug\"");
    assert!(matches!(
        effective.explain().iter().find(|entry| entry.key == "log.level").unwrap().origin,
        Origin::File(_)
    ));
    assert_eq!(origin(&effective, "log.format"), ("\"text\"".into(), "default".into()));
    assert_eq!(effective.config.listen.address.port, 5);
    assert_eq!(effective.config.admin.listen.as_ref().unwrap().port, 4);
    assert_eq!(effective.config.log.level, LogLevel::Debug);
}

#[test]
fn the_environment_is_read_by_the_type_of_the_key() {
    let environment = [
        ("FACEBOLT_LIMITS__CONNECTIONS", "20_000"),
        ("FACEBOLT_LIMITS__CORE_DUMPS", "true"),
        ("FACEBOLT_IMAGES__SCHEMES", "https"),
        ("FACEBOLT_IMAGES__ALLOW_HOSTS", "photos.example.org, [::1]:8080,10.0.0.1:81"),
        ("FACEBOLT_IMAGES__ALLOW_NETWORKS", "10.0.0.0/8,fd00::/8"),
        ("FACEBOLT_IMAGES__MAX_BYTES", "1048576"),
        ("FACEBOLT_IMAGES__TIMEOUT", "1m 30s"),
        ("FACEBOLT_LINK__NATIVE_FROM", "1"),
        ("FACEBOLT_ADMIN__LISTEN", ""),
        ("FACEBOLT_CALLBACK__LISTEN", ""),
        ("FACEBOLT_TEST_NEO4J", "ignored"),
        ("FACEBOLT_PORT", "tcp://10.0.0.1:7688"),
        ("FACEBOLT_PORT_7688_TCP_ADDR", "10.0.0.1"),
        ("FACEBOLT_SERVICE_HOST", "10.0.0.1"),
        ("PATH", "ignored"),
    ];
    let Config { images, limits, link, admin, callback, .. } = load("", &environment, &[]).unwrap().config;
    assert_eq!(limits.connections.get(), 20_000);
    assert!(limits.core_dumps);
    assert_eq!(images.schemes, [HttpScheme::Https]);
    let rules: Vec<String> =
        images.allow_hosts.iter().map(|rule| format!("{} {:?}", rule.host, rule.port)).collect();
    assert_eq!(rules, ["photos.example.org None", "[::1] Some(8080)", "10.0.0.1 Some(81)"]);
    assert_eq!(images.allow_networks, ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
    assert_eq!(images.max_bytes, 1 << 20);
    assert_eq!(images.timeout, Duration::from_secs(90));
    assert_eq!(link.native_from, NativeFrom::Pairs(1));
    assert_eq!((admin.listen, callback.listen), (None, None));
}

#[test]
fn every_mistake_is_named_at_once() {
    let file = r#"
        level = "info"
        [listen]
        adress = "127.0.0.1:7688"
        address = "7688"
        [images]
        max_bytes = "ten"
        allow_networks = ["10.0.0.0"]
        allow_hosts = ["*.example.org"]
        [limit]
        connections = 5
        [limits]
        connections = 0
        drain_timeout = 10
        core_dumps = 1
        [admn]
        [log]
        format = true
        level = "loud"
        [backend]
        proxy_protocol = "v3"
        [link]
        tier = "gpu"
        native_from = 0
    "#;
    let environment = [("FACEBOLT_LISTEN_ADDRESS", "0.0.0.0:1"), ("FACEBOLT_LINK__MAX_PAIRS", "-1")];
    let flags = [("--backend", "backend.url", "http://localhost:7474")];
    let mistakes = load(file, &environment, &flags).unwrap_err();
    let expected = [
        "there is no key level (FILE), did you mean log.level?",
        "there is no key listen.adress (FILE), did you mean listen.address?",
        "listen.address = \"7688\" (FILE) is not valid: it takes host:port, such as \"127.0.0.1:7688\" or \"[::1]:7688\"",
        "images.max_bytes = \"ten\" (FILE) is not valid: it takes a size of at least one byte, such as \"10MiB\" or a number of bytes",
        "images.allow_networks = [\"10.0.0.0\"] (FILE) is not valid: it takes a list, each element an address range such as \"10.0.0.0/8\"",
        "images.allow_hosts = [\"*.example.org\"] (FILE) is not valid: it takes a list, each element \"host\" or \"host:port\", without wildcards",
        "there is no key limit.connections (FILE), did you mean limits.connections?",
        "limits.connections = 0 (FILE) is not valid: it takes a whole number, 1 or more",
        "limits.drain_timeout = 10 (FILE) is not valid: it takes a duration above zero, such as \"10s\" or \"1m 30s\"",
        "limits.core_dumps = 1 (FILE) is not valid: it takes true or false",
        "there is no key admn (FILE), did you mean admin.listen?",
        "log.format = true (FILE) is not valid: it takes one of text, json",
        "log.level = \"loud\" (FILE) is not valid: it takes one of off, error, warn, info, debug, trace",
        "backend.proxy_protocol = \"v3\" (FILE) is not valid: it takes one of off, v1, v2",
        "link.tier = \"gpu\" (FILE) is not valid: it takes one of auto, avx512vnni, avx2, neon, faer",
        "link.native_from = 0 (FILE) is not valid: it takes \"auto\" or a number of pairs, 1 or more",
        "link.max_pairs = \"-1\" (FACEBOLT_LINK__MAX_PAIRS) is not valid: it takes a whole number, 1 or more",
        "there is no key listen_address (FACEBOLT_LISTEN_ADDRESS), did you mean FACEBOLT_LISTEN__ADDRESS?",
        "backend.url = \"http://localhost:7474\" (--backend) is not valid: it takes bolt://host:port, bolt+s://host:port or bolt+ssc://host:port, without user name or path",
    ];
    assert_eq!(mistakes, expected);
}

#[test]
fn a_mistake_in_a_lower_layer_is_not_hidden_by_a_higher_one() {
    let mistakes = load("[log]\nlevel = 'loud'\n", &[("FACEBOLT_LOG__LEVEL", "warn")], &[]).unwrap_err();
    assert!(mistakes[0].starts_with("log.level = \"loud\" (FILE)"), "{mistakes:?}");
}

#[test]
fn values_that_contradict_each_other_are_refused() {
    let cases = [
        ("[listen]\ntls_key = 'k.pem'", "listen.tls_certificate and listen.tls_key"),
        ("[listen]\ntls_client_ca = 'ca.pem'", "listen.tls_client_ca and listen.tls_certificate"),
        ("[backend]\nca_file = 'ca.pem'", "backend.ca_file and backend.url"),
        ("[backend]\nurl = 'bolt://127.0.0.1:7688'", "listen.address and backend.url"),
        ("[admin]\nlisten = '127.0.0.1:7689'", "callback.listen and admin.listen"),
        ("[admin]\nlisten = '127.0.0.1:7688'", "listen.address and admin.listen"),
    ];
    for (file, keys) in cases {
        let mistakes = load(file, &[], &[]).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert!(mistakes[0].starts_with(&format!("{keys} contradict each other: ")), "{mistakes:?}");
    }
    // A port that the system chooses is another one each time.
    load("[admin]\nlisten = '127.0.0.1:0'\n[callback]\nlisten = '127.0.0.1:0'", &[], &[]).unwrap();
    // A value that was not taken contradicts nothing.
    let file = "[listen]\ntls_key = 'k.pem'\ntls_certificate = true";
    assert_eq!(load(file, &[], &[]).unwrap_err().len(), 1);
}

#[test]
fn a_user_name_in_a_url_is_refused_and_not_shown() {
    for url in ["bolt://neo4j:hunter2@db", "bolt://neo4j:hunter2/@db", "bolt://a@hunter2@db"] {
        let mistakes = load(&format!("[backend]\nurl = '{url}'"), &[], &[]).unwrap_err();
        assert!(mistakes[0].starts_with("backend.url = \"bolt://***@db\" (FILE)"), "{mistakes:?}");
    }
    let text = load("[callback]\nurl = 'http://u:hunter2@h' x", &[], &[]).unwrap_err().join("\n");
    assert!(text.starts_with("FILE is not valid TOML: ") && text.contains("line 2"), "{text}");
    assert!(text.contains("http://***@h") && !text.contains("hunter2"), "{text}");
}

#[test]
fn urls_and_addresses_are_read_as_meant() {
    let url = |text: &str| {
        load("", &[("FACEBOLT_BACKEND__URL", text)], &[]).map(|e| e.config.backend.url.to_string())
    };
    assert_eq!(url("bolt://db").unwrap(), "bolt://db:7687");
    assert_eq!(url("bolt+s://DB.example.org:1/").unwrap(), "bolt+s://db.example.org:1");
    assert_eq!(url("bolt+ssc://[::1]").unwrap(), "bolt+ssc://[::1]:7687");
    for wrong in [
        "",
        "db:7687",
        "neo4j://db",
        "bolt://",
        "bolt://db:0",
        "bolt://db:70000",
        "bolt://db/x",
        "bolt://::1",
    ] {
        assert!(url(wrong).is_err(), "{wrong}");
    }
    let base = |text: &str| {
        load("", &[("FACEBOLT_CALLBACK__URL", text)], &[]).map(|e| e.config.callback.url.to_string())
    };
    assert_eq!(base("http://10.0.0.1").unwrap(), "http://10.0.0.1:80");
    assert_eq!(base("https://faces.example.org/side/").unwrap(), "https://faces.example.org:443/side");
    for wrong in ["", "ftp://h", "http://h/?q", "http://h/#f", "http://u@h", "7689", "http://h:0"] {
        assert!(base(wrong).is_err(), "{wrong}");
    }
    let origins = |text: &str| {
        let effective = load("", &[("FACEBOLT_LISTEN__ALLOW_ORIGINS", text)], &[])?;
        Ok::<_, Vec<String>>(origin(&effective, "listen.allow_origins").0)
    };
    assert_eq!(origins("https://Browser.example.org:443/").unwrap(), "[\"https://browser.example.org\"]");
    assert_eq!(
        origins("http://localhost:7474, neo4j-desktop://graphapps").unwrap(),
        "[\"http://localhost:7474\", \"neo4j-desktop://graphapps\"]"
    );
    for wrong in [
        "*",
        "null",
        "localhost",
        "https://*.example.org",
        "https://h/path",
        "https://u@h",
        "https://h?q",
        "file:///",
    ] {
        assert!(origins(wrong).is_err(), "{wrong}");
    }
    let loopback = |text: &str| {
        let effective = load("", &[("FACEBOLT_LISTEN__ADDRESS", text)], &[]).unwrap();
        effective.config.listen.address.is_loopback()
    };
    assert!(loopback("127.0.0.2:1") && loopback("localhost:1") && loopback("[::1]:1"));
    assert!(!loopback("0.0.0.0:1") && !loopback("[::]:1") && !loopback("example.org:1"));
}

#[test]
fn what_is_explained_can_be_read_again() {
    let environment = [
        ("FACEBOLT_IMAGES__MAX_BYTES", "1500"),
        ("FACEBOLT_LINK__NATIVE_FROM", "18446744073709551615"),
        ("FACEBOLT_IMAGES__ALLOW_HOSTS", "a,b:1"),
        ("FACEBOLT_LIMITS__DRAIN_TIMEOUT", "90s"),
    ];
    let effective = load("", &environment, &[]).unwrap();
    let mut file = String::new();
    for Entry { key, value, .. } in effective.explain() {
        file += &format!("{key} = {value}\n");
    }
    assert_eq!(load(&file, &[], &[]).unwrap().config, effective.config);
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let sources = Sources { file: Some("/nowhere/facebolt.toml".into()), ..Sources::default() };
    let error = sources.load().unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/facebolt.toml cannot be read: "), "{error}");
}

#[cfg(unix)]
#[test]
fn a_variable_must_be_text() {
    use std::os::unix::ffi::OsStringExt as _;
    let value = std::ffi::OsString::from_vec(vec![0xff]);
    let sources =
        Sources { environment: vec![("FACEBOLT_MODELS__DIRECTORY".into(), value)], ..Sources::default() };
    assert_eq!(sources.load().unwrap_err().to_string(), "FACEBOLT_MODELS__DIRECTORY is not UTF-8 text");
}
