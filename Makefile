.PHONY: help demo demo-down docs package test test-browser test-clients test-differential test-drivers test-exact \
	test-faults test-image lint audit bench-cypher bench-faces bench-idle bench-kernel bench-link bench-proxy \
	bench-reset bench-rows fuzz servers servers-down soak soak-faces

help:
	@echo "make demo          a Neo4j with photos behind facebolt, to look at in Neo4j Browser"
	@echo "make demo-down     ends the demo"
	@echo "make docs          the book, below target/book"
	@echo "make package       a release archive and a Debian package, below target/package"
	@echo "make soak          mixed load for SOAK_MINUTES (60): memory stays flat, and nothing fails that was not broken"
	@echo "make test          everything that must hold; installs what is missing on Debian"
	@echo "make test-browser  Neo4j Browser in headless Chromium, on each Neo4j, by bolt:// and neo4j://"
	@echo "make test-clients  every client against every promise; writes docs/compatibility.md"
	@echo "make test-drivers  suites that drivers publish, directly and through facebolt; an hour"
	@echo "make test-differential  face.embed against a real procedure, statement by statement, on both Neo4j;"
	@echo "                        reading and rewriting Cypher against Neo4j's own front end"
	@echo "make test-exact    the link's pairs against the obvious loop, over EXACT_PAIRS (40,000,000) in every tier"
	@echo "make test-faults   breaks connections, processes, logs and clocks around facebolt; writes docs/faults.md"
	@echo "make test-image    each step of the Dockerfile in a chroot of Debian, and then the image; as root"
	@echo "make lint          format, clippy, licences and sources of the dependencies"
	@echo "make audit         known vulnerabilities of the dependencies; needs the internet"
	@echo "make bench-cypher  what a statement costs before Neo4j sees it, one that names us and one that does not"
	@echo "make bench-faces   photos per second beside OpenCV with the same models, and beside the bare models, as ratios"
	@echo "make soak-faces    good and hostile images at full load for MINUTES (20): answers right, memory flat"
	@echo "make bench-idle    8,000 idle clients: memory for each, time to let them in, what a busy one notices"
	@echo "make bench-kernel  the link's kernel beside faiss, scikit-learn and numpy; then a million vectors; half an hour"
	@echo "make bench-link    the link query, through facebolt, by a Python script and by Neo4j with GDS; hours"
	@echo "make bench-proxy   what one hop costs: direct, HAProxy, socat and facebolt, in turns"
	@echo "make bench-reset   how long a RESET takes in each phase of a statement of ours, and what else ends one"
	@echo "make bench-rows    1,000 photos that rows bring, against the worker pool fed directly"
	@echo "make fuzz          each fuzz target for FUZZ_SECONDS (60); needs nightly Rust and cargo-fuzz"
	@echo "make servers       starts the Neo4j servers that 'cargo test' uses; it starts them itself too"
	@echo "make servers-down  stops them"

demo:
	scripts/demo

demo-down:
	scripts/demo-down

docs:
	scripts/docs

package:
	scripts/package

test:
	scripts/test

test-browser:
	scripts/test tools build models browsers

test-clients:
	scripts/test tools build models everyone

test-drivers:
	scripts/test tools build models drivers

test-differential:
	scripts/tools differential
	cargo build --locked --bins --example cypher_reading
	scripts/python tests/differential/frontend.py
	"$${CARGO_TARGET_DIR:-target}/debug/facebolt" models fetch
	scripts/python tests/differential/run.py

test-image:
	scripts/tools image
	scripts/test-image

soak:
	scripts/tools faults
	cargo build --release --locked
	FACEBOLT_BIN="$${FACEBOLT_BIN:-$${CARGO_TARGET_DIR:-target}/release/facebolt}" \
	    scripts/python tests/faults/soak.py --minutes $${SOAK_MINUTES:-60}

test-exact:
	FACEBOLT_TEST_PAIRS=$${EXACT_PAIRS:-40000000} FACEBOLT_TEST_SEED=$${EXACT_SEED:-1} \
	    cargo test --release --locked --lib link:: -- --nocapture
	cargo test --release --locked --test link_memory

test-faults:
	scripts/tools faults
	cargo build --locked
	"$${CARGO_TARGET_DIR:-target}/debug/facebolt" models fetch
	scripts/python tests/faults/run.py --record

lint:
	scripts/test tools fmt clippy deny doc

audit:
	scripts/tools
	PATH="$${CARGO_TARGET_DIR:-target}/tools/bin:$$PATH" cargo deny check advisories

bench-cypher:
	cargo bench --locked --bench cypher

bench-faces:
	cargo bench --quiet --locked --no-run --bench faces
	FACEBOLT_TEST_REQUIREMENTS="$$PWD/benches/requirements-faces.txt" scripts/python benches/faces.py $(BENCH_FACES)

soak-faces:
	cargo bench --quiet --locked --bench soak_faces -- $(or $(MINUTES),20)

bench-idle:
	cargo build --release --locked
	FACEBOLT_BIN="$${FACEBOLT_BIN:-$${CARGO_TARGET_DIR:-target}/release/facebolt}" scripts/python benches/idle.py

bench-kernel:
	scripts/bench-kernel $(BENCH_KERNEL)

bench-link:
	cargo build --release --locked
	FACEBOLT_BIN="$${FACEBOLT_BIN:-$${CARGO_TARGET_DIR:-target}/release/facebolt}" \
	    FACEBOLT_TEST_REQUIREMENTS="$$PWD/benches/requirements-bench.txt" scripts/python benches/link_gds.py $(BENCH_LINK)

bench-proxy:
	scripts/bench-proxy

bench-reset:
	cargo build --release --locked
	FACEBOLT_BIN="$${FACEBOLT_BIN:-$${CARGO_TARGET_DIR:-target}/release/facebolt}" scripts/python benches/reset.py

bench-rows:
	cargo bench --quiet --locked --bench rows

fuzz:
	for target in $$(cargo +nightly fuzz list); do \
		cargo +nightly fuzz run $$target -- -max_total_time=$${FUZZ_SECONDS:-60} || exit 1; \
	done

servers:
	tests/neo4j/server start 5
	tests/neo4j/server start 2026

servers-down:
	tests/neo4j/server stop all
