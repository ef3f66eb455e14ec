#!/usr/bin/env bash
# usage: fuzz.sh SECONDS [TARGET…]
# Builds the fuzz targets with libFuzzer and AddressSanitizer, and gives each of them this much time. What
# breaks one is printed and kept under .build/fuzz/TARGET/; what reaches new code stays in the working corpus
# there, from which KEEP=1 takes the smallest set that reaches the same into Corpora/.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=$1
shift
out=$PWD/.build/fuzz
mkdir -p "$out"

flags=(-O -wmo -parse-as-library -swift-version 6 -enable-experimental-feature Lifetimes
	-sanitize=fuzzer,address -I "$out")
objects=()
is_stale=
build() { # MODULE FOLDER; what a module stands on comes first
	objects+=("$out/$1.o")
	local sources
	mapfile -t sources < <(find "$2" -name '*.swift' | sort)
	if [ -z "$is_stale" ] && [ -f "$out/$1.o" ] &&
		[ -z "$(find "$2" "${sources[@]}" Tests/Fuzz/fuzz.sh -newer "$out/$1.o")" ]; then return; fi
	is_stale=1
	swiftc "${flags[@]}" -module-name "$1" -emit-module -emit-module-path "$out/$1.swiftmodule" \
		-c -o "$out/$1.o" "${sources[@]}"
}
# The order of Package.swift.
build Wire Sources/Shared/Wire
build Services Sources/Shared/Services
build FuzzTargets Tests/Fuzz/Targets
build Fuzzer Tests/Fuzz/Entry
swiftc -sanitize=fuzzer,address -use-ld=lld "${objects[@]}" -o "$out/fuzzer"

targets=("$@")
if [ ${#targets[@]} = 0 ]; then
	mapfile -t targets < <(sed -nE 's/^    case ([a-z]+)$/\1/p' Tests/Fuzz/Targets/FuzzTarget.swift)
fi
failed=()
for target in "${targets[@]}"; do
	echo "== $target for $seconds s"
	work=$out/$target
	mkdir -p "$work/corpus" "Tests/Fuzz/Corpora/$target"
	# Leaks at the end are those of global values; a trap of Swift's is a signal.
	export AMOS_FUZZ_TARGET=$target ASAN_OPTIONS=detect_leaks=0
	AMOS_FUZZ_SEEDS=$work/corpus "$out/fuzzer" -runs=0 "$work/corpus" >"$work/log" 2>&1
	# A seed beside the log makes a run repeatable.
	if ! "$out/fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-seed="${AMOS_SEED:-1}" -artifact_prefix="$work/" "$work/corpus" "Tests/Fuzz/Corpora/$target" \
		>"$work/log" 2>&1; then
		failed+=("$target")
		grep -aE 'Fatal error|ERROR|SUMMARY|Test unit written|Crash' "$work/log" | head -20 || true
	fi
	grep -aE 'stat::number_of_executed_units|stat::new_units_added|DONE' "$work/log" || true
	if [ "${KEEP:-}" = 1 ]; then
		rm -rf "$work/kept" && mkdir "$work/kept"
		"$out/fuzzer" -set_cover_merge=1 "$work/kept" "Tests/Fuzz/Corpora/$target" "$work/corpus" >>"$work/log" 2>&1
		# Small ones only: a corpus is read in every test run.
		find "$work/kept" -type f -size -2k -exec cp -t "Tests/Fuzz/Corpora/$target" {} +
	fi
done
[ ${#failed[@]} = 0 ] || { echo "error: fuzzing found something: ${failed[*]}"; exit 1; }
