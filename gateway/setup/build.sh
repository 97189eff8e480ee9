# shellcheck shell=bash disable=SC2154,SC2034
# The programs, built by CMake's release preset.

programs=(portcullis-certs portcullis-hsm portcullis-vault portcullis-acquirer portcullis-gateway)

# One installer and builder at a time in this tree: neither apt nor ninja waits for a second one.
lock_build() {
    mkdir -p "$top/build" && exec {build_lock}>"$top/build/lock" || fail "Cannot write in $top/build. With programs already built, use --no-build."
    flock -n "$build_lock" && return
    say "Another command is building here; waiting for it…"
    flock "$build_lock"
}

unlock_build() { exec {build_lock}>&-; }

# A tree that was moved or copied has a cache that still names its old place, which CMake refuses.
forget_moved_build() {  # <preset>
    local cache=$top/build/$1/CMakeCache.txt
    [[ ! -f $cache ]] || grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$top" "$cache" || rm -rf -- "$top/build/$1"
}

build_programs() {
    forget_moved_build release
    if [[ ! -f $top/build/release/build.ninja ]]; then
        say "Configuring the build…"
        (cd "$top" && cmake --preset release -DPORTCULLIS_TESTS=OFF >"$top/build/configure.log" 2>&1) ||
            { tail -20 "$top/build/configure.log" >&2; fail "CMake could not configure the build; the end of build/configure.log is above."; }
        say "Building (a few minutes the first time)…"
    fi
    cmake --build "$top/build/release" --target "${programs[@]}" >&2 || fail "The build failed; the compiler's messages are above."
}

check_programs() {
    local program
    for program in "${programs[@]}"; do
        [[ -x $bin/$program ]] || fail "$bin/$program is missing. Run without --no-build to build it."
    done
}
