# shellcheck shell=sh disable=SC2034
# Sourced by quickstart and check: what a fresh machine lacks, and the build.
# Run from the root of the repository, with `set -eu`.

BUILD_PACKAGES="cmake ninja-build gcc libc6-dev pkg-config libcjson-dev
libconfig-dev libmariadb-dev libcurl4-openssl-dev libsodium-dev libgmp-dev
libssl-dev libsqlite3-dev libarchive-dev libprotobuf-c-dev
protobuf-c-compiler libfcgi-dev libcmocka-dev"
SITE_PACKAGES="mariadb-server-core mariadb-client-core nginx media-types
python3"
APACHE_PACKAGES="apache2-bin"
CHECK_PACKAGES="clang clang-format-14 clang-tidy-14 libclang-rt-14-dev
python3-pytest python3-requests python3-numpy python3-sklearn
python3-jsonschema python3-yaml python3-grpcio python3-protobuf
python3-pymysql curl libfaketime"

say() {
	printf '\n== %s\n' "$*"
}

# The words of its arguments that are no installed package. `mariadb-server`
# and the like bring the -core packages along, so those are what is asked for.
missing_packages() {
	dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
		sed -n 's/ installed$//p' | LC_ALL=C sort -u >"$packages_there"
	printf '%s\n' "$@" | LC_ALL=C sort -u |
		LC_ALL=C comm -23 - "$packages_there"
}

# install_packages NAME... as root, or says the one line that does it. No
# daemon is started: policy-rc.d refuses while the packages are set up.
install_packages() {
	packages_there=$(mktemp)
	# The lists are words on purpose.
	# shellcheck disable=SC2046,SC2068
	set -- $(missing_packages $@)
	rm -f "$packages_there"
	[ $# -gt 0 ] || return 0
	if [ "$(id -u)" = 0 ]; then
		become=""
	elif sudo -n true 2>/dev/null; then
		become="sudo -n"
	elif [ -t 0 ] && command -v sudo >/dev/null; then
		become=sudo
	else
		echo "Debian packages are missing. As root, run this line:" >&2
		echo "apt-get update && apt-get install -y" \
			"--no-install-recommends $*" >&2
		exit 1
	fi
	say "installing $*"
	$become sh tools/install-packages "$@"
}

# build PRESET [TARGET...]; one at a time in a folder, since parts of ./check
# run beside each other.
build() {
	preset=$1
	shift
	mkdir -p "build/$preset"
	(
		flock 9
		[ -f "build/$preset/build.ninja" ] ||
			cmake --preset "$preset" || exit 1
		cmake --build "build/$preset" ${1:+--target "$@"}
	) 9<"build/$preset" >"$(build_log "$preset")" 2>&1 || {
		grep -v '^\[' "$(build_log "$preset")" | head -100
		return 1
	}
}

build_log() {
	mkdir -p build
	echo "build/$1.log"
}
