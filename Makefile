# The front door. Everything here is also reachable by hand: see CONTRIBUTING.md.
#
#   make              build the program, the NIF and the Elixir side
#   make demo         profile the example, write flamegraph.html
#   make test         all tests on this machine's OTP, in projects that depend
#                     on this one, too (test/projects.sh)
#   make test-browser the flame graph page in a real Chromium
#   make test-dashboard the page in Phoenix LiveDashboard, in a real Chromium
#   make test-roots   the same in Debian roots with OTP 27 and OTP 29
#   make test-readers what other programs make of our files: go tool pprof,
#                     speedscope and its viewer in Chromium (needs root)
#   make churn        snapshots for CHURN_SECONDS (60) while everything moves;
#                     SAN=address,undefined: with a NIF that checks itself
#   make lint         formatting, layers, sizes, names, banned calls, facts
#   make fuzz         every fuzzer for FUZZ_SECONDS (20)
#   make dist         one static program, as a tar archive and as a Debian
#                     package, in build/dist; make test-dist tries them in a
#                     bare Debian root and in those with OTP 27 and 29
#   make install      what `make` built, below PREFIX (/usr/local); with
#                     PROGRAM=build/dist/cprof what `make dist` built.
#                     make uninstall removes it
#   make bench-servers RabbitMQ, Yaws and ejabberd under load, in a Debian root
#                     (needs root); docs/servers.md has what was measured
#   make bench        accuracy, overhead, formats; results in build/bench
#   make clean
#
# SAN=address,undefined, COV=1 and DEBUG=1 choose the C build (c_src/Makefile).

FUZZ_SECONDS ?= 20
CHURN_SECONDS ?= 60
MIX := mix
# Mix and rebar3 do not start without HOME.
HOME ?= $(shell getent passwd "$$(id -u)" | cut -d: -f6)
export HOME
# Without a UTF-8 locale Mix finds no folder with non-ASCII letters.
ifeq ($(LC_ALL)$(LC_CTYPE)$(LANG),)
export LC_ALL := C.UTF-8
endif
# C is compiled by all CPUs at once, unless somebody already said by how many.
C_SRC := $(MAKE) $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc)) -C c_src

all:
	$(C_SRC)
	$(MIX) compile --warnings-as-errors

demo: all
	$(MIX) profile.run --output flamegraph.html examples/shop.exs

# Two at a time: the live tests, which take as long as all others.
test: all
	@$(MAKE) -j2 --no-print-directory test-rest test-live
test-rest:
	@$(MAKE) --no-print-directory test-asan
	@$(MAKE) --no-print-directory test-projects
	@$(MAKE) --no-print-directory test-elixir
	@$(MAKE) --no-print-directory test-erlang

test-unit:
	$(C_SRC) unit
test-asan:
	$(C_SRC) unit SAN=address,undefined
test-elixir: all
	MIX_ENV=test $(MIX) test
test-erlang: all
	rebar3 eunit
test-live: all
	$(MIX) run --no-start test/live/all.exs $(LIVE:%=test/live/%_test.exs)
test-projects:
	test/projects.sh

test-readers: all
	test/readers.sh
test-browser: all
	test/browser.sh
test-dashboard: all
	test/dashboard.sh

# On other releases of OTP: what depends on the release. LIVE: only these. The
# unit tests that meet no VM run here, with sanitizers.
ROOT_LIVE := asked bif_names block both doctor dump dump_threads extremes figures flight_inside harm kinds names \
    places ports reload routes shares snapshot spans_inside states switching tails telemetry top traced wall watch
test-roots:
	test/roots.sh make 27 29
	test/roots.sh run 27 make ONLY=_live test-unit test-erlang test-live LIVE="$(ROOT_LIVE)"
	test/roots.sh run 29 make ONLY=_live test-unit test-elixir test-erlang test-live LIVE="alloc $(ROOT_LIVE)"

# The man page and the completion are the program's own words.
PREFIX ?= /usr/local
PROGRAM ?= priv/cprof
BASH_DIR ?= $(PREFIX)/share/bash-completion/completions
ZSH_DIR ?= $(PREFIX)/share/zsh/site-functions
TO_BIN := $(DESTDIR)$(PREFIX)/bin/cprof
TO_MAN := $(DESTDIR)$(PREFIX)/share/man/man1/cprof.1
TO_BASH := $(DESTDIR)$(BASH_DIR)/cprof
TO_ZSH := $(DESTDIR)$(ZSH_DIR)/_cprof
install:
	@test -x $(PROGRAM) || { echo "$(PROGRAM) is not built: run make" >&2; exit 1; }
	install -d $(dir $(TO_BIN) $(TO_MAN) $(TO_BASH) $(TO_ZSH))
	install $(PROGRAM) $(TO_BIN)
	$(PROGRAM) --man >$(TO_MAN)
	$(PROGRAM) --completion bash >$(TO_BASH)
	$(PROGRAM) --completion zsh >$(TO_ZSH)
	chmod 644 $(TO_MAN) $(TO_BASH) $(TO_ZSH)
uninstall:
	rm -f $(TO_BIN) $(TO_MAN) $(TO_BASH) $(TO_ZSH)

dist:
	$(C_SRC) dist
	dist/package.sh
test-dist: all dist
	test/dist.sh

lint:
	test/lint.sh

fuzz:
	$(MAKE) -C c_src fuzzers
	test/fuzz/run.sh $(FUZZ_SECONDS)

churn:
	$(MAKE) SAN= all
	test/churn.sh $(CHURN_SECONDS) $(SAN)

bench: bench-accuracy bench-overhead bench-formats bench-snapshot
bench-accuracy: all
	$(MIX) run --no-start bench/accuracy.exs
bench-overhead: all
	$(MIX) run --no-start bench/overhead.exs
bench-watch: all
	$(MIX) run --no-start bench/always.exs
bench-seen: all
	$(MIX) run --no-start bench/seen.exs
bench-stated: all
	$(MIX) run --no-start bench/stated.exs
bench-wall: all
	$(MIX) run --no-start bench/wall.exs
bench-alloc: all
	$(MIX) run --no-start bench/alloc.exs
bench-formats: all
	$(MIX) run --no-start bench/formats.exs
bench-diff: all
	$(MIX) run --no-start bench/diff.exs
bench-gate: all
	$(MIX) run --no-start bench/gate.exs
bench-page: all
	test/browser.sh --run bench/page.mjs
bench-snapshot: all
	$(MIX) run --no-start bench/snapshot.exs
bench-spans: all
	$(MIX) run --no-start bench/spans.exs
bench-servers: all
	$(MIX) run --no-start bench/servers.exs

clean:
	$(MAKE) -C c_src clean
	rm -rf _build build priv flamegraph.html

.PHONY: all demo test test-rest test-unit test-asan test-elixir test-erlang test-live \
    test-projects test-readers test-browser test-dashboard test-roots test-dist lint fuzz churn bench bench-accuracy \
    bench-overhead bench-watch bench-seen bench-stated bench-wall bench-alloc bench-formats bench-diff bench-gate bench-page \
    bench-snapshot bench-spans bench-servers clean dist install uninstall
