# The everyday commands. The build itself is Meson's: see meson.build; `make help` says what there is.

PREFIX ?= /usr/local
DESTDIR ?=
# Warnings are errors in CI, where CI is set, and in the sanitizer build.
WERROR ?= $(if $(CI),true,false)

.PHONY: all test sanitize build-sanitized beside arm torture container bench peers parity fuzz lint format install uninstall clean help

all: build/build.ninja
	@meson compile -C build

build/build.ninja:
	meson setup build --buildtype=release -Dwerror=$(WERROR)

test: build/build.ninja
	@scripts/run-tests.sh build

# Optimised a little, since the kernels are too slow to test without. The worker's tests with a real Redis, the page's in a browser and the
# long ones of the command line take too long under sanitizers; their code is tested in the other suites.
build-debug/build.ninja:
	meson setup build-debug --buildtype=debug -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false \
	    -Dwerror=true

build-sanitized: build-debug/build.ninja
	@meson compile -C build-debug

sanitize: build-debug/build.ninja
	@GPEN_SANITIZED=1 ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	    scripts/run-tests.sh build-debug --timeout-multiplier 5 --no-suite celery --no-suite web --no-suite long

arm:
	@WERROR=$(WERROR) scripts/arm.sh

# What only computes, for ./test.sh to do beside `make test`, whose tests wait a good deal.
beside:
	@nice -n 3 $(MAKE) -k -j1 lint arm build-sanitized >build/beside.log 2>&1

torture: all
	@scripts/torture.sh $(TORTURE)

container:
	@scripts/container-root.sh

bench: all
	build/gpen bench

peers: all
	@scripts/peers.sh $(PEERS)

parity: all
	@scripts/parity.sh $(PARITY)

fuzz:
	@scripts/fuzz.sh $(TARGET)

lint:
	@scripts/lint.sh

format:
	find include src tests examples fuzz bench -name '*.[ch]' | xargs clang-format -i

install: all
	meson configure build -Dprefix=$(PREFIX)
	DESTDIR=$(DESTDIR) meson install -C build

uninstall:
	ninja -C build uninstall

clean:
	rm -rf build build-debug build-fuzz build-lint

help:
	@echo 'make             build the program: build/gpen'
	@echo 'make test        build, and run the tests at every instruction level of this processor'
	@echo 'make sanitize    the same in a debug build with AddressSanitizer and UBSan (build-debug)'
	@echo 'make arm         build the engine for 64-bit Arm and run its tests in QEMU (build-arm)'
	@echo 'make torture     an hour of batches in bad conditions: killed, full disks, no memory (TORTURE="--seconds 600")'
	@echo 'make container   carry out the steps of deploy/Dockerfile in a fresh Debian, as root, without Docker'
	@echo 'make parity      compare with the PyTorch reference, large shapes too (PARITY=--small: only small ones)'
	@echo 'make bench       measure the speed on this machine'
	@echo 'make peers       measure it beside ONNX Runtime and PyTorch (PEERS="--only gpen-512 --rounds 9"), and draw that'
	@echo 'make fuzz        fuzz the readers with clang: FUZZ_SECONDS=60 each, TARGET=fuzz_NAME for one'
	@echo 'make lint        clang-format, clang-tidy, cppcheck, shellcheck'
	@echo 'make format      bring the C files into the house style (clang-format 14)'
	@echo 'make install     install below PREFIX=$(PREFIX), staged in DESTDIR; make uninstall takes it back'
	@echo 'make clean       remove everything that was built'
	@echo
	@echo 'CC=clang chooses the compiler, on the first build of a folder. What a purpose needs is installed by'
	@echo 'scripts/install.sh build|test|fuzz|lint. Options of the build: meson configure build'
