# shellcheck shell=bash disable=SC2154,SC2034
# The programs, built by CMake's release preset.

programs=(portcullis-certs portcullis-hsm portcullis-vault portcullis-acquirer portcullis-gateway)

build_programs() {
    if [[ ! -f $top/build/release/CMakeCache.txt ]]; then
        say "Configuring the build…"
        (cd "$top" && cmake --preset release -DPORTCULLIS_TESTS=OFF >"$top/build/configure.log" 2>&1) ||
            { tail -20 "$top/build/configure.log" >&2; fail "CMake could not configure the build; the end of build/configure.log is above."; }
        say "Building (a few minutes the first time)…"
    fi
    cmake --build "$top/build/release" --target "${programs[@]}" || fail "The build failed; the compiler's messages are above."
}

check_programs() {
    local program
    for program in "${programs[@]}"; do
        [[ -x $bin/$program ]] || fail "$bin/$program is missing. Run without --no-build to build it."
    done
}
